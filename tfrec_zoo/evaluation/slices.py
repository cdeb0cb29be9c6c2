"""Groups of targets and of users that a report shows apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]
POPULARITY_LABELS = ("head", "mid", "tail", "cold")


def popularity_groups(train_counts: Array) -> npt.NDArray[np.int64]:
    """Group of each catalogue row by its training count.

    Items are sorted by count (equal counts by the lower index). The head starts with the most popular item
    and holds the first third of the interactions, the mid the second third, the tail the rest; an item
    belongs where its first interaction falls. Items that training never saw are cold.

    Args:
        train_counts: training interactions of each catalogue row, [num_items].

    Returns:
        Position in `POPULARITY_LABELS`, [num_items]; -1 for PAD and OOV.
    """
    order = np.argsort(-train_counts, kind="stable")
    before = np.cumsum(train_counts[order]) - train_counts[order]
    groups = np.empty(len(train_counts), np.int64)
    groups[order] = np.minimum(3 * before // max(int(train_counts.sum()), 1), 2)
    groups[train_counts == 0] = POPULARITY_LABELS.index("cold")
    groups[:NUM_RESERVED] = -1
    return groups


def history_groups(lengths: Array) -> dict[str, npt.NDArray[np.bool_]]:
    """Users by the quartiles of their history's length.

    Args:
        lengths: number of items before the part, [U], at least one user.

    Returns:
        Label with the shortest and longest history in it, e.g. "history 5-20" -> mask [U]. Fewer than four
        groups where quartiles coincide.
    """
    bounds = np.unique(np.quantile(lengths, [0.25, 0.5, 0.75, 1.0], method="inverted_cdf"))
    group = np.searchsorted(bounds, lengths)
    masks = {}
    for number in range(len(bounds)):
        inside = group == number
        low, high = lengths[inside].min(), lengths[inside].max()
        masks[f"history {low}-{high}" if low < high else f"history {low}"] = inside
    return masks
