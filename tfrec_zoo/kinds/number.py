"""Ages, prices, years: one number, scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tfrec_zoo.feature_kind import Array, FeatureKind, RawSpec
from tfrec_zoo.kinds.read_numbers import are_numbers, as_requested, read_numbers
from tfrec_zoo.schema import Feature

_FARTHEST = 8.0
"""Standard deviations."""


@dataclass(frozen=True)
class Number(FeatureKind):
    """A number less the training mean, over the training standard deviation; unknown is 0.

    What is farther than eight deviations is as far as eight, so that a slip in a table decides no list.
    """

    name: ClassVar[str] = "number"
    dtype: ClassVar[str] = "float32"

    mean: float
    std: float

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        return are_numbers(values)

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        return read_numbers(values, column, ids, cls.name)

    @classmethod
    def fit(cls, values: Array) -> Self:
        known = np.asarray(values, dtype=np.float64)
        known = known[np.isfinite(known)]
        std = float(known.std()) if len(known) else 0.0
        return cls(float(known.mean()) if len(known) else 0.0, std if std > 0 else 1.0)

    @classmethod
    def load(cls, folder: Path, name: str, saved: Mapping[str, Any]) -> Self:
        return cls(saved["mean"], saved["std"])

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.vector_encoder import VectorEncoder

        return VectorEncoder(embedding_dim, name=feature.name)

    def feature(self, name: str) -> Feature:
        return Feature(name, self.name, ())

    def __call__(self, values: Array) -> Array:
        scaled = (as_requested(values).astype(np.float64) - self.mean) / self.std
        return np.where(np.isfinite(scaled), np.clip(scaled, -_FARTHEST, _FARTHEST), 0.0).astype(np.float32)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return {"mean": self.mean, "std": self.std}

    def raw_spec(self) -> RawSpec:
        return RawSpec("float32", ())

    def encode(self, raw: Any, table: Any) -> Any:
        import tensorflow as tf

        scaled = (raw - self.mean) / self.std
        cut = tf.minimum(tf.maximum(scaled, -_FARTHEST), _FARTHEST)
        return tf.where(tf.math.is_finite(scaled), cut, 0.0)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        raw = self.mean + self.std * generator.normal(size=n)
        return np.where(generator.random(n) < 0.1, np.nan, raw).astype(np.float32)
