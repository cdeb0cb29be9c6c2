"""Times of the history, from the table through pipeline, model and evaluation to the served answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.encoded_examples import encoded_from_lists
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.evaluation.recommend import recommend
from tfrec_zoo.export import export
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.layers.relative_time_bias import RelativeTimeBias
from tfrec_zoo.models import create_model
from tfrec_zoo.pipelines import pairs, sequences
from tfrec_zoo.serving import load
from tfrec_zoo.training import RunConfig, train

SETTINGS = {"embedding_dim": 8, "hidden_dim": 8, "num_heads": 2, "max_history_length": 6}


def test_the_bias_is_that_of_the_span_since_each_earlier_item() -> None:
    layer = RelativeTimeBias(3)
    layer.build()
    layer.table.assign(np.arange(64 * 3).reshape(64, 3))
    times = np.array([[0, 0, 10, 10, 86_400, 2_000_000_000], [5, 6, 8, 12, 20, 40]])
    found = layer(times).numpy()
    for row in range(2):
        for asking in range(6):
            for seen in range(asking + 1):
                bucket = int(2 * np.log2(1 + times[row, asking] - times[row, seen]) + 1e-4)
                np.testing.assert_array_equal(found[row, :, asking, seen], [3 * bucket + h for h in range(3)])
    np.testing.assert_array_equal(layer(times, newest_only=True), found[:, :, -1:])


def test_pipelines_give_each_item_its_time() -> None:
    users = [[2, 3, 4, 5], [6, 1, 2], [7, 8, 9]]
    encoded = encoded_from_lists(users)
    # The time of an item tells which one it is.
    encoded = replace(encoded, timestamp=encoded.item_index * 100.0)
    for dataset in (
        pairs(encoded, batch_size=4, max_history_length=3, with_times=True),
        sequences(encoded, batch_size=4, max_history_length=2, with_times=True),
    ):
        for inputs, *_ in dataset:
            assert inputs["history_time"].dtype == np.int64
            np.testing.assert_array_equal(inputs["history_time"], inputs["history"].numpy() * 100)
    np.testing.assert_array_equal(
        encoded.history_time(np.arange(3), 5), encoded.history(np.arange(3), 5).astype(np.int64) * 100
    )
    with pytest.raises(ValueError, match="needs a time for each interaction"):
        pairs(encoded_from_lists(users), batch_size=4, max_history_length=3, with_times=True)


@pytest.mark.slow
def test_an_export_reads_the_times_of_a_request(tmp_path: Path) -> None:
    dataset = synthetic(num_users=80, num_items=30, num_interactions=1000, seed=3)
    split = leave_last_out(dataset.interactions)
    features = FeatureSpace.fit(split.train)
    encoded = features.transform(split)
    model = create_model("attention_ranker", features.schema, time_bias=True, **SETTINGS)
    train(model, encoded, RunConfig(epochs=1))
    for layer in model.time_biases:  # far enough from zero to matter
        layer.table.assign(np.random.default_rng(0).normal(size=layer.table.shape) * 3)
    assert evaluate(model, encoded, num_bootstrap=0).metrics["hr@10"] > 0
    export(model, features, tmp_path / "shop")  # compares both
    served = load(tmp_path / "shop")
    history = ["unheard", *features.item_vocabulary.tokens[:4]]
    answers = []
    for times in ([0, 0, 10, 20, 30], [0, 0, 10, 20, 90_000]):
        of_model = recommend(model, features, history=history, history_time=times, k=5)
        of_server = served.recommend(history, k=5, history_time=times)
        assert [item.item_id for item in of_server] == [item.item_id for item in of_model]
        np.testing.assert_allclose([i.score for i in of_server], [i.score for i in of_model], rtol=1e-4)
        answers.append([item.score for item in of_server])
    assert np.abs(np.subtract(*answers)).max() > 1e-3
    with pytest.raises(ValueError, match="must have a time for each item of the history, for this model"):
        served.recommend(history)
    with pytest.raises(ValueError, match="must have a time for each item of the history"):
        served.recommend(history, history_time=[1, 2])
    with pytest.raises(ValueError, match="must have a time for each item of the history, for this model"):
        recommend(model, features, history=history)
    untimed = replace(encoded, train=replace(encoded.train, timestamp=None))
    with pytest.raises(ValueError, match="times come with timed interactions"):
        evaluate(model, untimed)
