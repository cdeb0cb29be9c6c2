from __future__ import annotations

import keras
import numpy as np
import pytest

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.layers import (
    AudioEncoder,
    CategoryEncoder,
    ImageEncoder,
    ItemEncoder,
    LocationEncoder,
    TextEncoder,
    VectorEncoder,
    feature_encoder,
)
from tfrec_zoo.schema import Feature, Schema

FEATURES = (
    Feature("categories", "category", (3,), 6),
    Feature("title", "text", (5,), 9),
    Feature("price", "number", ()),
    Feature("vectors", "vector", (4,)),
    Feature("image", "image", (16, 12, 3)),
    Feature("audio", "audio", (600,)),
    Feature("year", "bucketed_number", (1,), 9),
    Feature("location", "location", (4,)),
)
SCHEMA = Schema(num_users=3, num_items=7, num_trained_items=5, item_features=FEATURES)


def content(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    arrays = {}
    for feature in FEATURES:
        shape = (n, *feature.shape)
        if feature.kind in ("vector", "number", "location"):
            arrays[feature.name] = rng.normal(size=shape).astype(np.float32)
        else:
            high = feature.vocabulary_size or (255 if feature.kind == "image" else 20000)
            arrays[feature.name] = rng.integers(2, high, size=shape).astype(feature.dtype)
    return arrays


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.kind)
def test_each_kind_gives_a_vector_that_depends_on_its_input(feature: Feature) -> None:
    layer = feature_encoder(feature, 8)
    values = content(4)[feature.name]
    vectors = keras.ops.convert_to_numpy(layer(values))
    assert vectors.shape == (4, 8)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors - vectors[::-1]).max() > 1e-4
    again = type(layer).from_config(layer.get_config())
    again.build((None, *feature.shape))
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(again(values), vectors, rtol=1e-6)


def test_categories_are_the_sum_of_the_real_ones_over_the_root_of_their_number() -> None:
    layer = CategoryEncoder(5, 2)
    layer.build((None, 3))
    table = layer.embedding.get_weights()[0]
    found = layer(np.array([[2, 4, 0], [0, 0, 0]]))
    np.testing.assert_allclose(found, [(table[2] + table[4]) / 2**0.5, [0, 0]], rtol=1e-5, atol=1e-7)


def test_words_without_convolutions_are_summed() -> None:
    layer = TextEncoder(9, 4, ())
    found = layer(np.array([[3, 4, 5, 0], [0, 0, 0, 0]]))
    (table,) = layer.get_weights()
    np.testing.assert_allclose(found, [table[[3, 4, 5]].sum(axis=0) / 3**0.5, np.zeros(4)], rtol=1e-5)


def test_padding_at_the_end_of_a_text_changes_nothing() -> None:
    layer = TextEncoder(9, 4)
    short = keras.ops.convert_to_numpy(layer(np.array([[3, 4, 5]])))
    np.testing.assert_allclose(layer(np.array([[3, 4, 5, 0, 0]])), short, rtol=1e-5)


def test_an_image_is_scaled_and_a_pitch_is_heard() -> None:
    assert ImageEncoder(4)(np.full((1, 8, 8, 3), 255, np.uint8)).shape == (1, 4)
    time = np.arange(1000) / 8000
    tones = np.stack([np.sin(2 * np.pi * f * time) * 9000 for f in (200, 3000)]).astype(np.int16)
    low, high = keras.ops.convert_to_numpy(AudioEncoder(4)(tones))
    assert np.abs(low - high).max() > 1e-3


def test_numbers_and_vectors_are_projected() -> None:
    layer = VectorEncoder(3)
    layer.build((None,))
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(
        layer(np.array([2.0, -1.0])), np.array([[2.0], [-1.0]]) @ kernel + bias, rtol=1e-5
    )


def filled(**arguments) -> ItemEncoder:
    encoder = ItemEncoder(SCHEMA, 8, **arguments)
    encoder.build()
    encoder.set_content(content(7))
    return encoder


def test_a_row_is_its_id_plus_its_content() -> None:
    encoder = filled()
    rows = np.array([[2, 6], [2, 4]])
    table = encoder.id_embedding.get_weights()[0]
    parts = sum(
        keras.ops.convert_to_numpy(encoder.encoders[name](values)) for name, values in content(7).items()
    )
    ids = np.array([0, 1, 2, 3, 4, 1, 1])  # rows 5 and 6 are cold: they have no id of their own
    np.testing.assert_allclose(encoder(rows), (parts + table[ids])[rows], rtol=1e-4, atol=1e-5)


