"""Runs a download in a child process and leaves it when nothing comes any more."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfrec_zoo._errors import DataError

_POLL_SECONDS = 0.1
_REPORT_SECONDS = 5.0
_MAX_TAIL = 300

_logger = logging.getLogger("tfrec_zoo")


def run_watched(
    command: Sequence[str],
    folder: Path,
    *,
    name: str,
    timeout: float,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command that downloads into a folder; kill it when the folder has not grown for `timeout`.

    What the command prints goes to a file in that folder, so a line is a sign of life too. A library's own
    retries (minutes where a host's name cannot be resolved) thus never outlast the timeout.

    Args:
        command: the program and its arguments.
        folder: where it writes, its temporary files included.
        name: what to call it in messages.
        timeout: seconds without a sign of life.
        environment: variables beside those of this process.

    Raises:
        DataError: the command was killed or failed; the message ends with its last line.
    """
    log = folder / "output.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        ) as process,
    ):
        try:
            _wait(process, folder, name, timeout)
        except TimeoutError as error:
            raise DataError(f"{name}: no answer for {timeout:g} s. {_last_words(log)}") from error
        finally:
            process.kill()
    if process.returncode:
        raise DataError(f"{name}: failed. {_last_words(log)}")


def _wait(process: subprocess.Popen[bytes], folder: Path, name: str, timeout: float) -> None:
    size, grown, reported = -1, time.monotonic(), time.monotonic()
    while True:
        try:
            process.wait(_POLL_SECONDS)
            return
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        found = _bytes_in(folder)
        if found != size:
            size, grown = found, now
        elif now - grown > timeout:
            raise TimeoutError
        if now - reported > _REPORT_SECONDS:
            _logger.info("%s: %.1f MB so far", name, size / 1e6)
            reported = now


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # renamed since it was listed
                continue
    return total


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return f"Its last line: {lines[-1][-_MAX_TAIL:]!r}" if lines else "It printed nothing"
