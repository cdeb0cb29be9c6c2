"""Filters over interactions: minimum rating, k-core, duplicates; each says what it removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfrec_zoo._errors import DataError, UnknownNameError, require
from tfrec_zoo.data.tables import Interactions

Keep = Literal["first", "last", "all", "error"]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Filtered:
    """What a filter kept, and how much it removed."""

    interactions: Interactions
    """The rows that stay, in the order they had."""
    removed_rows: int
    removed_users: int
    """Users of whom no row stays."""
    removed_items: int
    """Items of which no row stays."""

    def __str__(self) -> str:
        return (
            f"{self.removed_rows:,} rows, {self.removed_users:,} users and {self.removed_items:,} items "
            f"removed; {self.interactions!r} left"
        )


def minimum_rating(interactions: Interactions, threshold: float) -> Filtered:
    """Keep the rows whose rating is at least `threshold`: explicit ratings to implicit feedback.

    Raises:
        DataError: the interactions have no ratings, or no row reaches the threshold.
    """
    if interactions.rating is None:
        raise DataError(
            "A minimum rating needs interactions with ratings. Received: interactions without. "
            "Name the rating column when the file is read."
        )
    highest = interactions.rating.max(initial=-np.inf)
    rule = f"minimum_rating(threshold={threshold}): the highest rating is {highest:g}"
    return _keep(interactions, interactions.rating >= threshold, rule)


def k_core(interactions: Interactions, user_k: int = 5, item_k: int = 5) -> Filtered:
    """Keep users with `user_k` rows or more and items with `item_k` or more, until nothing changes.

    Rows are counted, not distinct pairs: call `drop_duplicates` first where a pair may stand twice.

    Raises:
        DataError: no row is left.
        ValueError: a number below 1.
    """
    require(user_k >= 1 and item_k >= 1, "`user_k` and `item_k` must be at least 1.", (user_k, item_k))
    rows = np.arange(len(interactions))
    users, items = interactions.user_id.codes, interactions.item_id.codes
    while True:
        enough = np.bincount(users)[users] >= user_k
        enough &= np.bincount(items)[items] >= item_k
        if enough.all():
            break
        rows, users, items = rows[enough], users[enough], items[enough]
    mask = np.zeros(len(interactions), dtype=bool)
    mask[rows] = True
    return _keep(interactions, mask, f"k_core(user_k={user_k}, item_k={item_k})")


def drop_duplicates(interactions: Interactions, keep: Keep = "first") -> Filtered:
    """Decide what becomes of a (user, item) pair that stands more than once.

    Args:
        interactions: rows.
        keep: "first" or "last" by time (ties by the order of the rows), "all" for every row, or "error".

    Raises:
        DataError: `keep` is "error" and a pair stands more than once.
        UnknownNameError: another `keep`.
    """
    if keep not in get_args(Keep):
        raise UnknownNameError("duplicates policy", keep, get_args(Keep))
    if keep == "all":
        return Filtered(interactions, 0, 0, 0)
    order = interactions.order_by_time()
    pairs = interactions.user_id.codes.astype(np.int64) * len(interactions.item_id.categories)
    pairs += interactions.item_id.codes
    again = pd.Series(pairs[order]).duplicated(keep="last" if keep == "last" else "first").to_numpy()
    if keep == "error" and again.any():
        row = order[int(again.argmax())]
        raise DataError(
            f"Each pair of user and item must occur once. Received: user {interactions.user_id[row]!r} with "
            f"item {interactions.item_id[row]!r} more than once ({int(again.sum()):,} such rows in all). "
            "Use keep='first', 'last' or 'all'."
        )
    mask = np.ones(len(interactions), dtype=bool)
    mask[order[again]] = False
    return _keep(interactions, mask, f"drop_duplicates(keep={keep!r})")


def _keep(interactions: Interactions, mask: Mask, rule: str) -> Filtered:
    if not mask.any():
        raise DataError(
            f"{rule} leaves no row of {len(interactions):,}. Lower the threshold, or check that the right "
            "columns were read."
        )
    if mask.all():
        return Filtered(interactions, 0, 0, 0)
    kept = interactions.take(mask)
    return Filtered(
        kept,
        len(interactions) - len(kept),
        _distinct(interactions.user_id) - _distinct(kept.user_id),
        _distinct(interactions.item_id) - _distinct(kept.item_id),
    )


def _distinct(ids: pd.Categorical) -> int:
    return int(np.count_nonzero(np.bincount(ids.codes)))
