"""Interactions from text with a delimiter (CSV, TSV, MovieLens's "::"), plain or gzip, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.archives import open_binary
from tfrec_zoo.data.reading.columns import BLANK, BadRow, InteractionColumns
from tfrec_zoo.data.reading.text_layout import (
    BLOCK_BYTES,
    STAND_IN,
    Head,
    Layout,
    RewrittenFile,
    lines_of_rows,
    read_head,
)
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.tables import Interactions

_MAX_TEXTS = 50
_OPEN_QUOTE = "a double quote opens a field and is never closed"


def read_interactions_text(
    path: Path | BinaryIO,
    *,
    delimiter: str,
    columns: Mapping[str, int | str],
    header: bool,
    log: RejectionLog,
    encoding: str = "utf-8",
    name: str | None = None,
    quoting: bool = True,
) -> Interactions:
    """Read interactions from delimited text.

    Args:
        path: a file, or an open seekable binary file such as a member of a zip; plain or gzip.
        delimiter: of one character or more ("::"); " " is any run of blanks and tabs.
        columns: user_id, item_id and any of timestamp, rating, weight -> the header's name or the position
            from 0.
        header: whether the first line names the columns.
        log: receives every row that cannot be used, with its line (from 1, the header is line 1).
        encoding: of the ids; one that has ASCII as a part.
        name: what to call the file in messages; the file's own name where None.
        quoting: whether fields may stand in double quotes, then holding delimiters and line breaks; never
            with a delimiter of several characters or " ".

    Returns:
        The rows in the order of the file; times in seconds since 1970 UTC, whatever the file's unit.

    Raises:
        DataError: a column is not there, the file is empty or broken, or none of its rows can be used.
    """
    label = name or (path.name if isinstance(path, Path) else str(getattr(path, "name", "file")))
    layout = Layout(delimiter, header, quoting and len(delimiter) == 1 and delimiter != " ", encoding)
    with open_binary(path, label) as file:
        head = read_head(file, label, layout)
        if not head.width:
            log.raise_if_all(label, 0)
        positions = {ours: head.position(theirs) for ours, theirs in columns.items()}
        collected = InteractionColumns(label, positions, log, encoding)
        bad_rows: list[BadRow] = []
        for batch in text_batches(file, head, layout, sorted(set(positions.values())), bad_rows):
            collected.add({ours: batch.column(f"f{position}") for ours, position in positions.items()})
        _refuse_open_quote(file, head, layout, bad_rows)
        return collected.finish(
            bad_rows, lambda rows: [(label, line) for line in lines_of_rows(file, head, layout, rows)]
        )


def _refuse_open_quote(file: BinaryIO, head: Head, layout: Layout, bad_rows: list[BadRow]) -> None:
    """An open quote swallows the rows after it, which then nobody counts."""
    for row in bad_rows:
        if row.reason == _OPEN_QUOTE:
            [line] = lines_of_rows(file, head, layout, np.array([row.position]))
            raise DataError(
                f"{head.file}:{line}: {_OPEN_QUOTE}. Received: {row.text[:80]!r}. Close it, or double every "
                "quote inside a field."
            )


def text_batches(
    file: BinaryIO, head: Head, layout: Layout, positions: list[int], bad_rows: list[BadRow]
) -> Iterator[pa.RecordBatch]:
    """Blocks of rows, with the wanted columns as bytes under the names "f0", "f1", ... of their positions.

    Args:
        file: seekable; read from its beginning.
        head: of the file.
        layout: of the file.
        positions: of the wanted columns.
        bad_rows: receives rows with another number of fields.

    Raises:
        DataError: a quoted field is never closed.
    """

    def take_bad_row(row: pyarrow.csv.InvalidRow) -> str:
        reason = "too few fields" if row.actual_columns < row.expected_columns else "too many fields"
        if not row.text.strip():
            reason = BLANK
        elif layout.quoting and "\n" in row.text and row.text.count('"') % 2:
            reason = _OPEN_QUOTE
        text = row.text.replace(STAND_IN, layout.delimiter) if len(bad_rows) < _MAX_TEXTS else ""
        bad_rows.append(BadRow(row.number - 1 - head.skipped_lines, reason, text))
        return "skip"

    names = [f"f{position}" for position in range(head.width)]
    wanted = [names[position] for position in positions]
    file.seek(0)
    try:
        with pyarrow.csv.open_csv(
            file if layout.is_simple else RewrittenFile(file, layout.delimiter),
            # Without threads, or Arrow does not count the rows that it hands to `take_bad_row`.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=head.skipped_lines, block_size=BLOCK_BYTES
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=layout.delimiter if layout.is_simple else STAND_IN,
                quote_char='"' if layout.quoting else False,
                newlines_in_values=layout.quoting,
                invalid_row_handler=take_bad_row,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.binary()), include_columns=wanted, null_values=[]
            ),
        ) as reader:
            yield from reader
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise DataError(
                f"{head.file}: not text delimited by {layout.delimiter!r}, or {_OPEN_QUOTE} ({error})."
            ) from error
