"""What every kind promises, the package's and an outsider's alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.kinds.colour import Colour
from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.tables import Items, Users
from tfrec_zoo.data.typed_columns import raw_column
from tfrec_zoo.export.graph.raw_features import RawFeatures
from tfrec_zoo.feature_kind import KINDS, FeatureKind, named_kinds
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.layers import feature_encoder

RAW: dict[str, list[Any]] = {
    "category": [("a", "b"), ("b",), (), ("c", "a")],
    "text": ["Red Moon", "the red moon", "", "Moon; MOON"],
    "number": [3, 7.5, None, 10],
    "bucketed_number": [3, 7.5, float("nan"), 10],
    "vector": [[1, 2, 3], [4, 5, 6], [0, 0, 1], [9, 9, 9]],
    "image": list(np.random.default_rng(0).integers(0, 256, (4, 8, 6, 3)).astype(np.uint8)),
    "audio": list(np.random.default_rng(1).integers(-99, 99, (4, 300)).astype(np.int16)),
    "location": [(48.1, 11.5), (48.2, 11.6), None, (52.5, 13.4)],
    "colour": ["#ff8800", "#000000", "", "#0000ff"],
}
IDS = np.array(["w", "x", "y", "z"], object)


@pytest.fixture(params=RAW)
def kind(request: pytest.FixtureRequest) -> Iterator[type[FeatureKind]]:
    if request.param == "colour":
        KINDS.register("colour", Colour)
    yield KINDS.find(request.param)
    if request.param == "colour":
        KINDS.unregister("colour")


def fitted(kind: type[FeatureKind]) -> tuple[FeatureKind, np.ndarray]:
    values = kind.read(raw_column(RAW[kind.name]), "column", IDS)
    return kind.fit(values), values


def test_the_samples_are_of_every_kind() -> None:
    assert set(RAW) == {*KINDS, "colour"}
    for name in KINDS:
        assert KINDS[name].name == name


def test_reading_again_changes_nothing(kind) -> None:
    values = kind.read(raw_column(RAW[kind.name]), "column", IDS)
    again = kind.read(values, "column", IDS)
    assert len(values) == 4
    assert again.dtype == values.dtype
    assert all(map(np.array_equal, again[:2], values[:2]))
    assert kind.read(values[:0], "column", IDS[:0]).shape == (0, *values.shape[1:])


def test_encoded_values_are_as_the_schema_says(kind, tmp_path) -> None:
    transform, values = fitted(kind)
    feature = transform.feature("column")
    encoded = transform(values)
    assert (encoded.shape, encoded.dtype.name) == ((4, *feature.shape), kind.dtype)
    assert feature.dtype == kind.dtype
    assert transform.missing(2).shape == (2, *feature.shape)
    assert not transform.missing(2).any()
    again = kind.load(tmp_path, "column", transform.save(tmp_path, "column"))
    np.testing.assert_array_equal(again(values), encoded)
    if kind.tokens:
        assert 0 <= encoded.min() <= encoded.max() < feature.vocabulary_size


def test_a_graph_encodes_a_request_alike(kind) -> None:
    transform, _ = fitted(kind)
    raw = RawFeatures([transform.feature("column")], {"column": transform})
    generator = np.random.default_rng(3)
    drawn = transform.draw(generator, 200)
    (spec,) = raw.specs().values()
    assert spec.is_compatible_with(tf.constant(drawn))
    encode = tf.function(lambda column: raw({"column": column})["column"], input_signature=[spec])
    plain = transform(drawn.astype(object) if drawn.dtype.kind == "U" else drawn)
    found = encode(tf.constant(drawn)).numpy()
    assert found.dtype == plain.dtype
    np.testing.assert_allclose(found, plain, atol=2e-5)
    assert len(np.unique(plain, axis=0)) > 3, "requests that differ"


def test_unknown_vectors_are_zero_in_a_graph_too() -> None:
    transform, _ = fitted(KINDS["vector"])
    raw = np.array([[1, 2, 3], [np.nan, 2, 3], [1, np.inf, 3]], np.float32)
    expected = [[1, 2, 3], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_array_equal(transform(raw), expected)
    np.testing.assert_array_equal(transform.encode(tf.constant(raw), None), expected)


def test_its_layer_reads_it_and_learns(kind) -> None:
    transform, values = fitted(kind)
    layer = feature_encoder(transform.feature("column"), 8)
    encoded = keras.ops.convert_to_tensor(transform(values))
    with tf.GradientTape() as tape:
        vectors = layer(encoded)
        loss = tf.reduce_sum(vectors * tf.constant(np.random.default_rng(0).normal(size=(4, 8)), tf.float32))
    assert (layer.name, vectors.shape) == ("column", (4, 8))
    gradients = tape.gradient(loss, layer.trainable_weights)
    assert all(gradient is not None for gradient in gradients)
    assert np.abs(vectors[0] - vectors[3]).max() > 0


def test_a_table_tells_its_kind(kind) -> None:
    names = {"text": "title", "location": "location", "image": "image", "audio": "audio"}
    name = names.get(kind.name, "column")
    items = Items(IDS, **{name: RAW[kind.name]})
    expected = "number" if kind.name == "bucketed_number" else kind.name
    assert items.kinds == {name: expected}
    assert items.take(np.array([3, 0])).kinds == items.kinds
    users = Users(IDS, {name: RAW[kind.name]}, {name: kind.name})
    assert users.kinds == {name: kind.name}


def test_an_outsider_s_kind_is_refused_where_it_does_not_fit() -> None:
    for name, entry in (("color", Colour), ("colour", Colour((0.5,) * 3)), ("colour", dict)):
        with pytest.raises(ValueError, match="subclass of FeatureKind whose `name` is"):
            KINDS.register(name, entry)
    with pytest.raises(ValueError, match="must be free"):
        KINDS.register("number", type("Number", (Colour,), {"name": "number"}))
    assert "colour" not in KINDS


def test_kinds_that_are_said() -> None:
    assert named_kinds(["price:number", " title "]) == {"price": "number", "title": None}
    assert named_kinds("zip:category") == {"zip": "category"}
    assert named_kinds({"zip": "category"}) == {"zip": "category"}
    with pytest.raises(UnknownNameError, match="Did you mean 'number'"):
        named_kinds(["price:numbr"])
    with pytest.raises(UnknownNameError, match="column"):
        Items(IDS, title=RAW["text"], kinds={"titel": "text"})
    with pytest.raises(DataError, match=r"must be of one of the kinds .* 'when', shape"):
        Items(IDS, when=np.zeros(4, "datetime64[s]"))


def test_features_of_a_kind_that_nobody_registered(tmp_path) -> None:
    from tfrec_zoo.data.sources.synthetic import synthetic

    data = synthetic(num_users=9, num_items=20, num_interactions=60)
    KINDS.register("colour", Colour)
    try:
        items = Items(data.items.item_id, paint=["#ff8800", ""] * 10)
        assert items.kinds == {"paint": "colour"}, "an outsider's kind comes before the package's"
        FeatureSpace.fit(data.interactions, items, content=["paint"]).save(tmp_path)
        assert FeatureSpace.load(tmp_path).schema.item_features[0].kind == "colour"
    finally:
        KINDS.unregister("colour")
    with pytest.raises(UnknownNameError, match=r"Unknown feature kind.*'colour'"):
        FeatureSpace.load(tmp_path)
