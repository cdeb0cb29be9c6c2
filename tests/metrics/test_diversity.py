"""Intra-list diversity, pair by pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tfrec_zoo.metrics import intra_list_diversity

CORNERS = np.array([[9, 9], [9, 9], [1, 0], [0, 2], [-3, 0], [1, 1], [0, 0]], np.float32)
"""PAD and OOV with vectors that must not count, then east, north, west, north-east and nowhere."""


def by_pairs(items: list[int], vectors: np.ndarray) -> float:
    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        norms = np.linalg.norm(a) * np.linalg.norm(b)
        return float(a @ b / norms) if norms else 0.0

    pairs = list(combinations([item for item in items if item > 1], 2))
    return float(np.mean([1 - cosine(vectors[a], vectors[b]) for a, b in pairs])) if pairs else 0.0


def test_by_hand() -> None:
    lists = np.array([[2, 3, 0], [2, 4, 0], [2, 3, 4], [2, 2, 0], [2, 6, 0], [5, 0, 0], [0, 0, 0]])
    half = 1 - np.sqrt(0.5)
    assert intra_list_diversity(np.array([[2, 5]]), CORNERS)[0] == pytest.approx(half)
    expected = [1, 2, (1 + 2 + 1) / 3, 0, 1, 0, 0]
    np.testing.assert_allclose(intra_list_diversity(lists, CORNERS), expected, atol=1e-7)


def test_agrees_with_a_loop_over_pairs_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 6)).astype(np.float32)
    lists = rng.integers(0, 40, (50, 8))
    monkeypatch.setattr("tfrec_zoo.metrics.diversity._NUMBERS_AT_ONCE", 8 * 6 * 7)  # a ragged last block
    expected = [by_pairs(row.tolist(), vectors) for row in lists]
    np.testing.assert_allclose(intra_list_diversity(lists, vectors), expected, rtol=1e-5)
