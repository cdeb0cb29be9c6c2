"""Anyone's interactions: a DataFrame, CSV, TSV, Parquet, JSON lines, pairs or sequences, plain or gzip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.archives import open_binary
from tfrec_zoo.data.reading.column_names import ChosenColumns, ColumnName, choose_columns
from tfrec_zoo.data.reading.columns import ID_COLUMNS, BadRow, InteractionColumns
from tfrec_zoo.data.reading.delimited import read_interactions_text
from tfrec_zoo.data.reading.guess_format import (
    Format,
    check_format,
    guess_format,
    has_header,
    sniff_delimiter,
)
from tfrec_zoo.data.reading.json_lines import first_objects, json_batches
from tfrec_zoo.data.reading.parquet import parquet_parts, read_parquet
from tfrec_zoo.data.reading.sequence_text import read_pairs, read_sequences
from tfrec_zoo.data.reading.text_layout import Layout, read_first_lines
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.tables import Dataset, Interactions


@dataclass(frozen=True)
class Request:
    """What the caller asked for."""

    path: Path
    columns: Mapping[str, ColumnName | None]
    """Our column -> its name or position in the file, or None to guess."""
    delimiter: str | None
    log: RejectionLog


def read_interactions(
    source: pd.DataFrame | Path | str,
    *,
    user_column: ColumnName | None = None,
    item_column: ColumnName | None = None,
    time_column: ColumnName | None = None,
    rating_column: ColumnName | None = None,
    weight_column: ColumnName | None = None,
    format: str | None = None,
    delimiter: str | None = None,
    name: str | None = None,
) -> Dataset:
    """Read a table of interactions; what was guessed stands in the data set's `source`.

    Args:
        source: a DataFrame, a file (plain or gzip), or a folder of Parquet parts.
        user_column: name, or position from 0, of the users' ids; None to guess it by well-known names.
        item_column: of the items' ids.
        time_column: of the times; "" where none shall be read.
        rating_column: of the ratings or counts; "" where none shall be read.
        weight_column: of the weights in training; "" where none shall be read.
        format: csv, tsv, parquet, jsonl, pairs (a line `user item`) or sequences (a line `user item item
            ...`), the last two in time order; None to guess it from the name and the first lines.
        delimiter: of CSV, one character or more, " " for any white space; None to guess it.
        name: of the data set; the file's own where None.

    Returns:
        The interactions in the order of the file, with the rows that could not be used in `rejected`.

    Raises:
        DataError: the file is not there or broken, a column is missing or ambiguous, or no row can be used.
        UnknownNameError: an unknown format.
    """
    columns = {
        "user_id": user_column,
        "item_id": item_column,
        "timestamp": time_column,
        "rating": rating_column,
        "weight": weight_column,
    }
    log = RejectionLog()
    if format is not None:
        check_format(format)
    if isinstance(source, pd.DataFrame):
        interactions, how = _read_frame(source, columns, log)
        return Dataset(name or "DataFrame", interactions, source=how, rejected=log.freeze())
    path = Path(source)
    kind: Any = format or _guess(path)
    interactions, how = _READERS[kind](Request(path, columns, delimiter, log))
    return Dataset(
        name or path.name.split(".")[0],
        interactions,
        source=f"{path.name} ({kind}{'' if format else ', guessed'}; {how})",
        rejected=log.freeze(),
    )


def _guess(path: Path) -> Format:
    if path.is_dir():
        return "parquet"
    with open_binary(path) as file:
        return guess_format(path, file)


def _choose(names: Sequence[str], request: Request) -> ChosenColumns:
    return choose_columns(names, request.columns, request.path.name, ID_COLUMNS)


def _read_csv(request: Request) -> tuple[Interactions, str]:
    name = request.path.name
    with open_binary(request.path) as file:
        lines = [line for line in read_first_lines(file, name) if line.strip()]
        delimiter = request.delimiter or sniff_delimiter(lines)
        rows = [row for row in Layout(delimiter, header=False).split(lines) if row]
        if not rows:
            request.log.raise_if_all(name, 0)
        header = has_header(rows, list(request.columns.values()))
        names = [field.strip() for field in rows[0]] if header else [str(i) for i in range(len(rows[0]))]
        if not header and all(value in (None, "") for value in request.columns.values()):
            raise DataError(
                f"{name}: the file has no header, so say which column is which by position, e.g. "
                f"`user_column=0, item_column=1, time_column=3`. Received: {rows[0]} as its first row"
            )
        chosen = _choose(names, request)
        interactions = read_interactions_text(
            file, delimiter=delimiter, columns=chosen.positions, header=header, log=request.log, name=name
        )
    return interactions, f"delimiter {delimiter!r}; {'' if header else 'no header; '}{chosen}"


def _read_tsv(request: Request) -> tuple[Interactions, str]:
    delimiter = request.delimiter or "\t"
    return _read_csv(Request(request.path, request.columns, delimiter, request.log))


def _read_parquet(request: Request) -> tuple[Interactions, str]:
    def choose(names: Sequence[str]) -> ChosenColumns:
        return _choose(names, request)

    parts = parquet_parts(request.path)
    interactions, chosen = read_parquet(parts, choose, request.path.name, request.log)
    return interactions, f"{len(parts)} parts; {chosen}" if len(parts) > 1 else str(chosen)


def _read_jsonl(request: Request) -> tuple[Interactions, str]:
    name = request.path.name
    with open_binary(request.path) as file:
        keys = list(dict.fromkeys(key for row in first_objects(file, name) for key in row))
        if not keys:
            columns = {ours: ours for ours in ID_COLUMNS}
            how = "no object among the first lines"
        else:
            chosen = _choose(keys, request)
            columns = {ours: keys[position] for ours, position in chosen.positions.items()}
            how = str(chosen)
        collected = InteractionColumns(name, columns, request.log)
        bad_rows: list[BadRow] = []
        for batch in json_batches(file, name, columns, bad_rows):
            collected.add(batch)
        return collected.finish(bad_rows), how


def _read_pairs(request: Request) -> tuple[Interactions, str]:
    return read_pairs(request.path, log=request.log), "a line `user item`, in time order"


def _read_sequences(request: Request) -> tuple[Interactions, str]:
    return read_sequences(request.path, log=request.log), "a line `user item item ...`, in time order"


_READERS: Mapping[Format, Callable[[Request], tuple[Interactions, str]]] = {
    "csv": _read_csv,
    "tsv": _read_tsv,
    "parquet": _read_parquet,
    "jsonl": _read_jsonl,
    "pairs": _read_pairs,
    "sequences": _read_sequences,
}


def _read_frame(
    frame: pd.DataFrame, columns: Mapping[str, ColumnName | None], log: RejectionLog
) -> tuple[Interactions, str]:
    file = "DataFrame"
    chosen = choose_columns([str(name) for name in frame.columns], columns, file, ID_COLUMNS)
    collected = InteractionColumns(file, chosen.positions, log)
    collected.add({ours: _arrow(frame.iloc[:, place], file) for ours, place in chosen.positions.items()})
    return collected.finish(), f"DataFrame ({chosen})"


def _arrow(column: pd.Series[Any], file: str) -> pa.Array:
    try:
        values = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"{file}: column {column.name!r} mixes types ({error}). Convert it first, e.g. `.astype(str)`."
        ) from error
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
