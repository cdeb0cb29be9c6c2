"""Genres, tags, brands, postcodes: a bag of strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array, RawSpec, is_unknown
from tfrec_zoo.kinds.token_kind import TokenKind
from tfrec_zoo.schema import Feature

_SEVERAL = (tuple, list, set, frozenset, np.ndarray)
_SINGLE = (str, bool, int, float, np.generic)


@dataclass(frozen=True)
class Category(TokenKind):
    """A category or several of each row, as the indices of those that training rows have."""

    name: ClassVar[str] = "category"
    several: ClassVar[bool] = True

    @staticmethod
    def tokenize(value: Any) -> Iterable[str]:
        values = value if isinstance(value, _SEVERAL) else (value,)
        return (line for v in values if not is_unknown(v) and (line := " ".join(str(v).split())))

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        return values.dtype.kind in "Ob" and all(map(_is_category, values))

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        """A column of single values as strings ("" where unknown), any other as tuples of strings."""
        for row, value in zip(ids, values, strict=True):
            if not (
                value is None or (isinstance(value, (*_SEVERAL, *_SINGLE)) and not isinstance(value, bytes))
            ):
                raise DataError(
                    f"`{column}` must hold categories: a text or several. Received: {value!r} for {row!r}."
                )
        result = np.empty(len(values), dtype=object)
        if any(isinstance(value, _SEVERAL) for value in values):
            result[:] = [_several(value) for value in values]
        else:
            result[:] = [_text(value) for value in values]
        return result

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.category_encoder import CategoryEncoder

        return CategoryEncoder(feature.vocabulary_size or 0, embedding_dim, name=feature.name)

    def raw_spec(self) -> RawSpec:
        return RawSpec("string", (None,))

    def encode(self, raw: Any, table: Any) -> Any:
        return self.indices(raw, table)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        rows = [row + [""] * (self.length - len(row)) for row in self.drawn_tokens(generator, n)]
        return np.array(rows, dtype=str).reshape(n, self.length)


def _is_category(value: Any) -> bool:
    if isinstance(value, _SEVERAL):
        return all(isinstance(part, str) for part in value)
    return value is None or (isinstance(value, _SINGLE) and not isinstance(value, bytes))


def _several(value: Any) -> tuple[str, ...]:
    if isinstance(value, _SEVERAL):
        return tuple(text for part in value if (text := _text(part)))
    return (text,) if (text := _text(value)) else ()


def _text(value: Any) -> str:
    """One category; a whole number that came as a float has no fraction."""
    if is_unknown(value):
        return ""
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value) if whole else value)
