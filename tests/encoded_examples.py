"""Small encoded interactions for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfrec_zoo.features import EncodedInteractions


def encoded_from_lists(
    users: Sequence[Sequence[int]],
    *,
    weight: Sequence[float] | None = None,
    profile: Mapping[str, Any] | None = None,
) -> EncodedInteractions:
    """One user per list of catalogue rows, oldest first; user u has the index u + 2."""
    return EncodedInteractions(
        user_index=np.arange(2, 2 + len(users), dtype=np.int32),
        row_splits=np.cumsum([0, *map(len, users)]),
        item_index=np.array([item for items in users for item in items], dtype=np.int32),
        weight=None if weight is None else np.array(weight, dtype=np.float32),
        profile={name: np.asarray(values, dtype=np.float32) for name, values in (profile or {}).items()},
    )
