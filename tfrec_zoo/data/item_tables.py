"""What is known of items and users, from anyone's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.column_names import WELL_KNOWN, ColumnName, choose_columns, known_columns
from tfrec_zoo.data.reading.feature_columns import LOCATION, FeatureColumns, kind_in_file, refuse_mixed
from tfrec_zoo.data.reading.frames import clean_ids, read_frame
from tfrec_zoo.data.tables import Items, Users
from tfrec_zoo.data.typed_columns import Array
from tfrec_zoo.feature_kind import KINDS, named_kinds

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
    location_columns: Sequence[ColumnName] | None = None,
    columns: Iterable[str] | Mapping[str, str] = (),
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
        location_columns: of latitudes and longitudes, in degrees, which become the column "location"; None to
            guess them by well-known names, () for none.
        columns: any others to read, under their own names: names, "name:kind" each, or name -> kind. Where
            no kind is said, values tell it: numbers, or texts that are numbers or nothing, are numbers.
            Names of the columns above may be among them, to say their kind.
        format: csv, tsv, parquet or jsonl; None to guess it.
        delimiter: of CSV; None to guess it.
        encoding: of CSV and TSV.
        header: whether the first line of CSV names the columns; None to guess it.

    Raises:
        DataError: a column is not there or ambiguous, a row or a value cannot be read, an id is missing or
            stands twice.
        UnknownNameError: an unknown kind.
    """
    frame = read_frame(source, format=format, delimiter=delimiter, encoding=encoding, header=header)
    table = FeatureColumns(frame, _label(source))
    wanted = {"item_id": item_column, "title": title_column, "text": text_column}
    chosen = dict(choose_columns(table.names, wanted, table.file, ("item_id",)).positions)
    item_id = clean_ids(frame.iloc[:, chosen.pop("item_id")], "item_id", table.file)
    given: dict[str, Any] = {ours: table.at(place) for ours, place in chosen.items()}
    if category_columns is None:
        pooled = [place for place in known_columns(table.names, "categories") if place not in chosen.values()]
    else:
        pooled = [table.find(name, "category_columns") for name in category_columns]
    if pooled:
        given["categories"] = table.categories(pooled, category_separator)
    if image_column is not None:
        given["image"] = table.at(table.find(image_column, "image_column"))
    if audio_column is not None:
        given["audio"] = table.at(table.find(audio_column, "audio_column"))
    if vector_columns is not None:
        given["vectors"] = table.vectors(vector_columns)
    if pair := table.location(location_columns):
        given[LOCATION] = table.pairs(pair)
    with _of_file(table.file):
        kinds = _add_named(given, _named_columns(columns, table), table, item_id, category_separator)
        return Items(item_id, kinds=kinds, **given)


def _add_named(
    given: dict[str, Any],
    named: Mapping[str, str | None],
    table: FeatureColumns,
    ids: Array,
    separator: str,
) -> dict[str, str]:
    """Add the columns that are named and not there yet; returns the kinds of all of them."""
    kinds = {}
    for name, kind in named.items():
        if name not in given and (name in table.names or name not in WELL_KNOWN):
            place = table.find(name, "columns")
            values = table.at(place)
            if kind is None:
                refuse_mixed(name, values, ids)
            kind = kind or kind_in_file(name, values)
            several = KINDS.find(kind).several
            given[name] = table.categories([place], separator) if several else values
        if kind is not None and name in given:
            kinds[name] = kind
    return kinds


def read_users(
    source: Source,
    *,
    user_column: ColumnName | None = None,
    profile_columns: Sequence[ColumnName] | Mapping[str, str] | None = None,
    location_columns: Sequence[ColumnName] | None = None,
    format: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    header: bool | None = None,
) -> Users:
    """Read a table of users.

    A column of numbers alone, or of numbers and nothing, becomes numbers, any other text categories: say the
    kind of codes such as postcodes, `profile_columns={"zip": "category"}`.

    Args:
        source: as for `read_items`.
        user_column: name, or position from 0, of the ids; None to guess it by well-known names.
        profile_columns: to keep: names or positions, "name:kind", or name -> kind; None for all but the ids.
        location_columns: of latitudes and longitudes, in degrees, which become the column "location" in their
            place; None to guess them by well-known names where all columns are kept, () for none.
        format: csv, tsv, parquet or jsonl; None to guess it.
        delimiter: of CSV; None to guess it.
        encoding: of CSV and TSV.
        header: whether the first line of CSV names the columns; None to guess it.

    Raises:
        DataError: a column is not there or ambiguous, a row or a value cannot be read, an id is missing or
            stands twice.
        UnknownNameError: an unknown kind.
    """
    frame = read_frame(source, format=format, delimiter=delimiter, encoding=encoding, header=header)
    table = FeatureColumns(frame, _label(source))
    ids = choose_columns(table.names, {"user_id": user_column}, table.file, ("user_id",)).positions["user_id"]
    user_id = clean_ids(frame.iloc[:, ids], "user_id", table.file)
    kept = {} if profile_columns is None else _named_columns(profile_columns, table)
    if location_columns is None and profile_columns is not None and LOCATION not in kept:
        location_columns = ()
    pair = table.location(location_columns)
    profile, kinds = {}, {}
    if pair:
        profile[LOCATION], kinds[LOCATION] = table.pairs(pair), kept.pop(LOCATION, None) or LOCATION
    if profile_columns is None:
        kept = {name: None for place, name in enumerate(table.names) if place not in (ids, *pair)}
    with _of_file(table.file):
        for name, kind in kept.items():
            profile[name] = table.at(table.find(name, "profile_columns"))
            kinds[name] = kind or kind_in_file(name, profile[name])
        return Users(user_id, profile, kinds)


def _named_columns(
    columns: Iterable[ColumnName] | Mapping[str, str], table: FeatureColumns
) -> dict[str, str | None]:
    """Names and kinds of columns, which may be given by position, or have a colon in their names."""
    if isinstance(columns, Mapping):
        return named_kinds(columns)
    named: dict[str, str | None] = {}
    for column in [columns] if isinstance(columns, str) else columns:
        if isinstance(column, str) and column not in table.names:
            named |= named_kinds(column)
        else:
            named[table.names[table.find(column, "profile_columns")]] = None
    return named


def _label(source: Source) -> str:
    return "DataFrame" if isinstance(source, pd.DataFrame) else Path(source).name


@contextmanager
def _of_file(file: str) -> Iterator[None]:
    """Say of which file a value is that cannot be read."""
    try:
        yield
    except DataError as error:
        message = str(error)
        raise DataError(message if message.startswith(file) else f"{file}: {message}") from error
