"""Columns that are arrays of one shape already: what vectors, pictures and sound share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array, FeatureKind, RawSpec
from tfrec_zoo.schema import Feature


@dataclass(frozen=True)
class ArrayKind(FeatureKind):
    """Arrays that a model reads as they are."""

    shape: tuple[int, ...]
    """Of a row."""

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Take the shape of a row."""
        return cls(tuple(values.shape[1:]))

    @classmethod
    def load(cls, folder: Path, name: str, saved: Mapping[str, Any]) -> Self:
        return cls(tuple(saved["shape"]))

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return {"shape": list(self.shape)}

    def feature(self, name: str) -> Feature:
        return Feature(name, self.name, self.shape)

    def __call__(self, values: Array) -> Array:
        values = np.asarray(values)
        if values.shape[1:] != self.shape:
            raise DataError(
                f"A column of {self.name}s must have rows of shape {self.shape}, as in training. "
                f"Received: {values.shape[1:]}"
            )
        return values.astype(self.dtype)

    def raw_spec(self) -> RawSpec:
        return RawSpec(self.dtype, self.shape)
