"""What is known of items and users, from anyone's tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.column_names import ColumnName, choose_columns, find_column, known_columns
from tfrec_zoo.data.reading.frames import clean_ids, read_frame
from tfrec_zoo.data.tables import Array, Items, Users

Source = pd.DataFrame | Path | str


def read_items(
    source: Source,
    *,
    item_column: ColumnName | None = None,
    title_column: ColumnName | None = None,
    text_column: ColumnName | None = None,
    category_columns: Sequence[ColumnName] | None = None,
    category_separator: str = "|",
    image_column: ColumnName | None = None,
    audio_column: ColumnName | None = None,
    vector_columns: ColumnName | Sequence[ColumnName] | None = None,
    format: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    header: bool | None = None,
) -> Items:
    """Read a table of items.

    Args:
        source: a DataFrame, CSV, TSV, Parquet or JSON lines (plain or gzip), or a folder of Parquet parts.
        item_column: name, or position from 0, of the ids; None to guess it by well-known names.
        title_column: of the titles; None to guess it, "" where none shall be read.
        text_column: of longer text; likewise.
        category_columns: of genres, tags, brands, in lists or in text; None to guess them, () for none.
        category_separator: between two categories in text.
        image_column: of encoded bytes, addresses or paths.
        audio_column: of lists of 16-bit samples, one length for all items.
        vector_columns: one column of lists of numbers, or several columns of one number each.
        format: csv, tsv, parquet or jsonl; None to guess it.
        delimiter: of CSV; None to guess it.
        encoding: of CSV and TSV.
        header: whether the first line of CSV names the columns; None to guess it.

    Raises:
        DataError: a column is not there or ambiguous, a row cannot be read, an id is missing or stands twice.
    """
    frame = read_frame(source, format=format, delimiter=delimiter, encoding=encoding, header=header)
    file = _label(source)
    names = list(frame.columns)
    given = {"item_id": item_column, "title": title_column, "text": text_column}
    chosen = choose_columns(names, given, file, ("item_id",)).positions
    item_id = clean_ids(frame.iloc[:, chosen["item_id"]], "item_id", file)
    if category_columns is None:
        categories = [place for place in known_columns(names, "categories") if place not in chosen.values()]
    else:
        categories = [find_column(names, name, file, "category_columns") for name in category_columns]
    image = None if image_column is None else find_column(names, image_column, file, "image_column")
    return Items(
        item_id,
        title=_texts(frame, chosen.get("title")),
        text=_texts(frame, chosen.get("text")),
        categories=_categories(frame, categories, category_separator) if categories else None,
        image=None if image is None else frame.iloc[:, image].to_numpy(dtype=object),
        audio=None if audio_column is None else _audio(frame, audio_column, item_id, file),
        vectors=None if vector_columns is None else _vectors(frame, vector_columns, file),
    )


def read_users(
    source: Source,
    *,
    user_column: ColumnName | None = None,
    profile_columns: Sequence[ColumnName] | None = None,
    format: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    header: bool | None = None,
) -> Users:
    """Read a table of users.

    A column of numbers alone becomes numbers, any other text: name codes such as postcodes so that they
    hold a letter, or leave them out.

    Args:
        source: as for `read_items`.
        user_column: name, or position from 0, of the ids; None to guess it by well-known names.
        profile_columns: to keep; None for all but the ids.
        format: csv, tsv, parquet or jsonl; None to guess it.
        delimiter: of CSV; None to guess it.
        encoding: of CSV and TSV.
        header: whether the first line of CSV names the columns; None to guess it.

    Raises:
        DataError: a column is not there or ambiguous, a row cannot be read, an id is missing or stands twice.
    """
    frame = read_frame(source, format=format, delimiter=delimiter, encoding=encoding, header=header)
    file = _label(source)
    names = list(frame.columns)
    place = choose_columns(names, {"user_id": user_column}, file, ("user_id",)).positions["user_id"]
    if profile_columns is None:
        kept = [other for other in range(len(names)) if other != place]
    else:
        kept = [find_column(names, name, file, "profile_columns") for name in profile_columns]
    return Users(
        clean_ids(frame.iloc[:, place], "user_id", file),
        {names[column]: _profile(frame.iloc[:, column]) for column in kept},
    )


def _label(source: Source) -> str:
    return "DataFrame" if isinstance(source, pd.DataFrame) else Path(source).name


def _texts(frame: pd.DataFrame, place: int | None) -> Array | None:
    if place is None:
        return None
    column = frame.iloc[:, place]
    missing = column.isna().to_numpy()
    return np.array(
        ["" if gone else str(text).strip() for text, gone in zip(column, missing, strict=True)], dtype=object
    )


def _categories(frame: pd.DataFrame, places: Sequence[int], separator: str) -> Array:
    """The distinct categories of each row, in the order of the columns, object [n] of tuples."""
    rows: list[dict[str, None]] = [{} for _ in range(len(frame))]
    for place in places:
        for row, value in zip(rows, frame.iloc[:, place], strict=True):
            row.update(dict.fromkeys(_split(value, separator)))
    result = np.empty(len(rows), dtype=object)
    result[:] = [tuple(row) for row in rows]
    return result


def _split(value: Any, separator: str) -> list[str]:
    if isinstance(value, (list, tuple, np.ndarray)):
        return [text for part in value for text in _split(part, separator)]
    if value is None or value is pd.NA or value != value:
        return []
    return [text for part in str(value).split(separator) if (text := part.strip())]


def _audio(frame: pd.DataFrame, column: ColumnName, item_id: Array, file: str) -> Array:
    place = find_column(list(frame.columns), column, file, "audio_column")
    rows = [np.asarray(row) for row in frame.iloc[:, place]]
    for item, row in zip(item_id, rows, strict=True):
        whole = row.ndim == 1 and row.dtype.kind in "iu"
        if not whole or row.shape != rows[0].shape or (row.astype(np.int16) != row).any():
            raise DataError(
                f"{file}: audio must be lists of 16-bit whole numbers of one length, {rows[0].shape} as "
                f"{item_id[0]!r} has. Received: {item!r} with shape {row.shape} of {row.dtype}: "
                f"{np.array2string(row, threshold=8)}. Cut or pad the sounds to one length."
            )
    return np.array(rows, dtype=np.int16)


def _vectors(frame: pd.DataFrame, columns: ColumnName | Sequence[ColumnName], file: str) -> Array:
    names = list(frame.columns)
    single = isinstance(columns, (str, int))
    wanted = [columns] if isinstance(columns, (str, int)) else list(columns)
    places = [find_column(names, name, file, "vector_columns") for name in wanted]
    try:
        if single:
            vectors = np.array([np.asarray(row, dtype="float32") for row in frame.iloc[:, places[0]]])
        else:
            vectors = frame.iloc[:, places].to_numpy(dtype="float32")
    except (ValueError, TypeError) as error:
        raise DataError(f"{file}: vectors must be numbers, as many in each row ({error}).") from error
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise DataError(
            f"{file}: vectors must be finite numbers, [items, dim]. Received: shape {vectors.shape} with "
            f"{int((~np.isfinite(vectors)).sum())} missing or infinite values"
        )
    return vectors


def _profile(column: pd.Series[Any]) -> Array:
    numbers = pd.to_numeric(column, errors="coerce")
    if len(column) and not numbers.isna().any():
        return numbers.to_numpy(dtype="float32")
    missing = column.isna().to_numpy()
    return np.array(
        ["" if gone else str(text).strip() for text, gone in zip(column, missing, strict=True)], dtype=object
    )
