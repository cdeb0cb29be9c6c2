from __future__ import annotations

import numpy as np
import pytest

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.layers import HistoryPooling

VECTORS = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
MASK = np.array([[False, False, True, True], [True, True, True, True]])


def test_mean_is_over_real_places() -> None:
    pooled = HistoryPooling(4, "mean")(VECTORS, padding_mask=MASK)
    np.testing.assert_allclose(pooled, [VECTORS[0, 2:].mean(axis=0), VECTORS[1].mean(axis=0)], rtol=1e-5)


def test_recency_weighs_by_the_place_from_the_newest() -> None:
    layer = HistoryPooling(4, "recency")
    layer.build()
    logits = np.array([2.0, 1.0, -1.0, 0.5], dtype=np.float32)
    layer.recency_logits.assign(logits)
    expected = []
    for row in range(2):
        places = [t for t in range(4) if MASK[row, t]]
        weights = np.exp([logits[3 - t] for t in places])
        expected.append((weights[:, None] * VECTORS[row, places]).sum(axis=0) / weights.sum())
    np.testing.assert_allclose(layer(VECTORS, padding_mask=MASK), expected, rtol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "recency"])
def test_more_padding_changes_nothing_and_no_history_is_zero(pooling: str) -> None:
    layer = HistoryPooling(6, pooling)
    layer.build()
    if pooling == "recency":
        layer.recency_logits.assign(np.arange(6.0) ** 2)
    plain = layer(VECTORS, padding_mask=MASK)
    wider = np.concatenate([np.full((2, 2, 3), 7, np.float32), VECTORS], axis=1)
    padded = layer(wider, padding_mask=np.concatenate([np.zeros((2, 2), bool), MASK], axis=1))
    np.testing.assert_allclose(plain, padded, rtol=1e-5)
    np.testing.assert_array_equal(layer(VECTORS, padding_mask=np.zeros((2, 4), bool)), 0)


def test_unknown_pooling() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mean'"):
        HistoryPooling(3, "means")
