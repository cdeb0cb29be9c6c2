"""Which cases of a parametrised test are left to the full tier (`python -m pytest --all`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def slow_where(is_slow: Callable[..., bool], cases: Iterable[Any]) -> list[Any]:
    """The cases, those that `is_slow` names with the marker `slow`; a case of several values is a tuple."""
    marked = []
    for case in cases:
        values = case if isinstance(case, tuple) else (case,)
        marked.append(pytest.param(*values, marks=pytest.mark.slow) if is_slow(*values) else case)
    return marked
