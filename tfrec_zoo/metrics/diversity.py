"""How unlike each other the items of one list are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfrec_zoo.metrics.list_metric import Array, ListMetric, RecommendedLists, UserValues
from tfrec_zoo.schema import NUM_RESERVED

_NUMBERS_AT_ONCE = 1 << 22


def intra_list_diversity(lists: Array, item_vectors: Array) -> npt.NDArray[np.float64]:
    """Mean over all pairs of items of a list of 1 - cosine of their vectors, 0 to 2.

    A vector of zeros is like no other one: its cosine is 0.
    Source: Smyth and McClave, "Similarity vs. diversity" (ICCBR 2001); Ziegler et al., "Improving
    recommendation lists through topic diversification" (WWW 2005), as a dissimilarity.

    Args:
        lists: recommended catalogue rows, [U, k]; PAD and OOV count as nothing.
        item_vectors: by whose cosine two items are alike, float [num_items, D].

    Returns:
        One number per user, [U]; 0 for a list of fewer than two items.
    """
    norm = np.linalg.norm(item_vectors, axis=1, keepdims=True)
    unit = item_vectors / np.where(norm > 0, norm, 1)
    unit[:NUM_RESERVED] = 0
    found = np.zeros(len(lists))
    step = max(1, _NUMBERS_AT_ONCE // max(lists.shape[1] * unit.shape[1], 1))
    for start in range(0, len(lists), step):
        block = lists[start : start + step]
        vectors = unit[block].astype(np.float64, copy=False)
        # The square of the sum holds every ordered pair, and each vector with itself.
        alike = np.square(vectors.sum(axis=1)).sum(axis=1) - np.square(vectors).sum(axis=(1, 2))
        length = np.count_nonzero(block >= NUM_RESERVED, axis=1)
        pairs = length * (length - 1)
        found[start : start + step] = np.where(pairs > 0, 1 - alike / np.maximum(pairs, 1), 0)
    return found


class Diversity(ListMetric):
    """`intra_list_diversity`, over the lists of two items or more."""

    needs = ("item_vectors",)

    def compute(self, given: RecommendedLists) -> UserValues:
        """0 to 2."""
        assert given.item_vectors is not None
        return UserValues(intra_list_diversity(given.lists, given.item_vectors), given.filled > 1)
