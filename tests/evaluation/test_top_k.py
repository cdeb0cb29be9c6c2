"""The k best, against sorting pairs in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from tfrec_zoo.evaluation import top_k


@pytest.mark.parametrize("k", [1, 3, 9, 12])
@pytest.mark.parametrize("values", [1, 3, 1000])
def test_agrees_with_sorting_pairs(k: int, values: int) -> None:
    rng = np.random.default_rng(k)
    scores = rng.integers(0, values, (50, 9)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.3] = -np.inf
    found = top_k(scores, k)
    for row, indices, best in zip(
        scores.tolist(), found.indices.tolist(), found.scores.tolist(), strict=True
    ):
        pairs = sorted((-score, index) for index, score in enumerate(row) if score > -np.inf)[:k]
        tail = k - len(pairs)
        assert indices == [index for _, index in pairs] + [0] * tail
        assert best == [-score for score, _ in pairs] + [-np.inf] * tail
    assert found.indices.dtype == np.int32
    assert found.scores.dtype == np.float32


def test_an_empty_batch_gives_empty_lists() -> None:
    assert top_k(np.zeros((0, 5), np.float32), 3).indices.shape == (0, 3)


def test_bad_scores_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`k` must be at least 1. Received: 0"):
        top_k(np.zeros((1, 3)), 0)
    with pytest.raises(ValueError, match=r"shape \[batch, num_items\]. Received: \(3,\)"):
        top_k(np.zeros(3), 1)
    with pytest.raises(ValueError, match="must not be NaN"):
        top_k(np.array([[0, np.nan]]), 1)
