"""Ready-made embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array
from tfrec_zoo.kinds.array_kind import ArrayKind
from tfrec_zoo.schema import Feature


@dataclass(frozen=True)
class Vector(ArrayKind):
    """Vectors of one width; one with NaN or infinity is unknown, and zero."""

    name: ClassVar[str] = "vector"
    dtype: ClassVar[str] = "float32"

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        return values.ndim == 2 and values.dtype.kind in "iuf"

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        try:
            vectors = np.asarray(values if values.dtype.kind in "iuf" else list(values), dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"`{column}` must be vectors of numbers, as many in each row ({error})."
            ) from error
        if vectors.ndim != 2:
            raise DataError(f"`{column}` must be vectors, [n, dim]. Received: shape {vectors.shape}.")
        bad = np.unique(np.nonzero(~np.isfinite(vectors))[0])
        if len(bad):
            raise DataError(
                f"`{column}` must be finite numbers. Received: NaN or infinity in {len(bad)} of "
                f"{len(vectors)} rows, first {ids[bad[0]]!r}. Mend those rows, or leave them out."
            )
        return vectors

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.vector_encoder import VectorEncoder

        return VectorEncoder(embedding_dim, name=feature.name)

    def __call__(self, values: Array) -> Array:
        vectors = super().__call__(values)
        return np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, np.float32(0))

    def encode(self, raw: Any, table: Any) -> Any:
        import tensorflow as tf

        known = tf.reduce_all(tf.math.is_finite(raw), axis=1, keepdims=True)
        return tf.where(known, raw, 0.0)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        # None of them unknown: the graphs of earlier releases did not know of unknown vectors.
        return generator.normal(size=(n, *self.shape)).astype(np.float32)
