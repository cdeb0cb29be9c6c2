"""Strings as indices of a vocabulary: what categories and words share."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tfrec_zoo.feature_kind import Array, FeatureKind
from tfrec_zoo.schema import Feature
from tfrec_zoo.vocabulary import Vocabulary


@dataclass(frozen=True)
class TokenKind(FeatureKind):
    """Bags or sequences of strings as padded indices."""

    dtype: ClassVar[str] = "int32"
    tokens: ClassVar[bool] = True
    min_rows: ClassVar[int] = 1
    """In how many training rows a token must stand to be in the vocabulary."""

    vocabulary: Vocabulary
    length: int
    """Tokens kept of a row; the rest is cut."""

    @staticmethod
    @abstractmethod
    def tokenize(value: Any) -> Iterable[str]:
        """The tokens of one raw value."""

    @classmethod
    def fit(cls, values: Array, max_length: int = 32) -> Self:
        """Learn the tokens of the training rows; `length` is the longest row's, at most `max_length`."""
        rows = [list(cls.tokenize(value)) for value in values]
        longest = max((len(row) for row in rows), default=0)
        num_rows = Counter(token for row in rows for token in set(row))
        known = (token for row in rows for token in row if num_rows[token] >= cls.min_rows)
        return cls(Vocabulary.fit(known), min(max(longest, 1), max_length))

    @classmethod
    def load(cls, folder: Path, name: str, saved: Mapping[str, Any]) -> Self:
        return cls(Vocabulary.load(folder / f"{name}.txt"), saved["length"])

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        self.vocabulary.save(folder / f"{name}.txt")
        return {"length": self.length}

    def feature(self, name: str) -> Feature:
        return Feature(name, self.name, (self.length,), len(self.vocabulary))

    def __call__(self, values: Array) -> Array:
        padded = np.full((len(values), self.length), "", dtype=object)
        for row, value in enumerate(values):
            tokens = list(self.tokenize(value))[: self.length]
            padded[row, : len(tokens)] = tokens
        return self.vocabulary.lookup(padded)

    def table(self) -> Any:
        from tfrec_zoo.vocabulary.lookup import vocabulary_table

        return vocabulary_table(self.vocabulary)

    def indices(self, tokens: Any, table: Any) -> Any:
        """Indices of the first tokens of a tensor of strings [B, any], padded to [B, length]."""
        import tensorflow as tf

        from tfrec_zoo.vocabulary.lookup import lookup

        index = lookup(table, tokens)[:, : self.length]
        padded = tf.pad(index, [[0, 0], [0, self.length - tf.shape(index)[1]]])
        return tf.reshape(padded, [-1, self.length])

    def drawn_tokens(self, generator: np.random.Generator, n: int) -> list[list[str]]:
        """Up to `length` known and unknown tokens of n rows, some rows without any."""
        index = generator.integers(0, len(self.vocabulary), size=(n, self.length))
        lengths = generator.integers(0, self.length + 1, size=n)
        strings = self.vocabulary.strings(index)
        return [
            [token or "unheard_of" for token in row[:length]]
            for row, length in zip(strings, lengths, strict=True)
        ]