def test_bare_content_equals_a_cold_row() -> None:
    encoder = filled()
    bare = encoder.encode_content({name: values[5:] for name, values in content(7).items()})
    np.testing.assert_allclose(bare, encoder(np.array([5, 6])), rtol=1e-5, atol=1e-6)


def test_id_dropout_hides_ids_in_training_alone() -> None:
    schema = Schema(num_users=3, num_items=7, num_trained_items=7)
    encoder = ItemEncoder(schema, 4, id_dropout=0.5)
    encoder.build()
    table = encoder.id_embedding.get_weights()[0]
    rows = np.full((2000,), 4)
    np.testing.assert_allclose(encoder(rows), table[rows], rtol=1e-6)
    hidden = np.isclose(keras.ops.convert_to_numpy(encoder(rows, training=True)), table[1]).all(axis=1)
    assert 0.45 < hidden.mean() < 0.55


def test_content_dropout_hides_words_one_by_one_and_vectors_whole() -> None:
    schema = Schema(2002, 2002, 2002, item_features=(FEATURES[0], FEATURES[3]))
    encoder = ItemEncoder(schema, 4, use_id=False, content_dropout=0.25)
    encoder.build()
    encoder.set_content({"categories": np.full((2002, 3), 4), "vectors": np.ones((2002, 4), np.float32)})
    rows = np.arange(2, 2002)
    category = encoder.encoders["categories"].embedding.get_weights()[0][4]
    vector = keras.ops.convert_to_numpy(encoder.encoders["vectors"](np.ones((1, 4), np.float32)))[0]
    whole = 3**0.5 * category + vector
    np.testing.assert_allclose(encoder(rows), np.tile(whole, (2000, 1)), rtol=1e-5, atol=1e-6)
    trained = keras.ops.convert_to_numpy(encoder(rows, training=True))
    share = {
        (left, kept): np.isclose(trained, left**0.5 * category + kept * vector, atol=1e-5).all(axis=1).mean()
        for left in range(4)
        for kept in (0, 1)
    }
    assert sum(share.values()) == pytest.approx(1)
    assert sum(share[left, 0] for left in range(4)) == pytest.approx(0.25, abs=0.04)  # vectors, as a whole
    assert sum(share[3, kept] for kept in (0, 1)) == pytest.approx(0.75**3, abs=0.04)  # categories, singly


@pytest.mark.parametrize("backbone", ["plain", "residual", "MobileNetV3Small"])
def test_image_backbones(backbone: str) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 40, 3)).astype(np.uint8)
    layer = ImageEncoder(5, backbone)
    layer.build((None, 32, 40, 3))
    vectors = keras.ops.convert_to_numpy(layer(pictures))
    assert vectors.shape == (3, 5)
    assert np.abs(vectors - vectors[::-1]).max() > 0
    again = ImageEncoder.from_config(layer.get_config())
    again.build((None, 32, 40, 3))
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(again(pictures), vectors, rtol=1e-5, atol=1e-6)


def test_an_unknown_image_backbone_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'MobileNetV2'"):
        ImageEncoder(5, "MobilNetV2")


def test_wrong_content_is_refused() -> None:
    encoder = ItemEncoder(SCHEMA, 8)
    encoder.build()
    with pytest.raises(ValueError, match="`content` must have"):
        encoder.set_content({"title": np.zeros((7, 5))})
    with pytest.raises(ValueError, match=r"must have shape \(7, 3\)"):
        encoder.set_content(content(6))
    with pytest.raises(ValueError, match="needs content"):
        ItemEncoder(Schema(3, 7, 7), 8, use_id=False)


def test_a_place_is_read_on_many_scales_and_an_unknown_one_is_zero() -> None:
    layer = LocationEncoder(5, num_scales=3, min_scale=0.5, max_scale=8.0)
    places = np.array([[0.3, -1.2, 0.01, 1], [0.31, -1.2, 0.01, 1], [0, 0, 0, 0]], np.float32)
    found = layer(places)
    hidden, hidden_bias, projection, bias = layer.get_weights()
    angles = np.concatenate([places[:, :3] / scale for scale in (0.5, 2.0, 8.0)], axis=1)
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    expected = np.maximum(waves @ hidden + hidden_bias, 0) @ projection + bias
    np.testing.assert_allclose(found[:2], expected[:2], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found[2], 0)
    assert np.abs(found[0] - found[1]).max() > 1e-4
    assert layer.get_config()["max_scale"] == 8.0
    with pytest.raises(ValueError, match="`num_scales` must be at least 2"):
        LocationEncoder(5, num_scales=1)
    with pytest.raises(ValueError, match="`max_scale` above it"):
        LocationEncoder(5, min_scale=2.0, max_scale=1.0)
