"""The two layouts of the literature: a line `user item`, or a line `user item item ...`, in time order."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from tfrec_zoo.data.reading.archives import open_binary
from tfrec_zoo.data.reading.columns import ID_COLUMNS, InteractionColumns, Rows
from tfrec_zoo.data.reading.delimited import read_interactions_text
from tfrec_zoo.data.reading.text_layout import BLOCK_BYTES
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.tables import Interactions

_UTF8_MARK = b"\xef\xbb\xbf"


def read_pairs(path: Path | BinaryIO, *, log: RejectionLog, name: str | None = None) -> Interactions:
    """Read lines of a user and an item, white space between, oldest first; no times.

    Args:
        path: a file or an open seekable one, plain or gzip.
        log: receives lines that are not two words.
        name: what to call the file in messages.

    Raises:
        DataError: no line can be used.
    """
    columns = {"user_id": 0, "item_id": 1}
    return read_interactions_text(path, delimiter=" ", columns=columns, header=False, log=log, name=name)


def read_sequences(path: Path | BinaryIO, *, log: RejectionLog, name: str | None = None) -> Interactions:
    """Read lines of a user and all the user's items, white space between, oldest first; no times.

    Args:
        path: a file or an open seekable one, plain or gzip.
        log: receives lines with a user alone.
        name: what to call the file in messages.

    Raises:
        DataError: no line can be used.
    """
    label = name or (path.name if isinstance(path, Path) else "file")
    collected = InteractionColumns(label, ID_COLUMNS, log)
    line_starts: list[Rows] = []
    with open_binary(path, label) as file:
        line = 1
        rest = b""
        while block := file.read(BLOCK_BYTES):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if newline:
                line_starts.append(_add_lines(whole, line, collected, log))
                line += whole.count(b"\n") + 1
        if rest:
            line_starts.append(_add_lines(rest, line, collected, log))
    lines = np.concatenate(line_starts) if line_starts else np.empty(0, np.int64)
    return collected.finish(places=lambda rows: [(label, int(line)) for line in lines[rows]])


def _add_lines(text: bytes, first_line: int, collected: InteractionColumns, log: RejectionLog) -> Rows:
    """Collect whole lines; returns the line of each interaction, int64 [n]."""
    if first_line == 1:
        text = text.removeprefix(_UTF8_MARK)
    lines = text.split(b"\n")
    words = [line.split() for line in lines]
    for number, found in enumerate(words, start=first_line):
        if len(found) == 1:
            log.add(collected.file, number, "too few fields", found[0].decode("utf-8", "replace"))
    counts = np.array([max(len(found) - 1, 0) for found in words])
    owners = np.repeat(np.arange(len(words)), counts)
    users = pa.array([found[0] if found else b"" for found in words], pa.binary())
    items = pa.array([item for found in words for item in found[1:]], pa.binary())
    collected.add({"user_id": users.dictionary_encode().take(pa.array(owners)), "item_id": items})
    return owners + first_line
