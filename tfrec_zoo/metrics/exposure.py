"""How the lists together spread over the catalogue: coverage and concentration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfrec_zoo.metrics.list_metric import Array, ListMetric, RecommendedLists
from tfrec_zoo.schema import NUM_RESERVED


def catalogue_coverage(lists: Array, num_items: int) -> float:
    """Share of the catalogue that stands in at least one list, 0 to 1.

    Source: Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy" (RecSys 2010), catalogue coverage.

    Args:
        lists: recommended catalogue rows, [U, k]; PAD and OOV count as nothing.
        num_items: rows of the catalogue, PAD and OOV included.
    """
    return float(np.count_nonzero(_exposure(lists, num_items)) / (num_items - NUM_RESERVED))


def gini_index(lists: Array, num_items: int) -> float:
    """Inequality of exposure over the whole catalogue: 0 if each item is shown as often, near 1 if one is.

    With the n items' exposures ascending, x_1 <= ... <= x_n: sum_i (2 i - n - 1) x_i / (n sum_i x_i).
    Source: Castells, Hurley and Vargas, "Novelty and diversity in recommender systems" (Recommender Systems
    Handbook, 2015), section on aggregate diversity, divided by n rather than n - 1.

    Args:
        lists: recommended catalogue rows, [U, k]; PAD and OOV count as nothing.
        num_items: rows of the catalogue, PAD and OOV included.
    """
    exposure = np.sort(_exposure(lists, num_items))
    total = exposure.sum()
    if total == 0:
        return 0.0
    n = len(exposure)
    return float((2 * np.arange(1, n + 1) - n - 1) @ exposure / (n * total))


class Coverage(ListMetric):
    """`catalogue_coverage` of all lists together."""

    def compute(self, given: RecommendedLists) -> float:
        """0 to 1."""
        return catalogue_coverage(given.lists, given.num_items)


class Gini(ListMetric):
    """`gini_index` of all lists together."""

    higher_is_better = False

    def compute(self, given: RecommendedLists) -> float:
        """0 to 1."""
        return gini_index(given.lists, given.num_items)


def _exposure(lists: Array, num_items: int) -> npt.NDArray[np.int64]:
    return np.bincount(lists.reshape(-1), minlength=num_items)[NUM_RESERVED:]
