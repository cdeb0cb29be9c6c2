"""Novelty and average popularity, against counting by hand."""

from __future__ import annotations

import math

import numpy as np

from tfrec_zoo.metrics import average_popularity, self_information

LISTS = np.array([[2, 3, 4], [2, 3, 0], [2, 0, 0], [0, 0, 0]])
COUNTS = np.array([0, 0, 8, 4, 0, 4, 0])  # PAD, OOV, then the items 2 to 6


def test_novelty_is_bits_of_the_popularity_share() -> None:
    never_seen = -math.log2(1 / 16)  # counts as seen once
    expected = [(1 + 2 + never_seen) / 3, (1 + 2) / 2, 1, 0]
    np.testing.assert_allclose(self_information(LISTS, COUNTS), expected)


def test_popularity_is_the_mean_count_of_real_entries() -> None:
    np.testing.assert_allclose(average_popularity(LISTS, COUNTS), [4, 6, 8, 0])
