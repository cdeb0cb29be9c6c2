from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.export import export
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import RecommenderModel, create_model
from tfrec_zoo.models.composition import Composition
from tfrec_zoo.schema import Feature, Schema
from tfrec_zoo.serving import load
from tfrec_zoo.training import RunConfig, train, training_dataset

SCHEMA = Schema(num_users=10, num_items=30, num_trained_items=30)
RNG = np.random.default_rng(0)
HISTORY = np.array([[0, 0, 5, 9], [7, 8, 2, 3], [0, 0, 0, 0]], np.int32)
INPUTS = {"history": HISTORY, "user_index": np.array([2, 3, 1], np.int32)}


def make(**settings):
    return create_model("two_stage", SCHEMA, embedding_dim=8, max_history_length=4, **settings)


@pytest.mark.parametrize("ranker", ["attention_ranker", "gru_ranker", "cnn_ranker"])
@pytest.mark.parametrize("num_candidates", [1, 6, 100])
def test_it_is_the_retrievers_best_in_the_rankers_order(ranker: str, num_candidates: int) -> None:
    model = make(
        ranker=ranker,
        num_candidates=num_candidates,
        retriever_settings={"embedding_dim": 5},
        ranker_settings={"use_item_id": True},
    )
    found = model.catalogue_scorer()(INPUTS)
    first, second = (stage.catalogue_scorer()(INPUTS) for stage in model.stages)
    assert found.shape == (3, 30)
    for row in range(3):
        open_to_all = [item for item in range(2, 30) if item not in HISTORY[row]]
        retrieved = sorted(open_to_all, key=lambda item: -first[row, item])[:num_candidates]
        expected = np.full(30, -np.inf)
        expected[retrieved] = second[row, retrieved]
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-5)


def test_what_is_not_allowed_takes_no_candidates_place() -> None:
    model = make(num_candidates=4)
    vectors = model.item_vectors()
    everything = np.ones((3, 30), bool)
    best = np.argsort(-np.asarray(model.catalogue_scores(INPUTS, vectors, everything)), axis=1)[:, :2]
    np.put_along_axis(everything, best, False, axis=1)
    again = np.asarray(model.catalogue_scores(INPUTS, vectors, everything))
    assert (np.take_along_axis(again, best, axis=1) == -np.inf).all()
    assert (np.isfinite(again).sum(axis=1) == 4).all()


def test_settings_reach_their_stage_and_wrong_ones_are_refused() -> None:
    model = make(
        ranker="gru_ranker", retriever_settings={"loss": "in_batch"}, ranker_settings={"num_layers": 2}
    )
    assert model.retriever.config.loss == "in_batch"
    assert model.ranker.config.loss == "full"
    assert model.ranker.config.num_layers == 2
    assert model.vector_dim == 16
    with pytest.raises(ValueError, match="two_tower"):
        make(ranker="two_tower")
    with pytest.raises(ValueError, match="Unknown ranker"):
        make(ranker=["gru_ranker"])
    with pytest.raises(ValueError, match="`num_layers` must be a value of type int"):
        make(ranker_settings={"num_layers": "2"})
    with pytest.raises(ValueError, match="num_layer"):
        make(ranker_settings={"num_layer": 2})


def test_a_ranker_by_content_stays_one() -> None:
    schema = Schema(10, 30, 30, item_features=(Feature("title", "text", (4,), 9),))
    for settings, first, second in (
        ({}, True, False),
        ({"ranker_settings": {"use_item_id": True}}, True, True),
        ({"use_item_id": False}, False, False),
        ({"ranker": "gru_ranker"}, True, True),
        ({"ranker": "gru_ranker", "use_item_id": False}, False, False),
    ):
        model = create_model("two_stage", schema, **{"ranker": "cnn_ranker", **settings})
        assert model.retriever.config.use_item_id is first, settings
        assert model.ranker.config.use_item_id is second, settings
    with pytest.raises(ValueError, match=r"`ranker_settings=\{'use_item_id': True\}`. Received: 'a schema"):
        make(ranker="cnn_ranker")


OWN: dict[str, Any] = {
    "ranker": "gru_ranker",
    "num_candidates": 1000,
    "embedding_dim": 8,
    "max_history_length": 4,
    "retriever_settings": {"loss": "in_batch"},
    "ranker_settings": {"max_history_length": 10, "loss": "bpr", "num_negatives": 20},
}


def ndcg_of(lists: list[list[str]], targets: list[str]) -> float:
    gains = [
        1 / np.log2(found.index(target) + 2) if target in found else 0.0
        for found, target in zip(lists, targets, strict=True)
    ]
    return float(np.mean(gains))


