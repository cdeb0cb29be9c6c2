"""Serendipity: hits that a list of the most popular items would not have."""

from __future__ import annotations

import numpy as np

from tfrec_zoo.metrics import ItemsOfUsers, serendipitous_share

COUNTS = np.array([0, 0, 9, 9, 5, 1, 0, 2])
"""Of 2 items, the most popular are 2 and 3."""


def test_by_hand() -> None:
    lists = np.array([[2, 5], [5, 6], [4, 0], [3, 2], [0, 0]])
    targets = ItemsOfUsers(np.array([2, 5, 6, 5, 4, 3, 1, 7]), np.array([0, 2, 4, 6, 7, 8]))
    # Of the first user's two hits one is popular; OOV is no hit, whatever fills the list.
    np.testing.assert_allclose(serendipitous_share(lists, targets, COUNTS), [1 / 2, 1, 1, 0, 0])


def test_agrees_with_sets() -> None:
    rng = np.random.default_rng(3)
    num_items, k = 30, 6
    counts = np.append([0, 0], rng.integers(0, 6, num_items - 2))  # many of the same count
    lists = np.array([rng.permutation(np.arange(2, num_items))[:k] for _ in range(80)])
    lists[::7, 3:] = 0
    wanted = [rng.permutation(np.arange(1, num_items))[: rng.integers(1, 9)] for _ in lists]
    row_splits = np.append(0, np.cumsum([len(own) for own in wanted]))
    popular = set(sorted(range(2, num_items), key=lambda item: (-counts[item], item))[:k])
    expected = []
    for row, own in zip(lists, wanted, strict=True):
        items = set(row.tolist()) - {0}
        expected.append(len((items - popular) & set(own.tolist())) / len(items))
    found = serendipitous_share(lists, ItemsOfUsers(np.concatenate(wanted), row_splits), counts)
    np.testing.assert_allclose(found, expected)
    assert 0 < found.mean() < 1
