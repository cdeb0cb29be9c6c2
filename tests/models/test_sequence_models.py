from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tiers import slow_where
from tfrec_zoo.models import create_model, list_models
from tfrec_zoo.schema import Feature, Schema

SCHEMA = Schema(num_users=10, num_items=40, num_trained_items=40)
RNG = np.random.default_rng(0)
CASES = [
    ("gru_ranker", {}),
    ("gru_ranker", {"num_layers": 2}),
    ("attention_ranker", {"positions": "learned"}),
    ("attention_ranker", {"positions": "relative"}),
    ("attention_ranker", {"positions": "none", "feed_forward": "swiglu", "residual_gate": True}),
    ("attention_ranker", {"attention": "pointwise"}),
    ("attention_ranker", {"time_bias": True}),
]


def make(name: str, settings: dict, **more):
    sizes = {"embedding_dim": 8, "hidden_dim": 12, "max_history_length": 7, "dropout": 0.0}
    return create_model(name, SCHEMA, **{**sizes, **settings, **more})


def inputs_of(history: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "history": history.astype(np.int32),
        "user_index": np.full(len(history), 2, np.int32),
        "history_time": np.cumsum(history % 7, axis=1) * 1000,
    }


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_a_later_item_changes_nothing_before_it(name: str, settings: dict) -> None:
    model = make(name, settings)
    history = RNG.integers(2, 40, size=(3, 7))
    history[0, :3] = 0
    found = model.encode_positions(inputs_of(history)).numpy()
    for place in range(3, 7):
        other = history.copy()
        other[:, place] = (history[:, place] - 2 + 5) % 38 + 2
        again = model.encode_positions(inputs_of(other)).numpy()
        np.testing.assert_allclose(again[1:, :place], found[1:, :place], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(again[0, 3:place], found[0, 3:place], rtol=1e-4, atol=1e-5)
        assert np.abs(again[:, place:] - found[:, place:]).max() > 1e-3


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_newest_alone_is_the_last_of_all(name: str, settings: dict) -> None:
    model = make(name, settings)
    inputs = inputs_of(RNG.integers(2, 40, size=(4, 7)))
    every = model.encode_positions(inputs).numpy()
    np.testing.assert_allclose(model(inputs)["query"], every[:, -1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model(inputs, training=True)["positions"], every, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_an_empty_history_asks_for_nothing(name: str, settings: dict) -> None:
    assert (make(name, settings)(inputs_of(np.zeros((2, 7))))["query"].numpy() == 0).all()


@pytest.mark.parametrize("name", ["gru_ranker", "attention_ranker"])
def test_the_loss_of_sequences_is_that_of_their_prefixes(name: str) -> None:
    """Every position as an example of its own, padded to the same place, gives the same mean."""
    model = make(name, {})
    users = [[2, 3, 4, 5], [6, 7], [8, 9, 10]]
    history, target = np.zeros((3, 3)), np.zeros((3, 3), np.int32)
    prefixes, following = [], []
    for row, items in enumerate(users):
        history[row, 3 - len(items) + 1 :] = items[:-1]
        target[row, 3 - len(items) + 1 :] = items[1:]
        for length in range(1, len(items)):
            prefixes.append([0] * (7 - length) + items[:length])
            following.append(items[length])
    weights = tf.constant(np.where(target > 0, 1.0, 0.0), tf.float32)
    inputs = inputs_of(history)
    found = model.compute_loss(inputs, tf.constant(target), model(inputs, training=True), weights)
    inputs = inputs_of(np.array(prefixes))
    expected = model.compute_loss(inputs, tf.constant(following, tf.int32), model(inputs, training=True))
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_an_item_that_the_user_has_anywhere_is_no_negative() -> None:
    model = make("gru_ranker", {}, loss="sampled", num_negatives=2)
    history, target = np.array([[0, 2, 3], [5, 6, 7]]), np.array([[0, 3, 4], [6, 7, 8]], np.int32)
    inputs = {
        **inputs_of(history),
        "negatives": np.array([2, 5], np.int32),
        "negatives_log_q": np.zeros(2, np.float32),
        "targets_log_q": np.zeros((2, 3), np.float32),
    }
    encoded = model(inputs, training=True)
    rows = model.training_rows(inputs, tf.constant(target), encoded, None)
    np.testing.assert_array_equal(rows.targets, [3, 4, 6, 7, 8])
    np.testing.assert_array_equal(rows.owner, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(rows.positives, [[0, 0, 3, 4], [5, 6, 7, 8]])


LOSSES = ["full", "in_batch", "sampled", "gbce", "bpr"]
PAIRS = [(name, loss) for name in list_models() for loss in LOSSES]
OWN_LOSS = dict(zip(list_models(), LOSSES * 2, strict=False))
"""Another loss for each model is the quick tier."""


@pytest.mark.parametrize(("name", "loss"), slow_where(lambda name, loss: loss != OWN_LOSS[name], PAIRS))
def test_every_model_trains_on_every_loss(name: str, loss: str) -> None:
    from tests.encoded_examples import encoded_from_lists
    from tfrec_zoo.features import EncodedSplit
    from tfrec_zoo.training import RunConfig, train

    users = [np.random.default_rng(user).integers(2, 40, size=9).tolist() for user in range(8)]
    part, empty = encoded_from_lists(users), encoded_from_lists([[] for _ in users])
    split = EncodedSplit("all", part, empty, empty, 40)
    settings = {
        "embedding_dim": 8,
        "max_history_length": 7,
        "loss": loss,
        "use_item_id": True,
        "dropout": 0.0,
    }
    more = {"num_negatives": 5} if loss in ("sampled", "gbce", "bpr") else {}
    model = create_model(name, SCHEMA, **settings, **more)
    history = train(model, split, RunConfig(epochs=25, batch_size=4, learning_rate=0.01))
    assert np.isfinite(history["loss"]).all()
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("name", ["attention_ranker", "gru_ranker", "cnn_ranker"])
def test_the_user_is_added_to_every_position(name: str) -> None:
    settings = {"use_item_id": True, "use_user_id": True}
    model = create_model(name, SCHEMA, embedding_dim=8, max_history_length=7, dropout=0.0, **settings)
    inputs = inputs_of(RNG.integers(2, 40, size=(3, 7))) | {"user_index": np.array([4, 1, 7], np.int32)}
    user = model.user_embedding(inputs["user_index"]).numpy()
    assert np.abs(user[[0, 2]]).min() > 0
    assert (user[1] == 0).all(), "nobody in particular"
    expected = model.encode_positions(inputs).numpy() + user[:, None]
    np.testing.assert_allclose(model(inputs, training=True)["positions"], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model(inputs)["query"], expected[:, -1], rtol=1e-4, atol=1e-6)
    empty = inputs | {"history": np.zeros((3, 7), np.int32)}
    np.testing.assert_allclose(model(empty)["query"], user, rtol=1e-5)


def test_known_items_have_a_vector_of_their_own_in_a_cnn_profile() -> None:
    schema = Schema(10, 12, 8, item_features=(Feature("vectors", "vector", (4,)),))
    model = create_model("cnn_ranker", schema, embedding_dim=6, profile_of="both", score="dot", dropout=0.0)
    model.set_content({"vectors": RNG.normal(size=(12, 4)).astype(np.float32)})
    own = model.history_embedding.get_weights()[0]
    for item in range(2, 12):
        query = model(inputs_of(np.array([[0, item]])))["query"].numpy()[0]
        alone = model.encode_items(np.array([item])).numpy()[0]
        np.testing.assert_allclose(
            query - alone, own[item] if item < 8 else np.zeros(6), rtol=1e-4, atol=1e-6
        )


def test_a_cnn_profile_of_ids_passes_over_new_items() -> None:
    schema = Schema(10, 12, 8, item_features=(Feature("vectors", "vector", (4,)),))
    model = create_model("cnn_ranker", schema, embedding_dim=6, profile_of="id", score="dot", dropout=0.0)
    model.set_content({"vectors": RNG.normal(size=(12, 4)).astype(np.float32)})
    own = RNG.normal(size=(8, 6)).astype(np.float32)
    model.set_history_vectors(own)
    history = np.array([[3, 9, 5, 0], [11, 9, 10, 8]])
    expected = [own[[3, 5]].mean(axis=0), np.zeros(6)]
    np.testing.assert_allclose(model(inputs_of(history))["query"], expected, rtol=1e-4, atol=1e-6)


def test_target_attention_scores_in_mixed_precision() -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = create_model("attention_ranker", SCHEMA, embedding_dim=8, target_attention=True)
        inputs = inputs_of(RNG.integers(2, 40, size=(3, 7)))
        scores = model.catalogue_scorer()(inputs)
        given = model({**inputs, "candidates": np.tile(np.arange(2, 40, dtype=np.int32), (3, 1))})["scores"]
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert scores.dtype == np.float32
    np.testing.assert_allclose(given, scores[:, 2:40], atol=0.05)
