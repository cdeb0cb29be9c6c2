"""Sound of one length."""

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
class Audio(ArrayKind):
    """16-bit PCM."""

    name: ClassVar[str] = "audio"
    dtype: ClassVar[str] = "int16"

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        return column == "audio" or (values.ndim == 2 and values.dtype == np.int16)

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        if values.ndim == 2 and values.dtype == np.int16:
            return values
        rows = [np.asarray(row) for row in values]
        for row_id, row in zip(ids, rows, strict=True):
            if row.shape != rows[0].shape or not _is_pcm(row):
                raise DataError(
                    f"`{column}` must be lists of 16-bit whole numbers of one length, {rows[0].shape} as "
                    f"{ids[0]!r} has. Received: {row_id!r} with shape {row.shape} of {row.dtype}: "
                    f"{np.array2string(row, threshold=8)}. Cut or pad the sounds to one length."
                )
        return np.array(rows, dtype=np.int16)

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.audio_encoder import AudioEncoder

        return AudioEncoder(embedding_dim, name=feature.name)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        return generator.integers(-9000, 9001, size=(n, *self.shape)).astype(np.int16)


def _is_pcm(row: Array) -> bool:
    """Whether a row holds 16-bit whole numbers, of whatever type."""
    if row.ndim != 1 or row.dtype.kind not in "iuf":
        return False
    with np.errstate(invalid="ignore"):
        return bool((row.astype(np.int16) == row).all())
