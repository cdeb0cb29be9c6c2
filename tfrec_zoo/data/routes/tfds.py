"""Official archives through tensorflow_datasets (TFDS), in a process of its own.

TFDS knows the archives, fetches them and checks them against its recorded SHA-256. Our own reader then reads
the archive. Preparing it in TFDS would shuffle the rows by a hash (and with them the order of ties), and, of
MovieLens, leave out films that nobody rated, rename a genre, and take a Python loop over every rating.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tfrec_zoo.data.routes.watched import run_watched

_ARCHIVE = "archive.zip"


def fetch_by_tfds(dataset: str, address: str, folder: Path, timeout: float, *, name: str) -> Path:
    """Fetch an archive of a data set.

    Args:
        dataset: TFDS's name of it, e.g. "movielens".
        address: of the archive, one of which TFDS recorded the SHA-256.
        folder: an empty folder to download into.
        timeout: seconds without a sign of life after which the source is left.
        name: what to call it in messages.

    Returns:
        The archive, its SHA-256 checked.

    Raises:
        DataError: no answer, a broken download, or another file than TFDS recorded.
    """
    run_watched(_command(dataset, address, folder, timeout), folder, name=name, timeout=timeout)
    return folder / _ARCHIVE


def download(dataset: str, address: str, folder: Path, timeout: float, mirror: str | None = None) -> None:
    """Let TFDS download and check an archive; for the child process.

    Args:
        dataset: TFDS's name of it.
        address: of the archive.
        folder: where the archive goes.
        timeout: seconds for the server to begin its answer.
        mirror: where to download from, instead of the address.

    Raises:
        requests.RequestException: the server does not answer.
        tensorflow_datasets.core.download.NonMatchingChecksumError: the file is another one.
    """
    import requests
    import tensorflow_datasets as tfds

    recorded = tfds.builder_cls(dataset).url_infos[address]
    mirror = mirror or address
    # TFDS retries an unknown host for minutes; this asks once.
    requests.head(mirror, timeout=timeout, allow_redirects=True).raise_for_status()
    manager = tfds.download.DownloadManager(
        download_dir=folder / "downloads",
        url_infos={mirror: recorded},
        force_checksums_validation=True,
    )
    shutil.move(manager.download(mirror), folder / _ARCHIVE)


def _command(dataset: str, address: str, folder: Path, timeout: float) -> list[str]:
    script = (
        "import sys, pathlib, tfrec_zoo.data.routes.tfds as route; "
        "route.download(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), float(sys.argv[4]))"
    )
    return [sys.executable, "-c", script, dataset, address, str(folder), str(timeout)]
