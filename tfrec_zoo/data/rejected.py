"""Rows of a file that could not be used: counted, named, never dropped in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tfrec_zoo._errors import DataError

_MAX_EXAMPLES = 20
_MAX_TEXT = 120


@dataclass(frozen=True)
class Rejection:
    """One row that could not be used."""

    file: str
    line: int
    """Line in the file, from 1."""
    reason: str
    text: str
    """The row or the value, shortened."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}: {self.text!r}"


@dataclass(frozen=True)
class RejectedRows:
    """How many rows were rejected, why, and the first of them."""

    by_reason: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Rejection, ...] = ()

    @property
    def total(self) -> int:
        """Number of rejected rows."""
        return sum(self.by_reason.values())

    def __str__(self) -> str:
        if not self.total:
            return "no rows rejected"
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.by_reason.items())
        return f"{self.total:,} rows rejected ({reasons}), first: {self.examples[0]}"


class RejectionLog:
    """Collects rejections while a file is read."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: list[Rejection] = []

    def add(self, file: str, line: int, reason: str, text: object) -> None:
        """Count one rejected row, and keep it if it is among the first."""
        self._counts[reason] += 1
        if len(self._examples) < _MAX_EXAMPLES:
            self._examples.append(Rejection(file, line, reason, str(text)[:_MAX_TEXT]))

    def freeze(self) -> RejectedRows:
        """What was collected."""
        return RejectedRows(dict(self._counts), tuple(sorted(self._examples, key=lambda r: (r.file, r.line))))

    def raise_if_all(self, file: str, kept: int) -> None:
        """Refuse a file of which no row could be used.

        Raises:
            DataError: rows were rejected and none was kept, or the file has no rows.
        """
        if kept:
            return
        if not self._counts:
            raise DataError(f"{file}: a table must have at least one row. Received: a file without rows")
        raise DataError(
            f"{file}: no row could be used. Received: {self.freeze()}. Check the format and the column names."
        )
