"""Columns of a table that describe items or users, as values that their kinds can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.column_names import ColumnName, find_column, known_columns
from tfrec_zoo.data.typed_columns import Array, raw_column
from tfrec_zoo.feature_kind import KINDS, is_unknown

LOCATION = "location"
"""Name of the column that a latitude and a longitude become."""


@dataclass(frozen=True)
class FeatureColumns:
    """The columns of one table, as raw values."""

    frame: pd.DataFrame
    file: str
    """For messages."""

    @property
    def names(self) -> list[str]:
        """Of all columns."""
        return list(self.frame.columns)

    def at(self, place: int) -> Array:
        """The values of a column, texts stripped."""
        values = raw_column(self.frame.iloc[:, place])
        if values.dtype.kind == "O":
            values[:] = [value.strip() if isinstance(value, str) else value for value in values]
        return values

    def find(self, name: ColumnName, argument: str) -> int:
        """Position of a column by name or position.

        Raises:
            DataError: there is none, or several.
        """
        return find_column(self.names, name, self.file, argument)

    def categories(self, places: Sequence[int], separator: str) -> Array:
        """The distinct categories of each row, in the order of the columns, object [n] of tuples."""
        rows: list[dict[str, None]] = [{} for _ in range(len(self.frame))]
        for place in places:
            for row, value in zip(rows, self.frame.iloc[:, place], strict=True):
                row.update(dict.fromkeys(_split(value, separator)))
        result = np.empty(len(rows), dtype=object)
        result[:] = [tuple(row) for row in rows]
        return result

    def vectors(self, columns: ColumnName | Sequence[ColumnName]) -> Array:
        """One column of lists, or several of a number each, as float32 [n, dim].

        Raises:
            DataError: no such column, or values that are no finite vectors of one width.
        """
        single = isinstance(columns, str | int)
        wanted = [columns] if isinstance(columns, str | int) else list(columns)
        places = [self.find(name, "vector_columns") for name in wanted]
        try:
            if single:
                vectors = np.array([np.asarray(row, "float32") for row in self.frame.iloc[:, places[0]]])
            else:
                vectors = self.frame.iloc[:, places].to_numpy(dtype="float32")
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{self.file}: vectors must be numbers, as many in each row ({error})."
            ) from error
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise DataError(
                f"{self.file}: vectors must be finite numbers, [items, dim]. Received: shape {vectors.shape} "
                f"with {int((~np.isfinite(vectors)).sum())} missing or infinite values"
            )
        return vectors

    def location(self, given: Sequence[ColumnName] | None) -> list[int]:
        """Positions of latitude and longitude; none where names do not tell, or they shall not be read.

        Args:
            given: both columns, () for none, or None to find them by well-known names.

        Raises:
            DataError: a column that is not there, or another number of columns than two.
        """
        if given is None:
            pair = [known_columns(self.names, ours) for ours in ("latitude", "longitude")]
            told = LOCATION not in self.names and all(len(own) == 1 for own in pair)
            return [own[0] for own in pair] if told else []
        if len(given) not in (0, 2):
            raise DataError(
                f"{self.file}: `location_columns` must be a latitude and a longitude, or (). "
                f"Received: {given!r}"
            )
        return [self.find(name, "location_columns") for name in given]

    def pairs(self, places: Sequence[int]) -> Array:
        """The values of two columns, object [n] of pairs."""
        result = np.empty(len(self.frame), dtype=object)
        result[:] = list(zip(*map(self.at, places), strict=True))
        return result


def kind_in_file(name: str, values: Array) -> str:
    """The kind of a column, where texts that are all numbers, or nothing, are numbers."""
    kind = KINDS.guess(name, values)
    known = [value for value in values if not is_unknown(value)] if kind == "category" else []
    return "number" if known and all(map(_is_number, known)) else kind


def refuse_mixed(name: str, values: Array, ids: Array) -> None:
    """Refuse a column of nobody's kind in which most values, but not all, are numbers.

    Raises:
        DataError: it names the first value that is none.
    """
    known = [(row, value) for row, value in zip(ids, values, strict=True) if not is_unknown(value)]
    others = [(row, value) for row, value in known if not _is_number(value)]
    if 0 < len(others) < len(known) / 2:
        row, value = others[0]
        raise DataError(
            f"`{name}` must hold numbers alone, or be given another kind. Received: {value!r} for "
            f"{row!r} ({len(others)} of {len(known)} values are no numbers). Mend them, or name the column "
            f"as '{name}:category'."
        )


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and np.isscalar(value) and bool(np.isfinite(float(value)))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _split(value: Any, separator: str) -> list[str]:
    if isinstance(value, (list, tuple, np.ndarray)):
        return [text for part in value for text in _split(part, separator)]
    if value is None or value is pd.NA or value != value:
        return []
    return [text for part in str(value).split(separator) if (text := part.strip())]
