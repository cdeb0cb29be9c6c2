"""What every registered model must keep."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo.baselines import Popularity
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import RecommenderModel, create_model, list_models
from tfrec_zoo.models.stored_items import with_stored_items
from tfrec_zoo.training import RunConfig, train, training_dataset

VARIANTS = {
    "plain": {
        "embedding_dim": 12,
        "max_history_length": 9,
        "loss": "full",
        "seed": 5,
        "item_hidden_dims": (7,),
    },
    "content": {
        "embedding_dim": 8,
        "max_history_length": 6,
        "loss": "in_batch",
        "num_negatives": 20,
        "normalize": True,
        "temperature": 0.1,
        "id_dropout": 0.2,
        "item_hidden_dims": (10,),
    },
    "sampled": {
        "embedding_dim": 8,
        "max_history_length": 6,
        "loss": "sampled",
        "num_negatives": 30,
        "negatives_power": 0.5,
    },
    "content_only": {
        "embedding_dim": 8,
        "max_history_length": 6,
        "loss": "in_batch",
        "use_item_id": False,
        "log_q": "counted",
    },
}
CASES = [(name, variant) for name in list_models() for variant in VARIANTS]
TRAINED = [(name, variant) for name in list_models() for variant in ("plain", "content")]
"""Cases of the tests that train, which are the slow ones."""


@cache
def data(variant: str) -> tuple[FeatureSpace, EncodedSplit]:
    dataset = synthetic(num_users=150, num_items=60, num_interactions=3000, images=True, audio=True, seed=1)
    split = leave_last_out(dataset.interactions)
    with_content = variant.startswith("content")
    features = FeatureSpace.fit(
        split.train,
        dataset.items,
        dataset.users,
        content=["title", "categories", "vectors", "image", "audio"] if with_content else [],
        profile=list(dataset.users.profile) if with_content else [],
    )
    return features, features.transform(split)


def make(name: str, variant: str, **overrides) -> RecommenderModel:
    features, split = data(variant)
    settings = {"use_item_id": True, **VARIANTS[variant], **overrides}
    model = create_model(name, features.schema, **settings)
    for part in getattr(model, "stages", [model]):
        if part.config.loss == "in_batch" and part.config.log_q == "counted":
            part.frequency.set_counts(split.train.item_counts(split.num_items))
    if features.item_features:
        model.set_content(features.item_features)
    return model


def batch_of(model: RecommenderModel, variant: str, size: int) -> dict[str, np.ndarray]:
    split = data(variant)[1]
    rows = np.arange(size)
    return {
        "history": split.train.history(rows, model.max_history_length),
        "user_index": split.train.user_index[rows],
        **{name: values[rows] for name, values in split.train.profile.items()},
    }


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_shapes_for_any_batch_and_any_number_of_candidates(name: str, variant: str) -> None:
    model = make(name, variant)
    for size in (1, 7):
        inputs = batch_of(model, variant, size)
        assert model(inputs)["query"].shape == (size, model.config.embedding_dim)
        assert model.predict(inputs, verbose=0)["query"].shape == (size, model.config.embedding_dim)
        for c in (1, 5):
            candidates = np.random.default_rng(c).integers(2, 60, size=(size, c)).astype(np.int32)
            scores = model({**inputs, "candidates": candidates})["scores"].numpy()
            everything = np.take_along_axis(model.catalogue_scorer()(inputs), candidates, axis=1)
            everything = np.where(np.isneginf(everything), scores, everything)
            np.testing.assert_allclose(scores, everything, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_every_weight_gets_a_gradient(name: str, variant: str) -> None:
    model = make(name, variant, id_dropout=0.5)
    inputs, target, *_ = next(
        iter(training_dataset(model, data(variant)[1].train, RunConfig(batch_size=256)))
    )
    with tf.GradientTape() as tape:
        loss = model.compute_loss(inputs, target, model(inputs, training=True), training=True)
    assert np.isfinite(float(loss))
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        values = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(values).all(), weight.path
        assert np.abs(values).max() > 0, weight.path


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_config_survives_json(name: str, variant: str) -> None:
    model = make(name, variant)
    again = type(model).from_config(json.loads(json.dumps(model.get_config())))
    assert again.config == model.config
    assert again.schema == model.schema
    assert [tuple(w.shape) for w in again.weights] == [tuple(w.shape) for w in model.weights]


RELOAD = """
import sys, numpy as np, keras, tfrec_zoo.models
model = keras.saving.load_model(sys.argv[1])
inputs = dict(np.load(sys.argv[2], allow_pickle=False))
described = repr((type(model).__name__, model.config))
np.savez(sys.argv[3], scores=model.catalogue_scorer()(inputs), config=described)
"""


@pytest.mark.parametrize(("name", "variant"), [(name, "content") for name in list_models()])
def test_a_saved_model_answers_alike_in_a_fresh_process(name: str, variant: str, tmp_path: Path) -> None:
    model = make(name, variant)
    train(model, data(variant)[1], RunConfig(epochs=1, batch_size=256))
    inputs = batch_of(model, variant, 20)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "inputs.npz", **inputs)
    arguments = [tmp_path / "model.keras", tmp_path / "inputs.npz", tmp_path / "answer.npz"]
    subprocess.run([sys.executable, "-c", RELOAD, *map(str, arguments)], check=True, capture_output=True)
    with np.load(tmp_path / "answer.npz", allow_pickle=False) as answer:
        np.testing.assert_array_equal(answer["scores"], model.catalogue_scorer()(inputs))
        assert str(answer["config"]) == repr((type(model).__name__, model.config))


@pytest.mark.parametrize("name", list_models())
def test_stored_items_stand_for_the_content(name: str, tmp_path: Path) -> None:
    model = make(name, "content_only")
    stored = with_stored_items(model)
    stored.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    inputs = batch_of(model, "content_only", 9)
    np.testing.assert_allclose(
        again.catalogue_scorer()(inputs), model.catalogue_scorer()(inputs), rtol=1e-5, atol=1e-6
    )
    features = data("content_only")[0]
    content = {feature: values[5:9] for feature, values in features.item_features.items()}
    np.testing.assert_allclose(again.encode_content(content), model.encode_content(content), rtol=1e-5)
    of_content = {tuple(values.shape) for values in features.item_features.values()}
    assert of_content & {tuple(weight.shape) for weight in model.weights}
    assert not of_content & {tuple(weight.shape) for weight in again.weights}
    with pytest.raises(ValueError, match="stored items is not for training"):
        again.require_ready()


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_padding_and_order_of_candidates_change_nothing(name: str, variant: str) -> None:
    model = make(name, variant)
    inputs = batch_of(model, variant, 6)
    wider = np.concatenate([np.zeros((6, 4), np.int32), inputs["history"]], axis=1)
    np.testing.assert_allclose(
        model({**inputs, "history": wider})["query"], model(inputs)["query"], rtol=1e-4, atol=1e-6
    )
    candidates = np.array([[5, 9, 30]] * 6, np.int32)
    forward = model({**inputs, "candidates": candidates})["scores"].numpy()
    backward = model({**inputs, "candidates": candidates[:, ::-1]})["scores"].numpy()
    np.testing.assert_allclose(forward, backward[:, ::-1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", list_models())
def test_learns_planted_structure_above_popularity(name: str) -> None:
    split = data("plain")[1]
    model = make(name, "plain", max_history_length=20)
    history = train(model, split, RunConfig(epochs=12, batch_size=128, learning_rate=5e-3, patience=12))
    found = evaluate(model, split, ks=(10,), num_bootstrap=0).metrics["ndcg@10"]
    popular = evaluate(Popularity().fit(split.train, split.num_items), split, ks=(10,), num_bootstrap=0)
    assert found > 1.3 * popular.metrics["ndcg@10"]
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize(("name", "variant"), TRAINED)
def test_overfits_one_batch(name: str, variant: str) -> None:
    model = make(name, variant, dropout=0.0, id_dropout=0.0, remove_accidental_hits=True)
    size = 24 if model.trains_on == "pairs" else 4
    batch = training_dataset(model, data(variant)[1].train, RunConfig(batch_size=size)).take(1).cache()
    model.compile(keras.optimizers.Adam(0.01))
    losses = model.fit(batch, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("name", list_models())
def test_the_seed_decides_everything(name: str) -> None:
    split = data("plain")[1]

    def scores(seed: int) -> np.ndarray:
        model = make(name, "plain", seed=seed, dropout=0.1)
        train(model, split, RunConfig(epochs=1, batch_size=256, seed=seed))
        return model(
            {**batch_of(model, "plain", 5), "candidates": np.tile(np.arange(2, 60, dtype=np.int32), (5, 1))}
        )["scores"].numpy()

    np.testing.assert_allclose(scores(1), scores(1), rtol=1e-4, atol=1e-5)
    assert np.abs(scores(1) - scores(2)).max() > 1e-3


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_the_seed_decides_the_initial_weights_and_nothing_else(name: str, variant: str) -> None:
    random.seed(99)
    expected = random.random()
    random.seed(99)
    first, same, other = (make(name, variant, seed=seed) for seed in (1, 1, 2))
    assert random.random() == expected, "making a model leaves Python's generator alone"
    for weight, again in zip(first.trainable_weights, same.trainable_weights, strict=True):
        np.testing.assert_array_equal(weight, again)
    differs = [np.abs(a - b).max() > 0 for a, b in zip(first.get_weights(), other.get_weights(), strict=True)]
    assert any(differs)


@pytest.mark.parametrize("name", list_models())
def test_training_without_content_is_refused(name: str) -> None:
    features, split = data("content")
    model = create_model(name, features.schema, **VARIANTS["content"])
    for use in (
        lambda: train(model, split, RunConfig(epochs=1)),
        lambda: evaluate(model, split),
        model.item_vectors,
    ):
        with pytest.raises(ValueError, match="Content must be set before training"):
            use()
    model.set_content({name: np.zeros_like(values) for name, values in features.item_features.items()})
    assert model.item_vectors().shape == (split.num_items, model.vector_dim)


@pytest.mark.parametrize("name", list_models())
def test_training_resumes_from_a_file(name: str, tmp_path: Path) -> None:
    model = make(name, "plain")
    dataset = training_dataset(model, data("plain")[1].train, RunConfig(batch_size=256))
    model.compile(keras.optimizers.Adam(0.01))
    assert model.jit_compile is False
    model.fit(dataset, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert int(again.optimizer.iterations) == int(model.optimizer.iterations)
    losses = [m.fit(dataset, epochs=1, verbose=0).history["loss"][0] for m in (again, model)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


@pytest.mark.parametrize("name", list_models())
def test_xla_trains_alike(name: str) -> None:
    # Batches of one shape: XLA compiles anew for each.
    extra = {"score": "dot"} if name == "cnn_ranker" else {}
    extra |= {"ranker": "gru_ranker"} if name == "two_stage" else {}
    losses = {}
    for jit in (True, False):
        model = make(name, "plain", dropout=0.0, **extra)
        dataset = training_dataset(model, data("plain")[1].train, RunConfig(batch_size=64))
        batch = next(iter(dataset))
        model.compile(keras.optimizers.Adam(0.01), jit_compile=jit)
        assert model.jit_compile is jit
        losses[jit] = [float(model.train_on_batch(*batch)) for _ in range(3)]
    np.testing.assert_allclose(losses[True], losses[False], rtol=1e-3)
    assert losses[True][2] < losses[True][0]
    model = make(name, "sampled")
    model.compile(jit_compile=True)
    with pytest.raises(ValueError, match="`jit_compile=True` needs the loss 'full'"):
        model.fit(dataset)


@pytest.mark.parametrize("name", list_models())
def test_what_cannot_train_is_refused(name: str) -> None:
    split = data("plain")[1]
    model = make(name, "plain")
    model.compile(loss="mse")
    plain = training_dataset(model, split.train, RunConfig(batch_size=256))
    with pytest.raises(ValueError, match="The loss comes from the config"):
        model.fit(plain)
    model = make(name, "sampled")
    model.compile()
    with pytest.raises(ValueError, match=r"needs inputs with 'negatives', from `pipelines.with_negatives`"):
        model.fit(plain, verbose=0)
    model = create_model(name, data("plain")[0].schema, loss="in_batch", log_q="counted", use_item_id=True)
    model.compile()
    with pytest.raises(ValueError, match="needs the training counts"):
        model.fit(plain)


@pytest.mark.parametrize(("name", "variant"), TRAINED)
def test_trains_and_scores_in_mixed_precision(name: str, variant: str) -> None:
    inputs, expected = None, None
    for policy in ("float32", "mixed_bfloat16"):
        keras.mixed_precision.set_global_policy(policy)
        try:
            model = make(name, variant, dropout=0.0, id_dropout=0.0)
            loss = train(model, data(variant)[1], RunConfig(epochs=2, batch_size=256))["loss"]
            inputs = batch_of(model, variant, 4) if inputs is None else inputs
            scores = model.catalogue_scorer()(inputs)
        finally:
            keras.mixed_precision.set_global_policy("float32")
        assert scores.dtype == np.float32
        assert np.isfinite(scores[scores != -np.inf]).all()
        expected = loss if expected is None else expected
        np.testing.assert_allclose(loss, expected, rtol=0.05)
