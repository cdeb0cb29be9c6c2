"""Pictures of one size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array, is_unknown
from tfrec_zoo.kinds.array_kind import ArrayKind
from tfrec_zoo.schema import Feature


@dataclass(frozen=True)
class Image(ArrayKind):
    """Pictures, uint8 [height, width, 3], or files of them that are resized; a missing one is black."""

    name: ClassVar[str] = "image"
    dtype: ClassVar[str] = "uint8"

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        return column == "image" or (values.ndim == 4 and values.dtype == np.uint8)

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        """Pictures as they are, [n, height, width, channels], or bytes and paths of files, object [n]."""
        if values.ndim == 4 and values.dtype.kind in "iuf":
            return values
        if values.ndim != 1:
            raise DataError(
                f"`{column}` must be pictures [n, height, width, 3], or a file for each row. Received: shape "
                f"{values.shape}."
            )
        for row_id, value in zip(ids, values, strict=True):
            if not (is_unknown(value) or isinstance(value, str | bytes | Path)):
                raise DataError(
                    f"`{column}` must be the bytes or the path of a picture for each row, or nothing. "
                    f"Received: {type(value).__name__} for {row_id!r}."
                )
        result = np.empty(len(values), dtype=object)
        result[:] = [value if isinstance(value, str | bytes | Path) else None for value in values]
        return result

    @classmethod
    def fit(cls, values: Array, size: tuple[int, int] = (64, 64)) -> Self:
        """Keep the size of an array of pictures; decode files and bytes to `size` (height, width)."""
        return cls(tuple(values.shape[1:]) if values.ndim == 4 else (*size, 3))

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.image_encoder import ImageEncoder

        return ImageEncoder(embedding_dim, options["image_backbone"], name=feature.name)

    def __call__(self, values: Array) -> Array:
        if values.ndim == 4:
            return super().__call__(values)
        from tfrec_zoo.kinds.image_file import decode_image

        height, width, _ = self.shape
        return np.stack([decode_image(value, height, width) for value in values])

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        return generator.integers(0, 256, size=(n, *self.shape)).astype(np.uint8)
