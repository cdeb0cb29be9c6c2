"""How well known the recommended items are: novelty and average popularity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfrec_zoo.metrics.list_metric import Array, ListMetric, RecommendedLists, UserValues
from tfrec_zoo.schema import NUM_RESERVED


def self_information(lists: Array, train_counts: Array) -> npt.NDArray[np.float64]:
    """Novelty: mean over each list of -log2(share of the training interactions that the item has), in bits.

    An item that training never saw counts as if seen once, so that its novelty is finite.
    Source: Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems" (PNAS 2010),
    with the share of interactions in place of the share of users.

    Args:
        lists: recommended catalogue rows, [U, k]; PAD and OOV count as nothing.
        train_counts: training interactions of each catalogue row, [num_items].

    Returns:
        One number per user, [U]; 0 for an empty list.
    """
    counts = np.maximum(train_counts, 1)
    return _mean_of_list(np.log2(max(train_counts.sum(), 1)) - np.log2(counts), lists)


def average_popularity(lists: Array, train_counts: Array) -> npt.NDArray[np.float64]:
    """Mean training count of the items of each list (average recommendation popularity).

    Source: Yin et al., "Challenging the long tail recommendation" (VLDB 2012), section 5.

    Args:
        lists: recommended catalogue rows, [U, k]; PAD and OOV count as nothing.
        train_counts: training interactions of each catalogue row, [num_items].

    Returns:
        One number per user, [U]; 0 for an empty list.
    """
    return _mean_of_list(train_counts.astype(np.float64), lists)


class Novelty(ListMetric):
    """`self_information`, each recommended item as heavy as the next."""

    needs = ("train_counts",)

    def compute(self, given: RecommendedLists) -> UserValues:
        """Bits."""
        assert given.train_counts is not None
        return UserValues(self_information(given.lists, given.train_counts), given.filled)


class AveragePopularity(ListMetric):
    """`average_popularity`, each recommended item as heavy as the next."""

    needs = ("train_counts",)
    higher_is_better = False

    def compute(self, given: RecommendedLists) -> UserValues:
        """Training interactions."""
        assert given.train_counts is not None
        return UserValues(average_popularity(given.lists, given.train_counts), given.filled)


def _mean_of_list(value_of_item: npt.NDArray[np.float64], lists: Array) -> npt.NDArray[np.float64]:
    real = lists >= NUM_RESERVED
    total = np.where(real, value_of_item[lists], 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(real.sum(axis=1), 1))
