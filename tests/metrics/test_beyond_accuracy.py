"""Coverage, Gini, novelty and popularity, against counting by hand."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from tfrec_zoo.metrics import average_popularity, catalogue_coverage, gini_index, self_information

LISTS = np.array([[2, 3, 4], [2, 3, 0], [2, 0, 0], [0, 0, 0]])
COUNTS = np.array([0, 0, 8, 4, 0, 4, 0])  # PAD, OOV, then the items 2 to 6


def test_coverage_is_the_share_of_items_shown() -> None:
    assert catalogue_coverage(LISTS, 7) == 3 / 5


def test_gini_is_half_the_relative_mean_difference() -> None:
    rng = np.random.default_rng(1)
    lists = np.minimum(rng.geometric(0.2, (30, 4)) + 1, 11)
    shown = Counter(lists.ravel().tolist())
    exposure = [shown[item] for item in range(2, 12)]
    differences = [abs(a - b) for a in exposure for b in exposure]
    assert gini_index(lists, 12) == pytest.approx(np.mean(differences) / (2 * np.mean(exposure)))


def test_gini_at_its_ends() -> None:
    assert gini_index(np.array([[2, 3], [4, 5]]), 6) == pytest.approx(0)
    assert gini_index(np.array([[2], [2]]), 6) == pytest.approx(3 / 4)
    assert gini_index(np.zeros((2, 2), int), 6) == 0


def test_novelty_is_bits_of_the_popularity_share() -> None:
    never_seen = -math.log2(1 / 16)  # counts as seen once
    expected = [(1 + 2 + never_seen) / 3, (1 + 2) / 2, 1, 0]
    np.testing.assert_allclose(self_information(LISTS, COUNTS), expected)


def test_popularity_is_the_mean_count_of_real_entries() -> None:
    np.testing.assert_allclose(average_popularity(LISTS, COUNTS), [4, 6, 8, 0])
