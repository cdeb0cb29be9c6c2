from __future__ import annotations

import keras
import numpy as np
import pytest

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out, random_split
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import create_model
from tfrec_zoo.training import RunConfig, train, training_dataset

INTERACTIONS = synthetic(num_users=100, num_items=50, num_interactions=1500, seed=3).interactions


@pytest.fixture(scope="module")
def prepared() -> tuple[FeatureSpace, EncodedSplit]:
    split = leave_last_out(INTERACTIONS)
    features = FeatureSpace.fit(split.train)
    return features, features.transform(split)


def model_of(features: FeatureSpace, **config):
    return create_model(
        "two_tower", features.schema, **{"embedding_dim": 8, "max_history_length": 5, **config}
    )


def test_the_best_epoch_stays(prepared) -> None:
    features, split = prepared
    model = model_of(features, loss="full")
    history = train(model, split, RunConfig(epochs=30, batch_size=64, learning_rate=0.05, patience=2))
    values = history["val_ndcg@10"]
    assert len(values) == len(history["loss"]) < 30
    assert int(np.argmax(values)) == len(values) - 1 - 2, "two epochs of patience after the best"
    kept = evaluate(model, split, "validation", ks=(10,), num_bootstrap=0).metrics["ndcg@10"]
    assert kept == pytest.approx(max(values), abs=1e-9)


def test_any_metric_can_be_watched(prepared) -> None:
    features, split = prepared
    run = RunConfig(epochs=2, batch_size=256, monitor="mrr@20", exclude_seen=False)
    history = train(model_of(features), split, run)
    assert {"loss", "val_mrr@20", "val_hr@10", "val_ndcg@10"} == set(history)


@pytest.mark.parametrize(("monitor", "better"), [("coverage@1", max), ("gini@10", min)])
def test_a_metric_of_lists_tells_the_best_epoch_its_own_way(prepared, monitor: str, better) -> None:
    features, split = prepared
    model = model_of(features, loss="full")
    run = RunConfig(epochs=12, batch_size=64, learning_rate=0.05, patience=2, monitor=monitor)
    values = train(model, split, run)[f"val_{monitor}"]
    kept = evaluate(model, split, "validation", num_bootstrap=0, list_metrics=[monitor]).metrics[monitor]
    assert kept == pytest.approx(better(values), abs=1e-9)
    assert max(values) > min(values)


def test_what_a_watched_metric_lacks_is_said_before_training(prepared) -> None:
    features, split = prepared
    with pytest.raises(ValueError, match="calibration@10 needs the categories of each item"):
        train(model_of(features), split, RunConfig(epochs=1, monitor="calibration@10"))


def test_without_validation_every_epoch_runs() -> None:
    split = random_split(INTERACTIONS, test=0.2, validation=0.0, seed=0)
    features = FeatureSpace.fit(split.train)
    run = RunConfig(epochs=3, batch_size=256, patience=1, history_scope="others")
    assert set(train(model_of(features), features.transform(split), run)) == {"loss"}


def test_counted_frequencies_come_from_the_training_part(prepared) -> None:
    features, split = prepared
    model = model_of(features, log_q="counted")
    train(model, split, RunConfig(epochs=1, batch_size=256))
    counts = np.maximum(np.bincount(split.train.item_index, minlength=split.num_items), 1)
    np.testing.assert_allclose(model.frequency.share, counts / counts.sum(), rtol=1e-5)


def test_streaming_frequencies_move_in_training_alone(prepared) -> None:
    features, split = prepared
    model = model_of(features, log_q="streaming")
    model.compile()
    model.fit(training_dataset(model, split.train, RunConfig(batch_size=100)), epochs=8, verbose=0)
    steps = int(model.frequency.step.numpy())
    assert steps == 8 * -(-len(split.train) // 100)
    model.evaluate(training_dataset(model, split.train, RunConfig(batch_size=100)), verbose=0)
    assert int(model.frequency.step.numpy()) == steps
    found = np.exp(model.frequency(np.arange(2, split.num_items), batch_size=100).numpy())
    expected = 100 * split.train.item_counts(split.num_items)[2:] / len(split.train)
    assert np.corrcoef(found, expected)[0, 1] > 0.8


def test_more_callbacks_see_the_validation_metrics(prepared) -> None:
    features, split = prepared
    seen: list[dict] = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            seen.append(dict(logs or {}))

    train(model_of(features), split, RunConfig(epochs=1, batch_size=256), callbacks=[Watch()])
    assert set(seen[0]) == {"loss", "val_hr@10", "val_ndcg@10"}


def test_weights_of_rows_scale_the_loss(prepared) -> None:
    features, _ = prepared
    heavy = INTERACTIONS.take(np.arange(len(INTERACTIONS)))
    weighted = type(heavy)(heavy.user_id, heavy.item_id, heavy.timestamp, weight=np.full(len(heavy), 3.0))
    model = model_of(features, loss="full")
    model.compile()
    losses = [
        model.evaluate(
            training_dataset(model, features.transform_interactions(table), RunConfig(batch_size=512)),
            verbose=0,
        )
        for table in (heavy, weighted)
    ]
    assert losses[1] == pytest.approx(3 * losses[0], rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "`epochs` must be at least 1"),
        ({"batch_size": 0}, "`batch_size` must be at least 1"),
        ({"patience": 0}, "`patience` must be at least 1"),
        ({"learning_rate": 0.0}, "`learning_rate` must be above 0"),
        ({"epsilon": 0.0}, "`epsilon` must be above 0"),
        ({"teacher": "eas"}, "'ease'"),
        ({"epochs": "3"}, r"`epochs` must be a value of type int \| None. Received: '3'"),
        ({"epochs": True}, "`epochs` must be a value of type"),
        ({"exclude_seen": "no"}, "`exclude_seen` must be a value of type bool. Received: 'no'"),
        ({"retriever": "epochs"}, "`retriever` must be a value of type Mapping"),
        ({"retriever": {"epochs": 0}}, "`epochs` must be at least 1"),
    ],
)
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RunConfig(**options)
