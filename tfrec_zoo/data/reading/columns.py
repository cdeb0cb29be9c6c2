"""Arrow columns of any table to Interactions: ids to codes, times to seconds, bad rows to the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.id_column import IdCodes, IdColumn
from tfrec_zoo.data.reading.number_column import NumberColumn, TimeColumn
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.tables import Interactions

ID_COLUMNS = ("user_id", "item_id")
INTERACTION_COLUMNS = (*ID_COLUMNS, "timestamp", "rating", "weight")

BLANK = ""
"""Reason of a line without anything on it: it takes a place among the rows and is no error."""

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
Place = tuple[str, int]
"""A file and a line in it, from 1."""


class BadRow(NamedTuple):
    """A row that is no row of the table: its place among all rows, and why."""

    position: int
    reason: str
    text: str


class InteractionColumns:
    """Collects batches of Arrow columns; memory holds codes and numbers, never the raw text.

    Args:
        file: name for messages.
        columns: which of user_id, item_id, timestamp, rating, weight will come.
        log: receives the rejected rows.
        encoding: of ids that come as bytes.

    Raises:
        DataError: user_id or item_id is not among the columns.
    """

    def __init__(
        self, file: str, columns: Collection[str], log: RejectionLog, encoding: str = "utf-8"
    ) -> None:
        if unknown := set(columns) - set(INTERACTION_COLUMNS):
            raise DataError(f"{file}: columns must be of {INTERACTION_COLUMNS}. Received: {sorted(unknown)}")
        if missing := [name for name in ID_COLUMNS if name not in columns]:
            raise DataError(f"{file}: interactions need user_id and item_id. Received: no {missing[0]}")
        self.file = file
        self._log = log
        self._ids = {name: IdColumn(name, file, encoding) for name in ID_COLUMNS}
        self._numbers = {
            name: TimeColumn(name) if name == "timestamp" else NumberColumn(name)
            for name in INTERACTION_COLUMNS
            if name in columns and name not in ID_COLUMNS
        }

    def add(self, batch: Mapping[str, pa.Array]) -> None:
        """Take the next rows.

        Args:
            batch: our column names to Arrow arrays of one length.

        Raises:
            DataError: a column's type cannot hold ids, times or numbers.
        """
        for name, ids in self._ids.items():
            ids.add(batch[name])
        for name, numbers in self._numbers.items():
            numbers.add(batch[name])

    def finish(
        self,
        bad_rows: Sequence[BadRow] = (),
        places: Callable[[Rows], Iterable[Place]] | None = None,
    ) -> Interactions:
        """The interactions of all batches; rows with a bad value go to the log.

        Args:
            bad_rows: rows that never reached a batch, by position among all rows.
            places: ascending positions of rows (those of `bad_rows` counted) to their files and lines, asked
                for bad rows only; where None, position 0 is line 1.

        Raises:
            DataError: no row could be used.
        """
        ids = {name: column.finish() for name, column in self._ids.items()}
        numbers = {name: column.finish() for name, column in self._numbers.items()}
        keep = np.ones(len(ids["user_id"].codes), dtype=bool)
        for result in ids.values():
            keep &= result.codes >= 0
        for values in numbers.values():
            keep &= np.isfinite(values)
        if bad_rows or not keep.all():
            self._report(ids, numbers, np.flatnonzero(~keep), sorted(bad_rows), places)
            ids = {name: result._replace(codes=result.codes[keep]) for name, result in ids.items()}
            numbers = {name: values[keep] for name, values in numbers.items()}
        self._log.raise_if_all(self.file, int(keep.sum()))
        user_id, item_id = (
            pd.Categorical.from_codes(ids[name].codes, categories=ids[name].names, validate=False)
            for name in ID_COLUMNS
        )
        return Interactions(cast(Any, user_id), cast(Any, item_id), **numbers)

    def _report(
        self,
        ids: Mapping[str, IdCodes],
        numbers: Mapping[str, Array],
        rows: Array,
        bad_rows: Sequence[BadRow],
        places: Callable[[Rows], Iterable[Place]] | None,
    ) -> None:
        """Log bad rows in the order of the file; the first fault of a row is its reason."""
        shifts = np.array([row.position for row in bad_rows], dtype=np.int64) - np.arange(len(bad_rows))
        positions = rows + np.searchsorted(shifts, rows, side="right")
        faults = list(bad_rows)
        for row, position in zip(rows.tolist(), positions.tolist(), strict=True):
            reason, text = self._fault(ids, numbers, row)
            faults.append(BadRow(position, reason, text))
        faults = sorted(fault for fault in faults if fault.reason != BLANK)
        bad = np.array([fault.position for fault in faults], dtype=np.int64)
        found = places(bad) if places else ((self.file, position + 1) for position in bad.tolist())
        for (file, line), fault in zip(found, faults, strict=True):
            self._log.add(file, line, fault.reason, fault.text)

    def _fault(self, ids: Mapping[str, IdCodes], numbers: Mapping[str, Array], row: int) -> tuple[str, str]:
        for name, result in ids.items():
            if result.codes[row] < 0:
                return self._ids[name].fault(int(result.codes[row]))
        for name, values in numbers.items():
            if not np.isfinite(values[row]):
                return f"unreadable {name}", self._numbers[name].bad_text.get(row, "")
        raise AssertionError(row)
