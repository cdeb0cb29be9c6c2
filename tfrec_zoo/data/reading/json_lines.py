"""JSON lines, one object per line, streamed: by Arrow where a block is clean, else line by line."""

from __future__ import annotations

import ast
import io
import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.json

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.columns import BLANK, ID_COLUMNS, BadRow
from tfrec_zoo.data.rejected import RejectionLog

_BLOCK_BYTES = 1 << 20
_UTF8_MARK = b"\xef\xbb\xbf"
_NOT_OBJECT = "not a JSON object"
_BROKEN = "broken JSON"


class _BadLineError(ValueError):
    """A line that cannot be used, with the reason."""


def json_objects(file: BinaryIO, name: str, log: RejectionLog) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's number, from 1, with its object; Python literals, as Amazon's of 2014, are read too.

    Args:
        file: at its beginning.
        name: for messages.
        log: receives the lines that are no object.
    """
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            yield line, _object(text)
        except _BadLineError as error:
            log.add(name, line, str(error), text.decode("latin-1").strip())


def json_batches(
    file: BinaryIO, name: str, columns: Mapping[str, str], bad_rows: list[BadRow]
) -> Iterator[dict[str, pa.Array]]:
    """Columns of interactions, block by block; every line counts as a position, those of `bad_rows` too.

    Args:
        file: seekable; read from its beginning.
        name: for messages.
        columns: our names of the columns -> keys of the objects.
        bad_rows: receives lines that are blank or no object, or whose ids are neither text nor whole numbers.

    Raises:
        DataError: the file is one JSON array.
    """
    file.seek(0)
    schema: pa.Schema | None = None
    position = 0
    for block in _blocks_of_lines(file):
        if position == 0:
            _refuse_array(block, name)
            schema = _schema(block, columns)
        rows = _fast(block, columns, schema) if schema else None
        lines = block.count(b"\n")
        yield rows or _slow(block, columns, position, bad_rows)
        position += lines


def first_objects(file: BinaryIO, name: str, count: int = 100) -> list[dict[str, Any]]:
    """The objects among the first lines; the file is rewound.

    Raises:
        DataError: the file is one JSON array.
    """
    file.seek(0)
    lines = [line for _, line in zip(range(count), file, strict=False)]
    file.seek(0)
    if lines:
        _refuse_array(b"".join(lines), name)
    objects = []
    for line in lines:
        try:
            objects.append(_object(line))
        except _BadLineError:
            continue
    return objects


def _refuse_array(block: bytes, name: str) -> None:
    text = block.removeprefix(_UTF8_MARK).lstrip()
    if text.startswith(b"[") and text[1:].lstrip().startswith(b"{"):
        raise DataError(
            f"{name}: JSON lines must hold one object per line. Received: one JSON array. "
            "Write it with `DataFrame.to_json(path, orient='records', lines=True)`."
        )


def _blocks_of_lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := file.read(_BLOCK_BYTES):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            yield whole + newline
    if rest:
        yield rest + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    try:
        text = line.removeprefix(_UTF8_MARK).decode().strip()
    except UnicodeDecodeError:
        raise _BadLineError("not valid UTF-8") from None
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        value = _literal(text)
    if not isinstance(value, dict):
        raise _BadLineError(_NOT_OBJECT)
    return value


def _literal(text: str) -> Any:
    if not text.startswith("{'"):
        raise _BadLineError(_BROKEN)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\/" is an invalid escape that the files of 2014 are full of.
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise _BadLineError(_BROKEN) from None


def _schema(block: bytes, columns: Mapping[str, str]) -> pa.Schema | None:
    """Types for Arrow, taken from the first object; None where it has to be done line by line."""
    try:
        first = _object(block.lstrip().split(b"\n", 1)[0])
    except _BadLineError:
        return None
    if len(set(columns.values())) < len(columns):
        return None
    kinds = {str: pa.string(), int: pa.float64(), float: pa.float64()}
    fields = []
    for ours, key in columns.items():
        kind = (
            pa.int64()
            if ours in ID_COLUMNS and type(first.get(key)) is int
            else kinds.get(type(first.get(key)))
        )
        if kind is None or (ours in ID_COLUMNS and kind == pa.float64()):
            return None
        fields.append((key, kind))
    return pa.schema(fields)


def _fast(block: bytes, columns: Mapping[str, str], schema: pa.Schema) -> dict[str, pa.Array] | None:
    """The block by Arrow's reader, which knows no line numbers: None unless every line is a good row."""
    try:
        table = pyarrow.json.read_json(
            io.BytesIO(block.removeprefix(_UTF8_MARK)),
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pyarrow.json.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != block.count(b"\n"):
        return None
    return {ours: table.column(key).combine_chunks() for ours, key in columns.items()}


def _slow(
    block: bytes, columns: Mapping[str, str], position: int, bad_rows: list[BadRow]
) -> dict[str, pa.Array]:
    values: dict[str, list[str | None]] = {ours: [] for ours in columns}
    for place, line in enumerate(block.split(b"\n")[:-1], start=position):
        if not line.strip():
            bad_rows.append(BadRow(place, BLANK, ""))
            continue
        try:
            found = _object(line)
            row = [_text(found.get(key), ours) for ours, key in columns.items()]
        except _BadLineError as error:
            bad_rows.append(BadRow(place, str(error), line.decode("latin-1").strip()))
            continue
        for column, value in zip(values.values(), row, strict=True):
            column.append(value)
    return {ours: _as_bytes(column) for ours, column in values.items()}


def _as_bytes(column: list[str | None]) -> pa.Array:
    # An escaped lone surrogate has no bytes in UTF-8; as bytes it is rejected later, by name.
    encoded = [None if value is None else value.encode("utf-8", "surrogatepass") for value in column]
    return pa.array(encoded, pa.binary())


def _text(value: Any, ours: str) -> str | None:
    """A value as text, so that a column has one type."""
    if value is None or isinstance(value, str):
        return value
    if ours in ID_COLUMNS:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise _BadLineError(f"{ours} neither text nor a whole number")
    return str(value)
