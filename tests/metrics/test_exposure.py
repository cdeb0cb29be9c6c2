"""Coverage and Gini, against counting by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tfrec_zoo.metrics import catalogue_coverage, gini_index

LISTS = np.array([[2, 3, 4], [2, 3, 0], [2, 0, 0], [0, 0, 0]])


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
