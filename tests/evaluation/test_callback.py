"""The callback's numbers reach EarlyStopping, ModelCheckpoint, History and the progress bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from tests.evaluation.arrays import encoded
from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.evaluation import RankingMetrics, evaluate
from tfrec_zoo.features.encoded import EncodedSplit

NUM_ITEMS = 14
SPLIT = EncodedSplit("s", encoded([[2]] * 3), encoded([[3], [4], [5]]), encoded([[6]] * 3), NUM_ITEMS)
X, Y = np.zeros((4, 1), np.float32), np.zeros((4, 1), np.float32)


class Planned(keras.Model):
    """Puts every validation target at the rank that is planned for the number of epochs gone by."""

    max_history_length = None

    def __init__(self, planned_ranks: list[int]) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1, kernel_initializer="zeros")
        self.planned_ranks = planned_ranks
        self.evaluations = 0

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def catalogue_scorer(self) -> Callable[[Mapping[str, Any]], npt.NDArray[np.float32]]:
        rank = self.planned_ranks[self.evaluations]
        self.evaluations += 1

        def score(batch: Mapping[str, Any]) -> npt.NDArray[np.float32]:
            users = batch["user_index"] - 2
            scores = np.tile(-np.arange(NUM_ITEMS, dtype=np.float32) - 1, (len(users), 1))
            for row, item in enumerate(users + 3):
                ahead = [other for other in range(3, NUM_ITEMS) if other != item][: rank - 1]
                scores[row, item] = 0
                scores[row, ahead] = 1
            return scores

        return score


def fit(planned_ranks: list[int], callbacks: list[keras.callbacks.Callback], epochs: int = 6) -> Planned:
    model = Planned(planned_ranks)
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(X, Y, epochs=epochs, verbose=0, callbacks=callbacks)
    return model


def test_early_stopping_and_history_see_the_metrics() -> None:
    stop = keras.callbacks.EarlyStopping("val_ndcg@10", mode="max", patience=2)
    model = fit([4, 2, 1, 3, 5, 1], [RankingMetrics(SPLIT), stop])
    expected = [1 / np.log2(rank + 1) for rank in (4, 2, 1, 3, 5)]
    np.testing.assert_allclose(model.history.history["val_ndcg@10"], expected)
    assert model.history.history["val_hr@10"] == [1.0] * 5
    assert stop.best_epoch == 2


def test_checkpoints_see_the_metrics(tmp_path: Path) -> None:
    name = str(tmp_path / "{epoch}-{val_ndcg@10:.3f}.weights.h5")
    save = keras.callbacks.ModelCheckpoint(
        name, "val_ndcg@10", mode="max", save_best_only=True, save_weights_only=True
    )
    fit([3, 1, 2], [RankingMetrics(SPLIT), save], epochs=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-0.500.weights.h5", "2-1.000.weights.h5"]


def test_behind_the_monitoring_callback_it_is_too_late() -> None:
    stop = keras.callbacks.EarlyStopping("val_ndcg@10", mode="max", patience=1)
    with pytest.warns(UserWarning, match="Early stopping conditioned on metric `val_ndcg@10` which is not"):
        fit([1, 1], [stop, RankingMetrics(SPLIT)], epochs=1)


def test_metrics_and_part_are_chosen() -> None:
    callback = RankingMetrics(SPLIT, part="test", metrics=("mrr@3", "target_hr@5"), exclude_seen=False)
    model = fit([2], [callback], epochs=1)
    expected = evaluate(Planned([2]), SPLIT, "test", ks=(3, 5), exclude_seen=False, num_bootstrap=0).metrics
    logged = {name: values for name, values in model.history.history.items() if name.startswith("val_")}
    assert logged == {"val_mrr@3": [expected["mrr@3"]], "val_target_hr@5": [expected["target_hr@5"]]}


def test_between_evaluations_the_latest_values_are_repeated() -> None:
    model = fit([4, 2, 1], [RankingMetrics(SPLIT, every=3, metrics=["mrr@10"])])
    # Epochs 1 and 4, and the last.
    assert model.history.history["val_mrr@10"] == pytest.approx([1 / 4, 1 / 4, 1 / 4, 1 / 2, 1 / 2, 1])
    assert model.evaluations == 3


def test_a_model_that_cannot_score_is_refused_before_training() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    trained = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: trained.append(epoch))
    with pytest.raises(TypeError, match="must have `max_history_length` and `catalogue_scorer"):
        model.fit(X, Y, verbose=0, callbacks=[RankingMetrics(SPLIT), watch])
    assert trained == []


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown metric. Did you mean 'ndcg@K'"):
        RankingMetrics(SPLIT, metrics=["ndgc@10"])
    with pytest.raises(ValueError, match=r"must name its list length, e.g. 'hr@10'. Received: 'hr'"):
        RankingMetrics(SPLIT, metrics=["hr"])
    with pytest.raises(ValueError, match=r"`metrics` must hold names. Received: 'hr@10'"):
        RankingMetrics(SPLIT, metrics="hr@10")
    with pytest.raises(ValueError, match="`every` must be at least 1"):
        RankingMetrics(SPLIT, every=0)
