"""A kind of column as somebody outside the package would write it: "#ff8800" as three shares of light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array, FeatureKind, RawSpec
from tfrec_zoo.schema import Feature

_PAIRS = [f"{value:02x}" for value in range(256)]


class Tint(keras.layers.Layer):
    """A dense layer over the light's shares; no colour is zero."""

    def __init__(self, embedding_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.projection = keras.layers.Dense(embedding_dim, use_bias=False)

    def build(self, input_shape: Any) -> None:
        self.projection.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.projection(inputs)


@dataclass(frozen=True)
class Colour(FeatureKind):
    name: ClassVar[str] = "colour"
    dtype: ClassVar[str] = "float32"
    portable: ClassVar[bool] = False

    mean: tuple[float, ...]

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        return values.dtype.kind == "O" and all(
            isinstance(value, str) and (not value or (value[0] == "#" and len(value) == 7))
            for value in values
        )

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        for row, value in zip(ids, values, strict=True):
            if value and not (len(value) == 7 and set(value[1:]) <= set("0123456789abcdef")):
                raise DataError(
                    f"`{column}` must hold colours such as #ff8800. Received: {value!r} for {row!r}"
                )
        return np.array([value or "" for value in values], dtype=object)

    @classmethod
    def fit(cls, values: Array) -> Self:
        return cls(tuple(map(float, np.mean([_light(value) for value in values if value], axis=0))))

    @classmethod
    def load(cls, folder: Path, name: str, saved: Mapping[str, Any]) -> Self:
        return cls(tuple(saved["mean"]))

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        return Tint(embedding_dim, name=feature.name)

    def feature(self, name: str) -> Feature:
        return Feature(name, self.name, (3,))

    def __call__(self, values: Array) -> Array:
        rows = [np.subtract(_light(value), self.mean) if value else np.zeros(3) for value in values]
        return np.array(rows, dtype=np.float32).reshape(-1, 3)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return {"mean": list(self.mean)}

    def raw_spec(self) -> RawSpec:
        return RawSpec("string", ())

    def table(self) -> Any:
        values = tf.range(256, dtype=tf.int64)
        return tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant(_PAIRS), values), default_value=0
        )

    def encode(self, raw: Any, table: Any) -> Any:
        known = tf.strings.length(raw) == 7
        whole = tf.where(known, raw, "#000000")
        pairs = tf.stack([tf.strings.substr(whole, place, 2) for place in (1, 3, 5)], axis=1)
        light = tf.cast(table.lookup(pairs), tf.float32) / 255 - tf.constant(self.mean, tf.float32)
        return tf.where(known[:, None], light, 0.0)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        pairs = generator.choice(_PAIRS, size=(n, 3))
        drawn = ["#" + "".join(row) for row in pairs]
        return np.array(["", *drawn[1:]], dtype=str)


def _light(value: str) -> list[float]:
    return [int(value[place : place + 2], 16) / 255 for place in (1, 3, 5)]
