"""Small tables (items, users) as DataFrames: from a DataFrame, CSV, TSV, Parquet or JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.reading.archives import open_binary
from tfrec_zoo.data.reading.guess_format import guess_format, has_header, sniff_delimiter
from tfrec_zoo.data.reading.id_column import IdColumn
from tfrec_zoo.data.reading.json_lines import json_objects
from tfrec_zoo.data.reading.parquet import open_parquet, parquet_parts
from tfrec_zoo.data.reading.text_layout import STAND_IN, Layout, RewrittenFile, read_first_lines, read_head
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.typed_columns import Array

_FORMATS = ("csv", "tsv", "parquet", "jsonl")


def read_frame(
    source: pd.DataFrame | Path | str,
    *,
    format: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    header: bool | None = None,
) -> pd.DataFrame:
    """A whole table in memory, text columns as str; one bad row refuses the file.

    Args:
        source: a DataFrame, a file (plain or gzip), or a folder of Parquet parts.
        format: csv, tsv, parquet or jsonl; None to guess it.
        delimiter: of CSV; None to guess it.
        encoding: of CSV and TSV.
        header: whether the first line of CSV names the columns; None to guess it. Without one the columns
            are "0", "1", ...

    Raises:
        DataError: the file is not there or broken, or a row cannot be read.
        UnknownNameError: another format.
    """
    if isinstance(source, pd.DataFrame):
        return source.set_axis([str(name) for name in source.columns], axis=1)
    path = Path(source)
    if path.is_dir():
        return _from_parquet(path)
    with open_binary(path) as file:
        kind = format or guess_format(path, file)
        if kind not in _FORMATS:
            if format is None:
                kind = "csv"
            else:
                raise UnknownNameError("format of a table of items or users", kind, _FORMATS)
        if kind == "parquet":
            return _from_parquet(path)
        if kind == "jsonl":
            return _from_json_lines(file, path.name)
        delimiter = delimiter or ("\t" if kind == "tsv" else None)
        return _from_text(file, path.name, delimiter, encoding, header)


def clean_ids(values: pd.Series[Any], column: str, file: str) -> Array:
    """Ids as stripped strings, object [n]; whole numbers as their decimals.

    Raises:
        DataError: an id is missing or cannot be one, with the row (from 1) where it stands.
    """
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"{file}: column {values.name!r} mixes types ({error}). Convert it first.") from error
    collected = IdColumn(column, file, "utf-8")
    collected.add(array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array)
    codes, names = collected.finish()
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        reason, text = collected.fault(int(codes[row]))
        raise DataError(
            f"{file}: every row must have an id of its own. Received: row {row + 1}: {reason} {text}"
        )
    return names.to_numpy()[codes]


def _from_parquet(path: Path) -> pd.DataFrame:
    tables = []
    for part in parquet_parts(path):
        with open_parquet(part) as table:
            tables.append(table.read())
    frame: pd.DataFrame = pa.concat_tables(tables, promote_options="default").to_pandas()
    return frame


def _from_json_lines(file: BinaryIO, name: str) -> pd.DataFrame:
    log = RejectionLog()
    rows = [row for _, row in json_objects(file, name, log)]
    _refuse(name, len(rows), log)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in keys})


def _refuse(name: str, rows: int, log: RejectionLog) -> None:
    log.raise_if_all(name, rows)
    if (rejected := log.freeze()).total:
        raise DataError(f"{name}: every row must be readable. Received: {rejected}")


def _from_text(
    file: BinaryIO, name: str, delimiter: str | None, encoding: str, header: bool | None
) -> pd.DataFrame:
    lines = [line for line in read_first_lines(file, name, encoding) if line.strip()]
    if not lines:
        raise DataError(f"{name}: a table must have at least one row. Received: an empty file")
    delimiter = delimiter or sniff_delimiter(lines)
    rows = [row for row in Layout(delimiter, header=False).split(lines) if row]
    layout = Layout(delimiter, has_header(rows, ()) if header is None else header, encoding=encoding)
    head = read_head(file, name, layout)
    try:
        table = pyarrow.csv.read_csv(
            file if layout.is_simple else RewrittenFile(file, delimiter),
            read_options=pyarrow.csv.ReadOptions(
                column_names=list(map(str, range(head.width))),
                skip_rows=head.skipped_lines,
                use_threads=False,
                encoding=encoding,
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter if layout.is_simple else STAND_IN,
                quote_char='"' if layout.is_simple else False,
                newlines_in_values=layout.is_simple,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={str(position): pa.string() for position in range(head.width)}, null_values=[]
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise DataError(
            f"{name}: not text in {encoding} delimited by {delimiter!r} with {head.width} fields per line "
            f"({error}). Give `delimiter` or `encoding`, or mend the row."
        ) from error
    frame: pd.DataFrame = table.to_pandas()
    return frame.set_axis(list(head.names), axis=1)
