"""Calibration by category (Steck 2018), against the definition user by user."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from tfrec_zoo.metrics import Calibration, ItemsOfUsers, miscalibration

CATEGORIES = np.zeros((7, 3), bool)
"""Items 2 and 3 are romance, 4 is action, 5 is both, 6 is nothing."""
CATEGORIES[[2, 3, 5], 0] = CATEGORIES[[4, 5], 1] = True


def distribution(items: list[int], categories: np.ndarray) -> np.ndarray | None:
    shares = [
        categories[item] / categories[item].sum() for item in items if item > 1 and categories[item].any()
    ]
    return np.mean(shares, axis=0) if shares else None


def by_definition(items: list[int], history: list[int], categories: np.ndarray, alpha: float) -> float:
    p = distribution(history, categories)
    if p is None:
        return math.nan
    q = distribution(items, categories)
    smoothed = (1 - alpha) * (np.zeros_like(p) if q is None else q) + alpha * p
    return sum(p[g] * math.log(p[g] / smoothed[g]) for g in range(len(p)) if p[g] > 0)


def histories_of(users: list[list[int]]) -> ItemsOfUsers:
    splits = np.append(0, np.cumsum([len(user) for user in users]))
    return ItemsOfUsers(np.array([item for user in users for item in user], int), splits)


def test_by_hand() -> None:
    lists = np.array([[3, 4, 0], [2, 3, 6], [6, 0, 0], [2, 0, 0], [5, 0, 0]])
    histories = histories_of([[2, 4, 4, 2], [2, 2, 2, 4], [4], [6, 1], [2, 4, 6]])
    found = miscalibration(lists, histories, CATEGORIES, 0.01)
    p, q = (0.75, 0.25), (0.99 + 0.01 * 0.75, 0.01 * 0.25)
    expected = [0, sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)), math.log(100), math.nan, 0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("as_given", [np.asarray, sparse.csr_array, sparse.coo_matrix])
def test_agrees_with_the_definition_in_any_blocks(as_given, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    categories = rng.random((30, 5)) < 0.25
    lists = rng.integers(0, 30, (40, 6))
    users = [rng.integers(0, 30, rng.integers(0, 9)).tolist() for _ in lists]
    monkeypatch.setattr("tfrec_zoo.metrics.calibration._NUMBERS_AT_ONCE", 5 * 9)  # a ragged last block
    for alpha in (0.01, 0.3):
        expected = [
            by_definition(row.tolist(), user, categories, alpha)
            for row, user in zip(lists, users, strict=True)
        ]
        found = miscalibration(lists, histories_of(users), as_given(categories), alpha)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert np.isnan(found).any()
        assert np.nanmin(found) > -1e-12


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_smoothing_is_neither_none_nor_all(alpha: float) -> None:
    with pytest.raises(ValueError, match="`alpha` must be above 0 and below 1"):
        Calibration(alpha)
