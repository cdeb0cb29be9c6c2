"""One transform a kind of feature: raw column to the array that the model sees, fitted on training rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import DataError
from tfrec_zoo.features.media import decode_image
from tfrec_zoo.features.vocabulary import Vocabulary
from tfrec_zoo.schema import Feature, FeatureKind

Array = npt.NDArray[Any]
_WORD = re.compile(r"\w+")


class Transform(Protocol):
    """What every kind offers."""

    kind: ClassVar[FeatureKind]

    def feature(self, name: str) -> Feature:
        """The schema entry of the transformed column."""

    def __call__(self, values: Array) -> Array:
        """Raw column [n] to encoded array [n, *feature.shape]."""

    def missing(self, n: int) -> Array:
        """What stands for an unknown row, [n, *feature.shape]."""

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        """Write the files that it needs and return the JSON-ready rest."""


@dataclass(frozen=True)
class TokenTransform:
    """Bags or sequences of strings as padded indices: categories and words."""

    kind: ClassVar[FeatureKind]
    vocabulary: Vocabulary
    length: int
    """Tokens kept of a row; the rest is cut."""
    min_rows: ClassVar[int] = 1
    """In how many training rows a token must stand to be in the vocabulary."""

    @staticmethod
    def tokenize(value: Any) -> Iterable[str]:
        """The tokens of one raw value."""
        raise NotImplementedError

    @classmethod
    def fit(cls, values: Array, max_length: int = 32) -> Self:
        """Learn the tokens of the training rows; `length` is the longest row's, at most `max_length`."""
        rows = [list(cls.tokenize(value)) for value in values]
        longest = max((len(row) for row in rows), default=0)
        num_rows = Counter(token for row in rows for token in set(row))
        known = (token for row in rows for token in row if num_rows[token] >= cls.min_rows)
        return cls(Vocabulary.fit(known), min(max(longest, 1), max_length))

    def feature(self, name: str) -> Feature:
        return Feature(name, self.kind, (self.length,), len(self.vocabulary))

    def __call__(self, values: Array) -> Array:
        padded = np.full((len(values), self.length), "", dtype=object)
        for row, value in enumerate(values):
            tokens = list(self.tokenize(value))[: self.length]
            padded[row, : len(tokens)] = tokens
        return self.vocabulary.lookup(padded)

    def missing(self, n: int) -> Array:
        return np.zeros((n, self.length), dtype=np.int32)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        self.vocabulary.save(folder / f"{name}.txt")
        return {"length": self.length}

    @classmethod
    def load(cls, folder: Path, name: str, values: Mapping[str, Any]) -> Self:
        """Read what `save` wrote."""
        return cls(Vocabulary.load(folder / f"{name}.txt"), values["length"])


@dataclass(frozen=True)
class CategoryTransform(TokenTransform):
    """A tuple of strings, or one string, as indices."""

    kind: ClassVar[FeatureKind] = "category"

    @staticmethod
    def tokenize(value: Any) -> Iterable[str]:
        values = (value,) if isinstance(value, str) else value
        return (line for v in values if (line := " ".join(str(v).split())))


@dataclass(frozen=True)
class TextTransform(TokenTransform):
    """Lower-cased words of a string as indices, in their order.

    A word of a single training row tells nothing of other rows: it is unknown, as a new item's new words are.
    """

    kind: ClassVar[FeatureKind] = "text"
    min_rows: ClassVar[int] = 2

    @staticmethod
    def tokenize(value: Any) -> Iterable[str]:
        return _WORD.findall(str(value or "").lower())


@dataclass(frozen=True)
class NumberTransform:
    """A number less the training mean, over the training standard deviation; unknown is 0."""

    kind: ClassVar[FeatureKind] = "number"
    mean: float
    std: float

    @classmethod
    def fit(cls, values: Array) -> NumberTransform:
        known = np.asarray(values, dtype=np.float64)
        known = known[np.isfinite(known)]
        std = float(known.std()) if len(known) else 0.0
        return cls(float(known.mean()) if len(known) else 0.0, std if std > 0 else 1.0)

    def feature(self, name: str) -> Feature:
        return Feature(name, "number", ())

    def __call__(self, values: Array) -> Array:
        scaled = (np.asarray(values, dtype=np.float64) - self.mean) / self.std
        return np.where(np.isfinite(scaled), scaled, 0.0).astype(np.float32)

    def missing(self, n: int) -> Array:
        return np.zeros(n, dtype=np.float32)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return {"mean": self.mean, "std": self.std}

    @classmethod
    def load(cls, folder: Path, name: str, values: Mapping[str, Any]) -> NumberTransform:
        return cls(values["mean"], values["std"])


@dataclass(frozen=True)
class ArrayTransform:
    """Columns that are arrays already: ready-made vectors, pictures and sound of one size."""

    kind: ClassVar[FeatureKind]
    shape: tuple[int, ...]

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Take the shape of a row."""
        return cls(tuple(values.shape[1:]))

    def feature(self, name: str) -> Feature:
        return Feature(name, self.kind, self.shape)

    def __call__(self, values: Array) -> Array:
        feature = self.feature("array")
        values = np.asarray(values)
        if values.shape[1:] != self.shape:
            raise DataError(
                f"A column of {self.kind}s must have rows of shape {self.shape}, as in training. "
                f"Received: {values.shape[1:]}"
            )
        return values.astype(feature.dtype)

    def missing(self, n: int) -> Array:
        return np.zeros((n, *self.shape), dtype=self.feature("array").dtype)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return {"shape": list(self.shape)}

    @classmethod
    def load(cls, folder: Path, name: str, values: Mapping[str, Any]) -> Self:
        """Read what `save` wrote."""
        return cls(tuple(values["shape"]))


@dataclass(frozen=True)
class VectorTransform(ArrayTransform):
    """Ready-made embeddings, float32."""

    kind: ClassVar[FeatureKind] = "vector"


@dataclass(frozen=True)
class AudioTransform(ArrayTransform):
    """16-bit PCM of one length."""

    kind: ClassVar[FeatureKind] = "audio"


@dataclass(frozen=True)
class ImageTransform(ArrayTransform):
    """Pictures, uint8, resized to one size; a missing one is black."""

    kind: ClassVar[FeatureKind] = "image"

    @classmethod
    def fit(cls, values: Array, size: tuple[int, int] = (64, 64)) -> ImageTransform:
        """Keep the size of an array of pictures; decode files and bytes to `size` (height, width)."""
        return cls(tuple(values.shape[1:]) if values.ndim == 4 else (*size, 3))

    def __call__(self, values: Array) -> Array:
        if values.ndim == 4:
            return super().__call__(values)
        return np.stack([decode_image(value, self.shape[0], self.shape[1]) for value in values])


TRANSFORMS: dict[str, Any] = {
    "category": CategoryTransform,
    "text": TextTransform,
    "number": NumberTransform,
    "vector": VectorTransform,
    "image": ImageTransform,
    "audio": AudioTransform,
}
"""Kind -> class."""
