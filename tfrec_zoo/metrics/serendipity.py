"""How much of a list its user chose, though nobody would have needed a model to find it popular."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfrec_zoo.metrics.list_metric import Array, ItemsOfUsers, ListMetric, RecommendedLists, UserValues
from tfrec_zoo.schema import NUM_RESERVED


def serendipitous_share(lists: Array, targets: ItemsOfUsers, train_counts: Array) -> npt.NDArray[np.float64]:
    """Share of each list that is relevant and unexpected: a target, and none of the k most popular items.

    Those k items, one list for everyone, equal counts by the lower row, are the primitive recommender's.
    Source: Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy" (RecSys 2010), over the length of the list
    as in Kotkov, Wang and Veijalainen, "A survey of serendipity in recommender systems" (Knowledge-Based
    Systems 2016).

    Args:
        lists: recommended catalogue rows, [U, k]; PAD and OOV count as nothing.
        targets: the held-out items of each user, each once.
        train_counts: training interactions of each catalogue row, [num_items].

    Returns:
        One number per user, [U], 0 to 1; 0 for an empty list.
    """
    owner, items = targets.owner, targets.items
    hit = np.zeros(len(items), np.bool_)
    for place in range(lists.shape[1]):
        hit |= lists[owner, place] == items
    popular = np.argsort(-train_counts[NUM_RESERVED:], kind="stable")[: lists.shape[1]] + NUM_RESERVED
    expected = np.zeros(len(train_counts), np.bool_)
    expected[popular] = True
    surprises = hit & (items >= NUM_RESERVED) & ~expected[items]
    filled = np.count_nonzero(lists >= NUM_RESERVED, axis=1)
    return np.asarray(np.bincount(owner[surprises], minlength=len(lists)) / np.maximum(filled, 1))


class Serendipity(ListMetric):
    """`serendipitous_share`, each user as heavy as the next."""

    needs = ("train_counts", "targets")

    def compute(self, given: RecommendedLists) -> UserValues:
        """0 to 1."""
        assert given.targets is not None
        assert given.train_counts is not None
        values = serendipitous_share(given.lists, given.targets, given.train_counts)
        return UserValues(values, np.ones(len(values)))
