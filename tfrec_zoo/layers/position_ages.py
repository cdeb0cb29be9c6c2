"""Positions of a history, counted from its newest item."""

from __future__ import annotations

from typing import Any

from keras import ops


def position_ages(length: Any, max_history_length: int) -> Any:
    """How many positions lie after each, int32 [length], at most `max_history_length` - 1."""
    return ops.minimum(ops.arange(length - 1, -1, -1), max_history_length - 1)