@pytest.mark.slow
@pytest.mark.parametrize("joint", [False, True], ids=["one after the other", "at once"])
def test_each_stage_has_its_own_history_and_loss(joint: bool, tmp_path: Path) -> None:
    """With every item a candidate, the model ranks as its ranker does: in Keras, and in the SavedModel."""
    split = leave_last_out(synthetic(num_users=80, num_items=40, num_interactions=1600, seed=5).interactions)
    features = FeatureSpace.fit(split.train)
    encoded = features.transform(split)
    model = create_model("two_stage", features.schema, **OWN)
    assert model.max_history_length == 10
    assert [stage.max_history_length for stage in model.stages] == [4, 10]
    assert [loss.name for loss in model.training_losses] == ["in_batch", "bpr"]
    if joint:
        examples = training_dataset(model, encoded.train, RunConfig(batch_size=32))
        inputs = next(iter(examples))[0]
        assert inputs["history"].shape[1] == 10
        assert inputs["negatives"].shape == (20,)
        model.compile(keras.optimizers.Adam(5e-3))
        losses = model.fit(examples, epochs=3, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
    else:
        history = train(model, encoded, RunConfig(epochs=3, batch_size=32))
        assert {"loss", "retriever_loss"} <= set(history)
    alone = evaluate(model.ranker, encoded, ks=(10,), num_bootstrap=0).metrics["ndcg@10"]
    both = evaluate(model, encoded, ks=(10,), num_bootstrap=0).metrics["ndcg@10"]
    assert both == pytest.approx(alone, abs=1e-6)
    export(model, features, tmp_path / "m")
    known = encoded.history_of("test")
    names = features.item_vocabulary.strings
    rows = np.arange(known.num_rows)
    histories = [
        names(known.item_index[known.row_splits[row] : known.row_splits[row + 1]]).tolist() for row in rows
    ]
    users = features.user_vocabulary.strings(known.user_index).tolist()
    targets = names(encoded.test.item_index[encoded.test.row_splits[rows]]).tolist()
    lists = load(tmp_path / "m").recommend_batch(histories, users, 10)
    served = ndcg_of([[item.item_id for item in found] for found in lists], targets)
    assert served == pytest.approx(alone, abs=1e-6)


def test_the_joint_loss_is_the_sum_of_the_stages_own() -> None:
    split = leave_last_out(synthetic(num_users=40, num_items=40, num_interactions=800, seed=5).interactions)
    features = FeatureSpace.fit(split.train)
    model = create_model("two_stage", features.schema, **OWN)
    batch = next(iter(training_dataset(model, features.transform(split).train, RunConfig(batch_size=32))))
    inputs, target = batch[:2]
    together = model.compute_loss(inputs, target, model(inputs), training=False)
    apart = 0.0
    for stage in model.stages:
        own = {**inputs, "history": inputs["history"][:, -stage.max_history_length :]}
        apart += float(stage.compute_loss(own, target, stage(own), training=False))
    assert float(together) == pytest.approx(apart, rel=1e-5)


def test_stages_that_share_a_batch_share_its_negatives() -> None:
    model = make(
        ranker="gru_ranker",
        retriever_settings={"loss": "sampled", "num_negatives": 5},
        ranker_settings={"loss": "bpr", "num_negatives": 9},
    )
    split = leave_last_out(synthetic(num_users=30, num_items=28, num_interactions=400, seed=5).interactions)
    encoded = FeatureSpace.fit(split.train).transform(split)
    with pytest.raises(ValueError, match="share the negatives of a batch"):
        training_dataset(model, encoded.train)


def test_what_a_model_says_is_derived_from_its_stages() -> None:
    """Every property of the base class is one that a model with stages answers as they do."""
    model = make(ranker="attention_ranker", ranker_settings={"embedding_dim": 6, "num_heads": 1})
    derived = {**vars(Composition), **vars(RecommenderModel)}
    properties = [name for name, value in derived.items() if isinstance(value, property)]
    assert {"max_history_length", "reads_times", "item_encoders", "needs_negatives"} <= set(properties)
    for name in properties:
        getattr(model, name)
    np.testing.assert_array_equal(model.item_encoder(np.array([3, 4])), model.encode_items(np.array([3, 4])))
    assert model.vector_dim == 14
    assert [w.path for w in model.item_weights] == [w.path for s in model.stages for w in s.item_weights]
    assert list(model.training_stages()) == ["retriever", "ranker"]
    assert model.ranker.training_stages() == {"ranker": model.ranker}
    assert model.index_stage() is model.retriever
    assert model.ranker.index_stage() is model.ranker
    assert make(ranker="cnn_ranker", ranker_settings={"use_item_id": True}).ranker.index_stage() is None
