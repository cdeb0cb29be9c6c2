"""What every registered model must keep, as functions of its name and of a variant of its settings.

A model from outside is put to them alike: register its class in `models.registry.MODELS`, then call each.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts.examples import SHARED, batch_of, data, make
from tfrec_zoo.baselines import Popularity
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.models import create_model
from tfrec_zoo.models.stored_items import with_stored_items
from tfrec_zoo.training import RunConfig, train, training_dataset


def shapes_for_any_batch_and_any_number_of_candidates(name: str, variant: str) -> None:
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


def every_weight_gets_a_gradient(name: str, variant: str) -> None:
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


def config_survives_json(name: str, variant: str) -> None:
    model = make(name, variant)
    again = type(model).from_config(json.loads(json.dumps(model.get_config())))
    assert again.config == model.config
    assert again.schema == model.schema
    assert [tuple(w.shape) for w in again.weights] == [tuple(w.shape) for w in model.weights]


RELOAD = """
import importlib, sys, numpy as np, keras, tfrec_zoo.models
importlib.import_module(sys.argv[4])  # a class from outside is known once its module is
model = keras.saving.load_model(sys.argv[1])
inputs = dict(np.load(sys.argv[2], allow_pickle=False))
described = repr((type(model).__name__, model.config))
np.savez(sys.argv[3], scores=model.catalogue_scorer()(inputs), config=described)
"""


def a_saved_model_answers_alike_in_a_fresh_process(name: str, variant: str, tmp_path: Path) -> None:
    model = make(name, variant)
    train(model, data(variant)[1], RunConfig(epochs=1, batch_size=256))
    inputs = batch_of(model, variant, 20)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "inputs.npz", **inputs)
    files = [tmp_path / "model.keras", tmp_path / "inputs.npz", tmp_path / "answer.npz"]
    arguments = [*files, type(model).__module__]
    subprocess.run([sys.executable, "-c", RELOAD, *map(str, arguments)], check=True, capture_output=True)
    with np.load(tmp_path / "answer.npz", allow_pickle=False) as answer:
        np.testing.assert_array_equal(answer["scores"], model.catalogue_scorer()(inputs))
        assert str(answer["config"]) == repr((type(model).__name__, model.config))


def stored_items_stand_for_the_content(name: str, tmp_path: Path) -> None:
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


def padding_and_order_of_candidates_change_nothing(name: str, variant: str) -> None:
    model = make(name, variant)
    inputs = batch_of(model, variant, 6)
    wider = {
        key: np.concatenate([np.zeros((6, 4), inputs[key].dtype), inputs[key]], axis=1)
        for key in ("history", "history_time")
        if key in inputs
    }
    np.testing.assert_allclose(
        model({**inputs, **wider})["query"], model(inputs)["query"], rtol=1e-4, atol=1e-6
    )
    candidates = np.array([[5, 9, 30]] * 6, np.int32)
    forward = model({**inputs, "candidates": candidates})["scores"].numpy()
    backward = model({**inputs, "candidates": candidates[:, ::-1]})["scores"].numpy()
    np.testing.assert_allclose(forward, backward[:, ::-1], rtol=1e-5, atol=1e-6)


def learns_planted_structure_above_popularity(name: str) -> None:
    split = data("plain")[1]
    model = make(name, "plain", max_history_length=20)
    history = train(model, split, RunConfig(epochs=12, batch_size=128, learning_rate=5e-3, patience=12))
    found = evaluate(model, split, ks=(10,), num_bootstrap=0).metrics["ndcg@10"]
    popular = evaluate(Popularity().fit(split.train, split.num_items), split, ks=(10,), num_bootstrap=0)
    assert found > 1.3 * popular.metrics["ndcg@10"]
    assert history["loss"][-1] < history["loss"][0]


def overfits_one_batch(name: str, variant: str) -> None:
    model = make(name, variant, dropout=0.0, id_dropout=0.0, remove_accidental_hits=True)
    size = 24 if model.trains_on == "pairs" else 4
    batch = training_dataset(model, data(variant)[1].train, RunConfig(batch_size=size)).take(1).cache()
    model.compile(keras.optimizers.Adam(0.01))
    losses = model.fit(batch, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


def the_seed_decides_everything(name: str) -> None:
    split = data("plain")[1]

    def scores(seed: int) -> np.ndarray:
        model = make(name, "plain", seed=seed, dropout=0.1)
        train(model, split, RunConfig(epochs=1, batch_size=256, seed=seed))
        return model(
            {**batch_of(model, "plain", 5), "candidates": np.tile(np.arange(2, 60, dtype=np.int32), (5, 1))}
        )["scores"].numpy()

    np.testing.assert_allclose(scores(1), scores(1), rtol=1e-4, atol=1e-5)
    assert np.abs(scores(1) - scores(2)).max() > 1e-3


def the_seed_decides_the_initial_weights_and_nothing_else(name: str, variant: str) -> None:
    random.seed(99)
    expected = random.random()
    random.seed(99)
    first, same, other = (make(name, variant, seed=seed) for seed in (1, 1, 2))
    assert random.random() == expected, "making a model leaves Python's generator alone"
    for weight, again in zip(first.trainable_weights, same.trainable_weights, strict=True):
        np.testing.assert_array_equal(weight, again)
    differs = [np.abs(a - b).max() > 0 for a, b in zip(first.get_weights(), other.get_weights(), strict=True)]
    assert any(differs)


def training_without_content_is_refused(name: str) -> None:
    features, split = data("content")
    model = create_model(name, features.schema, **SHARED["content"])
    for use in (
        lambda: train(model, split, RunConfig(epochs=1)),
        lambda: evaluate(model, split),
        model.item_vectors,
    ):
        with pytest.raises(ValueError, match="Content must be set before training"):
            use()
    model.set_content({name: np.zeros_like(values) for name, values in features.item_features.items()})
    assert model.item_vectors().shape == (split.num_items, model.vector_dim)


def training_resumes_from_a_file(name: str, tmp_path: Path) -> None:
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


def xla_trains_alike(name: str, variant: str) -> None:
    """Or is refused: where its shapes depend on the data."""
    split = data(variant)[1]
    losses = {}
    for jit in (True, False):
        model = make(name, variant, dropout=0.0)
        # Batches of one shape: XLA compiles anew for each.
        dataset = training_dataset(model, split.train, RunConfig(batch_size=64))
        batch = next(iter(dataset))
        model.compile(keras.optimizers.Adam(0.01), jit_compile=jit)
        assert model.jit_compile is jit
        of_rows = model.scores_by_dot_product or model.trains_on == "pairs"
        if jit and (model.config.loss != "full" or model.schema.item_features or not of_rows):
            with pytest.raises(ValueError, match="`jit_compile=True` needs the loss 'full'"):
                model.fit(dataset)
            return
        losses[jit] = [float(model.train_on_batch(*batch)) for _ in range(3)]
    np.testing.assert_allclose(losses[True], losses[False], rtol=1e-3)
    assert losses[True][2] < losses[True][0]


def what_cannot_train_is_refused(name: str) -> None:
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


def trains_and_scores_in_mixed_precision(name: str, variant: str) -> None:
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
