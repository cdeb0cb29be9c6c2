"""What the recommended lists are like, whether or not they hit: coverage, concentration, novelty.

Lists are catalogue rows, int [U, k]; PAD and OOV fill a list that is short and count as nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]


def catalogue_coverage(lists: Array, num_items: int) -> float:
    """Share of the catalogue that stands in at least one list, 0 to 1.

    Source: Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy" (RecSys 2010), catalogue coverage.

    Args:
        lists: recommended catalogue rows, [U, k].
        num_items: rows of the catalogue, PAD and OOV included.
    """
    return float(np.count_nonzero(_exposure(lists, num_items)) / (num_items - NUM_RESERVED))


def gini_index(lists: Array, num_items: int) -> float:
    """Inequality of exposure over the whole catalogue: 0 if each item is shown as often, near 1 if one is.

    With the n items' exposures ascending, x_1 <= ... <= x_n: sum_i (2 i - n - 1) x_i / (n sum_i x_i).
    Source: Castells, Hurley and Vargas, "Novelty and diversity in recommender systems" (Recommender Systems
    Handbook, 2015), section on aggregate diversity, divided by n rather than n - 1.

    Args:
        lists: recommended catalogue rows, [U, k].
        num_items: rows of the catalogue, PAD and OOV included.
    """
    exposure = np.sort(_exposure(lists, num_items))
    total = exposure.sum()
    if total == 0:
        return 0.0
    n = len(exposure)
    return float((2 * np.arange(1, n + 1) - n - 1) @ exposure / (n * total))


def self_information(lists: Array, train_counts: Array) -> npt.NDArray[np.float64]:
    """Novelty: mean over each list of -log2(share of the training interactions that the item has), in bits.

    An item that training never saw counts as if seen once, so that its novelty is finite.
    Source: Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems" (PNAS 2010),
    with the share of interactions in place of the share of users.

    Args:
        lists: recommended catalogue rows, [U, k].
        train_counts: training interactions of each catalogue row, [num_items].

    Returns:
        One number a user, [U]; 0 for an empty list.
    """
    counts = np.maximum(train_counts, 1)
    return _mean_of_list(np.log2(max(train_counts.sum(), 1)) - np.log2(counts), lists)


def average_popularity(lists: Array, train_counts: Array) -> npt.NDArray[np.float64]:
    """Mean training count of the items of each list (average recommendation popularity).

    Source: Yin et al., "Challenging the long tail recommendation" (VLDB 2012), section 5.

    Args:
        lists: recommended catalogue rows, [U, k].
        train_counts: training interactions of each catalogue row, [num_items].

    Returns:
        One number a user, [U]; 0 for an empty list.
    """
    return _mean_of_list(train_counts.astype(np.float64), lists)


def _exposure(lists: Array, num_items: int) -> npt.NDArray[np.int64]:
    return np.bincount(lists.reshape(-1), minlength=num_items)[NUM_RESERVED:]


def _mean_of_list(value_of_item: npt.NDArray[np.float64], lists: Array) -> npt.NDArray[np.float64]:
    real = lists >= NUM_RESERVED
    total = np.where(real, value_of_item[lists], 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(real.sum(axis=1), 1))
