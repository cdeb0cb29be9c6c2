"""Columns of items and users: any values in, arrays that a kind has checked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.feature_kind import KINDS

Array = npt.NDArray[Any]


def typed_columns(
    columns: Mapping[str, Any], kinds: Mapping[str, str], ids: Array, row: str
) -> tuple[dict[str, Array], dict[str, str]]:
    """Columns as their kinds read them, and the kinds.

    Args:
        columns: name -> one value for each row.
        kinds: name -> kind, where it is said; the others are guessed.
        ids: of the rows.
        row: what a row is, for messages.

    Raises:
        DataError: a column of another length, or with a value that its kind cannot read.
        UnknownNameError: a kind of a column that is not there, or an unknown kind.
    """
    for name in kinds:
        if name not in columns:
            raise UnknownNameError("column", name, columns)
    read, found = {}, {}
    for name, given in columns.items():
        values = raw_column(given)
        if len(values) != len(ids):
            raise DataError(
                f"`{name}` must have one entry for each {row}. Received: {len(values)} entries for "
                f"{len(ids)} {row}s"
            )
        found[name] = kinds.get(name) or KINDS.guess(name, values)
        read[name] = KINDS.find(found[name]).read(values, name, ids)
    return read, found


def column_as(
    kind: str | None, name: str, columns: Mapping[str, Array], kinds: Mapping[str, str], ids: Array
) -> Array:
    """A column of a table, read again where another kind is asked for."""
    if kind is None or kind == kinds[name]:
        return columns[name]
    return KINDS.find(kind).read(columns[name], name, ids)


def raw_column(values: Any) -> Array:
    """Any sequence of values as an array [n, ...]: of numbers where all are, else of objects.

    What pandas calls missing becomes None, unless it is a NaN among numbers.
    """
    if isinstance(values, pd.Series | pd.Index | pd.Categorical):
        column = pd.Series(values)
        # A nullable or categorical column has no numpy dtype of its own.
        numbers = pd.api.types.is_numeric_dtype(column.dtype) and isinstance(column.dtype, np.dtype)
        values = column.to_numpy() if numbers else column.astype(object).where(column.notna(), None)
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return values.astype(object) if values.dtype.kind in "US" else values
    rows = list(values)
    if rows and all(row is None or isinstance(row, str | bytes) for row in rows):
        return _objects(rows)
    try:
        array = np.asarray(rows)
    except ValueError:  # rows of different lengths
        return _objects(rows)
    return array if array.dtype.kind in "biuf" else _objects(rows)


def _objects(rows: Sequence[Any]) -> Array:
    """An object array that keeps tuples whole: numpy would make equal-length tuples a matrix."""
    result = np.empty(len(rows), dtype=object)
    result[:] = rows
    return result
