"""Numbers whose effect is no straight line: the bucket that a number falls into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tfrec_zoo.feature_kind import Array, FeatureKind, RawSpec
from tfrec_zoo.kinds.read_numbers import as_requested, read_numbers
from tfrec_zoo.schema import NUM_RESERVED, PAD, Feature


@dataclass(frozen=True)
class BucketedNumber(FeatureKind):
    """One of the buckets between quantiles of the training rows, with an embedding of its own.

    An unknown number is PAD.
    """

    name: ClassVar[str] = "bucketed_number"
    dtype: ClassVar[str] = "int32"
    tokens: ClassVar[bool] = True

    bounds: tuple[float, ...]
    """Ascending float32 numbers; bucket b holds the numbers from bounds[b - 1] to below bounds[b]."""

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        return read_numbers(values, column, ids, cls.name)

    @classmethod
    def fit(cls, values: Array, num_buckets: int = 16) -> Self:
        """Learn bounds that leave as many training rows in each bucket, fewer where numbers repeat."""
        known = as_requested(values)
        known = known[np.isfinite(known)]
        if not len(known):
            return cls(())
        inner = np.arange(1, num_buckets) / num_buckets
        quantiles = np.unique(np.quantile(known, inner, method="higher"))
        return cls(tuple(float(bound) for bound in quantiles if bound > known.min()))

    @classmethod
    def load(cls, folder: Path, name: str, saved: Mapping[str, Any]) -> Self:
        return cls(tuple(saved["bounds"]))

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.category_encoder import CategoryEncoder

        return CategoryEncoder(feature.vocabulary_size or 0, embedding_dim, name=feature.name)

    def feature(self, name: str) -> Feature:
        return Feature(name, self.name, (1,), NUM_RESERVED + len(self.bounds) + 1)

    def __call__(self, values: Array) -> Array:
        numbers = as_requested(values)
        bucket = np.searchsorted(np.array(self.bounds, np.float32), numbers, side="right") + NUM_RESERVED
        return np.where(np.isfinite(numbers), bucket, PAD).astype(np.int32)[:, None]

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return {"bounds": list(self.bounds)}

    def raw_spec(self) -> RawSpec:
        return RawSpec("float32", ())

    def encode(self, raw: Any, table: Any) -> Any:
        import tensorflow as tf

        raw = raw[:, None]
        # LiteRT has no searchsorted.
        passed = tf.cast(raw >= tf.constant(self.bounds, tf.float32, (1, len(self.bounds))), tf.int32)
        bucket = tf.reduce_sum(passed, axis=1, keepdims=True) + NUM_RESERVED
        return tf.where(tf.math.is_finite(raw), bucket, PAD)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        low, high = (self.bounds[0], self.bounds[-1]) if self.bounds else (0.0, 1.0)
        margin = 0.1 * (high - low) + 1
        raw = generator.uniform(low - margin, high + margin, size=n)
        return np.where(generator.random(n) < 0.1, np.nan, raw).astype(np.float32)
