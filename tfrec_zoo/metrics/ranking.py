"""Accuracy of a ranking, from the ranks of each user's targets alone.

All functions take the same two arrays (compressed sparse rows):

    ranks: place of each target in its user's ranking, from 1, float64 [n]; `inf` for a target that is in no
        ranking. Each user's ranks ascend and are distinct (save `inf`).
    row_splits: user u owns ranks[row_splits[u]:row_splits[u + 1]], at least one target each, int [U + 1].

and return one float64 number per user, [U]. `k` is the length of the recommended list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import require
from tfrec_zoo._registry import Registry

Array = npt.NDArray[Any]
PerUser = npt.NDArray[np.float64]


def hit_rate(ranks: Array, row_splits: Array, k: int) -> PerUser:
    """HR@k: 1 where any target has a rank of at most k, else 0.

    Source: Deshpande and Karypis, "Item-based top-N recommendation algorithms" (TOIS 2004), section 5.2.
    """
    return (_first_rank(ranks, row_splits) <= k).astype(np.float64)


def reciprocal_rank(ranks: Array, row_splits: Array, k: int) -> PerUser:
    """MRR@k before the mean: 1 / rank of the first target, 0 where that rank is above k.

    Source: Voorhees, "The TREC-8 question answering track report" (1999), cut at k.
    """
    first = _first_rank(ranks, row_splits)
    return np.where(first <= k, 1.0 / first, 0.0)


def recall(ranks: Array, row_splits: Array, k: int) -> PerUser:
    """Recall@k: hits / number of targets (not of min(k, targets)).

    Source: Manning, Raghavan and Schuetze, "Introduction to Information Retrieval" (2008), section 8.3.
    """
    return _sum_per_user(ranks <= k, row_splits) / np.diff(row_splits)


def ndcg(ranks: Array, row_splits: Array, k: int) -> PerUser:
    """NDCG@k with binary gain: sum over hits of 1 / log2(rank + 1), over that of an ideal list.

    The ideal list has min(k, number of targets) hits at its top.
    Source: Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques" (TOIS 2002), with the
    discount log2(rank + 1) of Burges et al. (ICML 2005).
    """
    gains = np.where(ranks <= k, 1.0 / np.log2(ranks + 1.0), 0.0)
    ideal = np.cumsum(1.0 / np.log2(np.arange(k) + 2.0))
    of_ideal_list: PerUser = ideal[np.minimum(np.diff(row_splits), k) - 1]
    return _sum_per_user(gains, row_splits) / of_ideal_list


def average_precision(ranks: Array, row_splits: Array, k: int) -> PerUser:
    """MAP@k before the mean: sum over hits of (hits so far / rank), over min(k, number of targets).

    Source: Manning, Raghavan and Schuetze (2008), section 8.4, cut at k; the divisor min(k, targets) is
    that of the Million Song Dataset Challenge (Aiolli, RecSys 2013), so that a perfect list scores 1.
    """
    lengths = np.diff(row_splits)
    order_in_user = np.arange(len(ranks)) - np.repeat(row_splits[:-1], lengths) + 1
    precision = np.where(ranks <= k, order_in_user / ranks, 0.0)
    return _sum_per_user(precision, row_splits) / np.minimum(lengths, k)


@dataclass(frozen=True)
class RankMetric:
    """A metric of the targets' ranks.

    Example:
        >>> import numpy as np
        >>> first = RankMetric(lambda ranks, row_splits, k: (ranks[row_splits[:-1]] == 1).astype(float))
        >>> first.compute(np.array([1.0, 3.0, 2.0]), np.array([0, 2, 3]), 10)
        array([1., 0.])

    `RANK_METRICS.register("first", first)` makes it known to `evaluate`, `RankingMetrics` and
    `RunConfig.monitor` as "first@10".
    """

    compute: Callable[[Array, Array, int], PerUser]
    """From ranks, row splits and k to one number per user, as the functions of this module."""
    over: Literal["users", "targets"] = "users"
    """Whether the mean is over users, or each user is as heavy as their number of targets."""
    higher_is_better: bool = True
    """Which way early stopping looks for the best epoch."""


RANK_METRICS: Registry[RankMetric] = Registry(
    "metric of ranks",
    {
        "hr": RankMetric(hit_rate),
        "ndcg": RankMetric(ndcg),
        "mrr": RankMetric(reciprocal_rank),
        "recall": RankMetric(recall),
        "map": RankMetric(average_precision),
        # The mean over targets of "is within the first k": what TFRS calls top-k categorical accuracy.
        "target_hr": RankMetric(recall, over="targets"),
    },
)
"""Short name -> metric."""


def ranking_metrics(ranks: Array, row_splits: Array, ks: Iterable[int]) -> dict[str, PerUser]:
    """Every metric that is a mean over users, at every k, each user on its own.

    Args:
        ranks: see the module.
        row_splits: see the module.
        ks: list lengths.

    Returns:
        "hr@10" and so on -> [U].

    Raises:
        ValueError: a k below 1, or a user without a target.
    """
    columns = rank_columns(ranks, row_splits, ks)
    return {name: values for name, (values, over) in columns.items() if over == "users"}


def rank_columns(
    ranks: Array, row_splits: Array, ks: Iterable[int]
) -> dict[str, tuple[PerUser, Literal["users", "targets"]]]:
    """Every metric at every k, each user on its own, and what its mean is over; see `ranking_metrics`."""
    ks = list(ks)
    require(bool(ks) and min(ks) >= 1, "`ks` must hold list lengths of at least 1.", ks)
    lengths = np.diff(row_splits)
    require(bool((lengths > 0).all()), "Every user must have at least one target.", lengths)
    return {
        f"{name}@{k}": (metric.compute(ranks, row_splits, k), metric.over)
        for over in ("users", "targets")
        for k in ks
        for name, metric in RANK_METRICS.items()
        if metric.over == over
    }


def _first_rank(ranks: Array, row_splits: Array) -> PerUser:
    return np.asarray(ranks[row_splits[:-1]], dtype=np.float64)


def _sum_per_user(values: Array, row_splits: Array) -> PerUser:
    if len(row_splits) == 1:
        return np.zeros(0)
    return np.add.reduceat(values, row_splits[:-1], dtype=np.float64)
