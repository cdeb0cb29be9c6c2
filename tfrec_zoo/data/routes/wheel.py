"""A wheel from whichever package index pip is set up for, for data that a package carries; not installed."""

from __future__ import annotations

import sys
from pathlib import Path

from tfrec_zoo.data.routes.watched import run_watched


def fetch_wheel(requirement: str, sha256: str, folder: Path, timeout: float) -> Path:
    """Download a wheel by pip.

    Args:
        requirement: package and version, e.g. "recbole==1.2.1".
        sha256: of the wheel, in hexadecimal.
        folder: an empty folder to download into.
        timeout: seconds without a sign of life after which the source is left.

    Returns:
        The wheel, its SHA-256 checked.

    Raises:
        DataError: no answer, a broken download, another file than the pinned one, or a Python without pip.
    """
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command += ["download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--progress-bar=off"]
    command += [f"--timeout={timeout:g}", "--retries=0", f"--dest={folder}", f"--requirement={pinned}"]
    run_watched(
        command,
        folder,
        name=f"pip download {requirement}",
        timeout=timeout,
        environment={"TMPDIR": str(folder)},
    )
    return next(folder.glob("*.whl"))
