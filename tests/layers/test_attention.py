from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.layers.attention_pooling import AttentionPooling
from tfrec_zoo.layers.dense_scorer import DenseScorer
from tfrec_zoo.layers.relative_bias import RelativePositionBias
from tfrec_zoo.layers.self_attention import SelfAttention
from tfrec_zoo.layers.target_attention import TargetAttention
from tfrec_zoo.layers.transformer_block import TransformerBlock

RNG = np.random.default_rng(0)


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def dense(layer, x: np.ndarray) -> np.ndarray:
    out = x @ layer.kernel.numpy()
    return out if layer.bias is None else out + layer.bias.numpy()


@pytest.mark.parametrize("attention", ["softmax", "pointwise"])
def test_self_attention_against_a_plain_reading(attention: str) -> None:
    b, t, d, heads = 2, 5, 6, 2
    layer = SelfAttention(heads, attention)
    layer.build((None, None, d))
    for weight in layer.trainable_weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.5)
    x, bias = RNG.normal(size=(b, t, d)), RNG.normal(size=(1, heads, t, t))
    real = np.array([[False, False, True, True, True], [True] * 5])
    found = layer(tf.constant(x, tf.float32), tf.constant(real), tf.constant(bias, tf.float32)).numpy()
    query, (key, value) = dense(layer.query, x), np.split(dense(layer.key_value, x), 2, axis=-1)
    if attention == "pointwise":
        query, key, value = silu(query), silu(key), silu(value)
    width = d // heads
    for row in range(b):
        for place in np.flatnonzero(real[row]):
            mixed = []
            for head in range(heads):
                part = slice(head * width, (head + 1) * width)
                visible = [s for s in range(place + 1) if real[row, s]]
                scores = key[row, visible, part] @ query[row, place, part] / np.sqrt(width)
                scores += bias[0, head, place, visible]
                weights = softmax(scores) if attention == "softmax" else silu(scores) / t
                mixed.append(weights @ value[row, visible, part])
            joined = np.concatenate(mixed)
            if attention == "pointwise":
                joined = (joined - joined.mean()) / np.sqrt(joined.var() + 1e-3)
                joined = joined * layer.norm.gamma.numpy() + layer.norm.beta.numpy()
                joined = joined * silu(dense(layer.gate, x[row, place]))
            expected = dense(layer.output_projection, joined)
            np.testing.assert_allclose(found[row, place], expected, rtol=1e-4, atol=1e-5)
    newest = layer(
        tf.constant(x, tf.float32),
        tf.constant(real),
        tf.constant(bias[:, :, -1:], tf.float32),
        newest_only=True,
    )
    np.testing.assert_allclose(newest[:, 0], found[:, -1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{}, {"attention": "pointwise"}, {"feed_forward": "swiglu", "residual_gate": True}],
)
def test_a_block_is_causal_and_blind_to_padding(options: dict) -> None:
    block = TransformerBlock(2, 8, **options)
    block.build((None, None, 4))
    x = RNG.normal(size=(1, 6, 4)).astype(np.float32)
    real = np.array([[False, False, True, True, True, True]])
    found = block(x, padding_mask=real).numpy()
    changed = x.copy()
    changed[:, 5] *= -3
    changed[:, :2] *= -3
    again = block(changed, padding_mask=real).numpy()
    np.testing.assert_allclose(again[:, 2:5], found[:, 2:5], rtol=1e-5, atol=1e-6)
    assert np.abs(again[:, 5] - found[:, 5]).max() > 1e-2
    earlier = x.copy()
    earlier[:, 2] *= -3
    assert np.abs(block(earlier, padding_mask=real).numpy()[:, 5] - found[:, 5]).max() > 1e-3


def test_relative_bias_is_a_number_a_head_and_distance() -> None:
    layer = RelativePositionBias(2, 3)
    layer.build()
    layer.table.assign(np.arange(6).reshape(2, 3))
    found = layer(tf.zeros([1, 5])).numpy()
    assert found.shape == (1, 2, 5, 5)
    for head in range(2):
        for place in range(5):
            for before in range(place + 1):
                assert found[0, head, place, before] == head * 3 + min(place - before, 2)
    np.testing.assert_array_equal(layer(tf.zeros([1, 5]), newest_only=True)[:, :, 0], found[:, :, -1])


