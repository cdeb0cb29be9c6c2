"""The lines of delimited text: header, width, line numbers, and delimiters of several characters."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import DataError

STAND_IN = "\x1f"
"""ASCII's unit separator: what delimiters of several characters are turned into."""
BLOCK_BYTES = 1 << 22
_HEAD_BYTES = 1 << 16
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Layout:
    """How the lines of one text file are laid out."""

    delimiter: str
    """Between two fields; " " is any run of blanks and tabs."""
    header: bool
    """Whether the first line that is not blank names the columns."""
    quoting: bool = True
    """Whether fields may stand in double quotes, then holding delimiters and line breaks."""
    encoding: str = "utf-8"

    @property
    def is_simple(self) -> bool:
        """Whether the delimiter is one character that a CSV reader takes as it is."""
        return len(self.delimiter) == 1 and self.delimiter != " "

    def split(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Fields of each line; blank lines give none."""
        if self.is_simple and self.quoting:
            return csv.reader(lines, delimiter=self.delimiter)
        delimiter = None if self.delimiter == " " else self.delimiter
        return (line.rstrip("\r\n").split(delimiter) if line.strip() else [] for line in lines)


@dataclass(frozen=True)
class Head:
    """What the first lines of a file tell."""

    file: str
    """Name for messages."""
    names: tuple[str, ...]
    """The header, or "0", "1", ... where there is none."""
    skipped_lines: int
    """Lines before the first row."""

    @property
    def width(self) -> int:
        """Number of columns; 0 for an empty file."""
        return len(self.names)

    def position(self, column: int | str) -> int:
        """Position of a column given by name or by position.

        Raises:
            DataError: there is none, or several bear that name.
        """
        if isinstance(column, int):
            if 0 <= column < self.width:
                return column
            raise DataError(
                f"{self.file}: a column's position must be from 0 to {self.width - 1}. Received: {column}"
            )
        found = [position for position, name in enumerate(self.names) if name == column]
        if len(found) != 1:
            raise DataError(
                f"{self.file}: one column must be named {column!r}. Received: {len(found)} of that name; "
                f"the columns are {', '.join(self.names)}"
            )
        return found[0]


def read_first_lines(file: BinaryIO, name: str, encoding: str = "utf-8") -> list[str]:
    """The whole lines among the first bytes, without their ends; the file is rewound.

    Args:
        file: seekable.
        name: for messages.
        encoding: of the text; bytes that do not fit it are replaced.

    Raises:
        DataError: the text is UTF-16.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if head[:2] in _UTF16_MARKS:
        raise DataError(f"{name}: text must be UTF-8 or Latin-1. Received: UTF-16. Save it again as UTF-8.")
    # Not str.splitlines, which also splits at separators that no reader of files takes for line ends.
    text = io.StringIO(head.removeprefix(_UTF8_MARK).decode(encoding, "replace"), newline=None)
    lines = [line.removesuffix("\n") for line in text]
    if len(head) == _HEAD_BYTES and len(lines) > 1:
        lines.pop()
    return lines


def read_head(file: BinaryIO, name: str, layout: Layout) -> Head:
    """Names and number of the columns.

    Args:
        file: seekable; rewound afterwards.
        name: for messages.
        layout: of the file.

    Raises:
        DataError: the text is UTF-16.
    """
    lines = read_first_lines(file, name, layout.encoding)
    blank = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    rows = [fields for fields in layout.split(lines[blank:]) if fields]
    if not rows:
        return Head(name, (), blank)
    if layout.header:
        return Head(name, tuple(field.strip() for field in rows[0]), blank + 1)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    return Head(name, tuple(map(str, range(width))), blank)


class RewrittenFile(io.RawIOBase):
    """A text file whose delimiters are turned into STAND_IN, block by block of whole lines.

    Args:
        file: what to read; it stays open.
        delimiter: several characters, or " " for any run of blanks and tabs.
    """

    def __init__(self, file: BinaryIO, delimiter: str) -> None:
        self._file = file
        self._delimiter = delimiter.encode()
        self._rest = b""
        self._ready = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size` of them; none at the end."""
        while not self._ready:
            block = self._file.read(BLOCK_BYTES)
            whole, newline, self._rest = (self._rest + block).rpartition(b"\n")
            if not block:
                whole, newline, self._rest = self._rest, b"", b""
                if not whole:
                    return b""
            self._ready = self._rewrite(whole) + newline
        size = len(self._ready) if size < 0 else size
        result, self._ready = self._ready[:size], self._ready[size:]
        return result

    def _rewrite(self, lines: bytes) -> bytes:
        stand_in = STAND_IN.encode()
        if self._delimiter != b" ":
            return lines.replace(self._delimiter, stand_in)
        return b"\n".join(stand_in.join(line.split()) for line in lines.split(b"\n"))


def lines_of_rows(file: BinaryIO, head: Head, layout: Layout, rows: npt.NDArray[np.int64]) -> list[int]:
    """Line numbers, from 1, of the rows at the given ascending positions; reads the file once more.

    Args:
        file: seekable.
        head: of the file.
        layout: of the file.
        rows: positions among the lines after the header that are not blank, [n].

    Returns:
        The first line of each.
    """
    file.seek(0)
    text = io.TextIOWrapper(cast(io.BufferedReader, file), encoding="latin-1", newline="")
    lines: dict[int, int] = {}
    wanted = set(rows.tolist())
    limit = csv.field_size_limit(sys.maxsize)
    try:
        for _ in range(head.skipped_lines):
            text.readline()
        for row, line in enumerate(_record_lines(text, layout)):
            if row in wanted:
                lines[row] = line + head.skipped_lines
                if len(lines) == len(wanted):
                    break
    finally:
        csv.field_size_limit(limit)
        text.detach()
    return [lines[row] for row in rows.tolist()]


def _record_lines(text: io.TextIOWrapper, layout: Layout) -> Iterator[int]:
    """The first line of each record; blank lines are left out, as Arrow leaves them out."""
    if not layout.quoting:
        blanks = " \t\r\n" if layout.delimiter == " " else "\r\n"
        yield from (line for line, record in enumerate(text, start=1) if record.strip(blanks))
        return
    records = csv.reader(text, delimiter=layout.delimiter)
    start = 1
    for record in records:
        if record:
            yield start
        start = records.line_num + 1
