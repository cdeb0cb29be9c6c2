"""Titles, descriptions: words in their order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array, RawSpec, is_unknown
from tfrec_zoo.kinds.token_kind import TokenKind
from tfrec_zoo.schema import PAD_TOKEN, Feature

_WORD = re.compile(r"\w+")
_NO_WORD = r"[^\p{L}\p{N}_]+"
_NAMES = ("title", "text")


@dataclass(frozen=True)
class Text(TokenKind):
    """Lower-cased words of a string as indices, in their order.

    A word of a single training row tells nothing of other rows: it is unknown, as a new item's new words are.
    """

    name: ClassVar[str] = "text"
    min_rows: ClassVar[int] = 2
    portable: ClassVar[bool] = False

    @staticmethod
    def tokenize(value: Any) -> Iterable[str]:
        return _WORD.findall(str(value or "").lower())

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        return column in _NAMES and values.ndim == 1

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        if values.ndim != 1:
            raise DataError(f"`{column}` must hold a text for each row. Received: shape {values.shape}.")
        result = np.empty(len(values), dtype=object)
        result[:] = [_text(value) for value in values]
        return result

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.text_encoder import TextEncoder

        kernel_sizes = options["text_kernel_sizes"]
        return TextEncoder(feature.vocabulary_size or 0, embedding_dim, kernel_sizes, name=feature.name)

    def raw_spec(self) -> RawSpec:
        return RawSpec("string", ())

    def encode(self, raw: Any, table: Any) -> Any:
        import tensorflow as tf

        words = tf.strings.regex_replace(tf.strings.lower(raw, encoding="utf-8"), _NO_WORD, " ")
        return self.indices(tf.strings.split(words).to_tensor(PAD_TOKEN), table)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        return np.array([" ".join(row) for row in self.drawn_tokens(generator, n)], dtype=str)


def _text(value: Any) -> str:
    if isinstance(value, tuple | list | np.ndarray):
        return " ".join(map(_text, value))
    return "" if is_unknown(value) else str(value)
