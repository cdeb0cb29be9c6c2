"""Which format a file of interactions has, guessed from its name and its first lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.reading.column_names import ColumnName, is_well_known
from tfrec_zoo.data.reading.text_layout import Layout, read_first_lines

Format = Literal["csv", "tsv", "parquet", "jsonl", "pairs", "sequences"]

PARQUET_MAGIC = b"PAR1"
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_DELIMITERS = ("\t", "::", ",", ";", "|")
_TABLE_SHARE = 0.8
"""Least share of the first lines that have as many fields as most, for a delimiter to be believed."""


def check_format(name: str) -> None:
    """Refuse a name that is no format.

    Raises:
        UnknownNameError: it is none.
    """
    if name not in get_args(Format):
        raise UnknownNameError("format", name, get_args(Format))


def guess_format(path: Path, file: BinaryIO) -> Format:
    """The format of a file, by its name without ".gz", else by its first lines.

    Args:
        path: for its name.
        file: its unpacked bytes, seekable; rewound.

    Raises:
        DataError: the lines could be a table or sequences.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (".gz", ".gzip")]
    file.seek(0)
    magic = file.read(4)
    file.seek(0)
    if magic == PARQUET_MAGIC:
        return "parquet"
    if suffixes and suffixes[-1] in _SUFFIXES:
        return _SUFFIXES[suffixes[-1]]
    lines = [line for line in read_first_lines(file, path.name) if line.strip()]
    if lines and lines[0].lstrip().startswith(("{", "[{")):
        return "jsonl"
    return _guess_text(path.name, lines)


def _guess_text(name: str, lines: Sequence[str]) -> Format:
    """Pairs and sequences hold nothing but ids and white space; a table has a header or delimiters."""
    widths = Counter(len(line.split()) for line in lines)
    has_header = bool(lines) and sum(map(is_well_known, lines[0].split())) > 1
    if _are_pairs(lines, widths) and not has_header and not any(mark in lines[0] for mark in ",;|"):
        return "pairs"
    delimiter = _common_delimiter(lines)
    if delimiter is None and lines and (mark := _first_delimiter(lines[0])):
        delimiter = mark if any(map(is_well_known, lines[0].split(mark))) else None
    if delimiter is not None:
        return "tsv" if delimiter == "\t" else "csv"
    if has_header:
        return "csv"
    if len(lines) > 1 and len(widths) == 1 and min(widths) in (3, 4, 5):
        raise DataError(
            f"{name}: lines of {min(widths)} words each could be a table or sequences. "
            f"Received: {lines[0]!r}. Give `format='sequences'`, or `format='csv'` with `delimiter=' '`."
        )
    return "sequences"


def _are_pairs(lines: Sequence[str], widths: Counter[int]) -> bool:
    """Whether the lines are two words each, a few bad ones aside, and so not a user's whole sequence."""
    if set(widths) == {2}:
        return True
    users = [line.split()[0] for line in lines]
    return widths[2] >= _TABLE_SHARE * len(lines) and len(set(users)) < _TABLE_SHARE * len(users)


def sniff_delimiter(lines: Sequence[str]) -> str:
    """The delimiter that gives most of the lines the same number of fields, two or more.

    Where none does, it is the one that splits the first line most, or " " (white space) if none splits it.

    Args:
        lines: the first lines of a text file, none of them blank.
    """
    return _common_delimiter(lines) or (_first_delimiter(lines[0]) if lines else None) or " "


def _common_delimiter(lines: Sequence[str]) -> str | None:
    best: tuple[float, int] = (0.0, 0)
    chosen: str | None = None
    for delimiter in _DELIMITERS:
        counts = Counter(map(len, Layout(delimiter, header=False).split(lines)))
        width, number = max(counts.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        share = number / max(len(lines), 1)
        if width > 1 and share >= _TABLE_SHARE and (share, width) > best:
            best, chosen = (share, width), delimiter
    return chosen


def _first_delimiter(line: str) -> str | None:
    counts = {delimiter: line.count(delimiter) for delimiter in _DELIMITERS}
    most = max(counts, key=lambda delimiter: counts[delimiter])
    return most if counts[most] else None


def has_header(rows: Sequence[Sequence[str]], wanted: Sequence[ColumnName | None]) -> bool:
    """Whether the first row names the columns.

    Args:
        rows: fields of the first lines.
        wanted: names or positions of columns that the caller asked for.
    """
    first = [field.strip() for field in rows[0]]
    asked = [str(name) for name in wanted if name not in (None, "")]
    if any(name in first and not name.isdecimal() for name in asked):
        return True
    if any(map(_is_number, first)):
        return False
    if any(map(is_well_known, first)):
        return True
    if any(any(map(_is_number, row)) for row in rows[1:]):
        return True
    return not asked or not all(name.isdecimal() for name in asked)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
