"""Whether a list holds a user's categories in the proportions of their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from tfrec_zoo._errors import require
from tfrec_zoo.metrics.list_metric import Array, ItemsOfUsers, ListMetric, RecommendedLists, UserValues
from tfrec_zoo.schema import NUM_RESERVED

_NUMBERS_AT_ONCE = 1 << 22


def miscalibration(
    lists: Array, histories: ItemsOfUsers, categories: Any, alpha: float = 0.01
) -> npt.NDArray[np.float64]:
    """Kullback-Leibler divergence of a list's categories from the history's, in nats: 0 for the same shares.

    An item with c categories gives 1/c to each; p(g) is the mean of that over the history's items that have
    a category (an item met twice counts twice), q(g) over the list's. The divergence is
    sum_g p(g) log(p(g) / ((1 - alpha) q(g) + alpha p(g))), so that a category which the list lacks costs much
    and not infinitely much.
    Source: Steck, "Calibrated recommendations" (RecSys 2018), equations 2 to 5, all items weighted alike.

    Args:
        lists: recommended catalogue rows, [U, k]; PAD and OOV count as nothing.
        histories: what each user had before.
        categories: whether each item is in each category, [num_items, C], dense or scipy.sparse.
        alpha: share of the history's distribution that smooths the list's.

    Returns:
        One number per user, [U]; NaN for a user whose history has no categories.
    """
    shares = _normalised(sparse.csr_array(categories).astype(np.float64))
    num_items, num_categories = shares.shape
    found = np.empty(len(lists))
    step = max(1, _NUMBERS_AT_ONCE // max(num_categories, 1))
    for start in range(0, len(lists), step):
        block = lists[start : start + step]
        first, last = histories.row_splits[start], histories.row_splits[start + len(block)]
        splits = histories.row_splits[start : start + len(block) + 1] - first
        p = _distribution(histories.items[first:last], splits, shares, num_items)
        q = _distribution(block.ravel(), np.arange(len(block) + 1) * block.shape[1], shares, num_items)
        some = p > 0
        smoothed = np.where(some, (1 - alpha) * q + alpha * p, 1.0)
        divergence = (p * np.log(np.where(some, p, 1.0) / smoothed)).sum(axis=1)
        found[start : start + step] = np.where(some.any(axis=1), divergence, np.nan)
    return found


@dataclass(frozen=True)
class Calibration(ListMetric):
    """`miscalibration`, over the users whose history has categories; the lower, the better calibrated.

    Example:
        >>> import numpy as np
        >>> categories = np.array([[0, 0], [0, 0], [1, 0], [0, 1]])  # items 2 and 3 are of two categories
        >>> both = ItemsOfUsers(np.array([2, 3]), np.array([0, 2]))
        >>> lists = RecommendedLists(np.array([[3, 2]]), 4, histories=both, categories=categories)
        >>> Calibration().compute(lists).values.tolist()  # the list is as mixed as the history
        [0.0]
    """

    needs = ("histories", "categories")
    higher_is_better = False

    alpha: float = 0.01
    """Of the smoothing, above 0 and below 1."""

    def __post_init__(self) -> None:
        require(0 < self.alpha < 1, "`alpha` must be above 0 and below 1.", self.alpha)

    def compute(self, given: RecommendedLists) -> UserValues:
        """Nats, from 0 to log(1 / alpha)."""
        assert given.histories is not None
        values = miscalibration(given.lists, given.histories, given.categories, self.alpha)
        return UserValues(np.nan_to_num(values), ~np.isnan(values))


def _normalised(rows: Any) -> Any:
    """Rows of a csr_array over their sums; a row of zeros stays one."""
    total = rows.sum(axis=1)
    return sparse.diags_array(1 / np.where(total > 0, total, 1)) @ rows


def _distribution(items: Array, row_splits: Array, shares: Any, num_items: int) -> npt.NDArray[np.float64]:
    """Mean of the shares of each row's items, [rows, C]; PAD, OOV and items without categories are none."""
    ones = (items >= NUM_RESERVED).astype(np.float64)
    members = sparse.csr_array((ones, items, row_splits), shape=(len(row_splits) - 1, num_items))
    total = (members @ shares).toarray()
    return np.asarray(total / np.maximum(total.sum(axis=1, keepdims=True), np.finfo(float).tiny))