def test_target_attention_ignores_padding() -> None:
    layer = TargetAttention()
    layer.build((None, 4))
    candidates = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    states = RNG.normal(size=(2, 5, 4)).astype(np.float32)
    real = np.array([[False, True, True, False, True], [False] * 5])
    found = layer(candidates, states=states, padding_mask=real).numpy()
    changed = np.where(real[..., None], states, 99).astype(np.float32)
    np.testing.assert_allclose(layer(candidates, states=changed, padding_mask=real), found, atol=1e-6)
    assert (found[1] == 0).all()
    chosen = states[0, real[0]]
    scores = (candidates[0] @ layer.query.kernel.numpy()) @ (chosen @ layer.key.kernel.numpy()).T / 2
    np.testing.assert_allclose(
        found[0], softmax(scores) @ (chosen @ layer.value.kernel.numpy()), rtol=1e-4, atol=1e-5
    )
    shared = layer(candidates[0], states=states, padding_mask=real).numpy()
    np.testing.assert_allclose(shared[0], found[0], rtol=1e-5, atol=1e-6)


def test_attention_pooling_weighs_by_content_and_age() -> None:
    layer = AttentionPooling(3)
    layer.build((None, None, 2))
    layer.distance.table.assign([[0.5, -0.5, 1.0]])
    vectors = RNG.normal(size=(2, 4, 2)).astype(np.float32)
    real = np.array([[False, True, True, True], [False] * 4])
    found = layer(vectors, padding_mask=real).numpy()
    for position in (1, 2, 3):
        chosen = vectors[0, 1 : position + 1]
        scores = np.tanh(dense(layer.hidden, chosen)) @ layer.score.kernel.numpy()[:, 0]
        weights = softmax(scores + np.array([1.0, -0.5, 0.5])[-position:])
        np.testing.assert_allclose(found[0, position], weights @ chosen, rtol=1e-5, atol=1e-6)
    assert (found[0, 0] == 0).all()
    assert (found[1] == 0).all()
    newest = layer(vectors, padding_mask=real, newest_only=True).numpy()
    np.testing.assert_allclose(newest[:, 0], found[:, -1], rtol=1e-6)


def test_attention_pooling_over_all_others_but_the_one_asked_for() -> None:
    layer = AttentionPooling(4, "others")
    layer.build((None, None, 2))
    ages = np.array([0.5, -0.5, 1.0, 0.25])
    layer.distance.table.assign(ages[None])
    vectors = RNG.normal(size=(1, 4, 2)).astype(np.float32)
    real = np.array([[False, True, True, True]])
    found = layer(vectors, padding_mask=real).numpy()
    scores = np.tanh(dense(layer.hidden, vectors[0])) @ layer.score.kernel.numpy()[:, 0] + ages[::-1]
    for position in (1, 2, 3):
        others = [place for place in (1, 2, 3) if place != position + 1]
        expected = softmax(scores[others]) @ vectors[0, others]
        np.testing.assert_allclose(found[0, position], expected, rtol=1e-5, atol=1e-6)
    newest = layer(vectors, padding_mask=real, newest_only=True).numpy()
    np.testing.assert_allclose(newest[:, 0], found[:, -1], rtol=1e-6)
    with pytest.raises(UnknownNameError, match="Did you mean 'others'"):
        AttentionPooling(4, "other")


def test_dense_scorer_against_a_plain_reading() -> None:
    layer = DenseScorer(5)
    layer.build((None, 3))
    query, items = RNG.normal(size=(2, 3)).astype(np.float32), RNG.normal(size=(2, 4, 3)).astype(np.float32)
    found = layer(query, items).numpy()
    for row in range(2):
        for column in range(4):
            product = query[row] * items[row, column]
            hidden = dense(layer.of_query, query[row]) + dense(layer.of_item, items[row, column])
            hidden = np.maximum(hidden + dense(layer.of_product, product), 0)
            expected = product.sum() + hidden @ layer.preference.kernel.numpy()[:, 0]
            assert found[row, column] == pytest.approx(expected, rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(layer(query, items[0])[0], found[0], rtol=1e-5, atol=1e-6)


def test_a_layer_of_an_earlier_version_names_its_scope_otherwise() -> None:
    layer = AttentionPooling.from_config({"max_history_length": 3, "context": "others"})
    assert layer.history_scope == "others"
    assert AttentionPooling.from_config(layer.get_config()).history_scope == "others"
