"""Interactions from Parquet: one file or a folder of parts, ids encoded through Arrow's dictionaries."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.archives import open_binary
from tfrec_zoo.data.reading.column_names import ChosenColumns
from tfrec_zoo.data.reading.columns import InteractionColumns, Place, Rows
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.tables import Interactions

_BATCH_ROWS = 1 << 21


def parquet_parts(path: Path) -> list[Path]:
    """The file itself, or the Parquet files of a folder and its sub-folders in the order of their paths.

    Raises:
        DataError: a folder without Parquet files.
    """
    if not path.is_dir():
        return [path]
    parts = [part for part in sorted(path.rglob("*")) if _is_part(part.relative_to(path)) and part.is_file()]
    if not parts:
        found = ", ".join(sorted(child.name for child in path.iterdir())[:10])
        raise DataError(
            f"{path}: a folder must hold Parquet parts (*.parquet). "
            f"Received: {found or 'an empty folder'}. "
            "Give one file by its own path."
        )
    return parts


def read_parquet(
    parts: Sequence[Path], choose: Callable[[Sequence[str]], ChosenColumns], name: str, log: RejectionLog
) -> tuple[Interactions, ChosenColumns]:
    """Read interactions from Parquet files with the same columns.

    Args:
        parts: the files, in the order of their rows.
        choose: names of the columns to the columns wanted.
        name: of the whole, for messages.
        log: receives rows that cannot be used; their line is the row in their part, from 1.

    Raises:
        DataError: a file is not Parquet, lacks a column, or no row can be used.
    """
    collected: InteractionColumns | None = None
    chosen: ChosenColumns | None = None
    starts = [0]
    for part in parts:
        with open_parquet(part) as table:
            names = table.schema_arrow.names
            if chosen is None or collected is None:
                chosen = choose(names)
                collected = InteractionColumns(name, chosen.positions, log)
            columns = {ours: chosen.names[place] for ours, place in chosen.positions.items()}
            if missing := set(columns.values()) - set(names):
                raise DataError(
                    f"{part.name}: every part must have the columns of the first. "
                    f"Received: no {sorted(missing)}"
                )
            wanted = sorted(set(columns.values()))
            for batch in table.iter_batches(_BATCH_ROWS, columns=wanted, use_threads=False):
                collected.add({ours: batch.column(theirs) for ours, theirs in columns.items()})
            starts.append(starts[-1] + table.metadata.num_rows)
    assert collected is not None
    assert chosen is not None

    def places(rows: Rows) -> list[Place]:
        owners = np.searchsorted(starts, rows, side="right") - 1
        return [
            (parts[owner].name, int(row) - starts[owner] + 1) for owner, row in zip(owners, rows, strict=True)
        ]

    return collected.finish(places=places), chosen


@contextmanager
def open_parquet(part: Path) -> Iterator[pyarrow.parquet.ParquetFile]:
    """One Parquet file, plain or gzip.

    Raises:
        DataError: it is not Parquet, or broken.
    """
    try:
        with open_binary(part) as file:
            # Parquet is read from its end, which a gzip file cannot do.
            source = part if isinstance(file, io.BufferedReader) else io.BytesIO(file.read())
            with pyarrow.parquet.ParquetFile(source) as table:
                yield table
    except (pa.ArrowInvalid, pa.ArrowException) as error:
        raise DataError(f"{part.name}: not a Parquet file, or a broken one ({error}).") from error


def _is_part(relative: Path) -> bool:
    return relative.suffix in (".parquet", ".pq") and not any(
        piece.startswith(("_", ".")) for piece in relative.parts
    )
