"""MovieLens through tensorflow_datasets (TFDS), in a process of its own.

TFDS knows the official archives, fetches them and checks them against its recorded SHA-256. Our own reader
then reads the archive. Preparing it in TFDS would shuffle the rows by a hash (and with them the order of
ties), leave out films that nobody rated, rename a genre, and take a Python loop over every rating.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tfrec_zoo.data.routes.watched import run_watched

TFDS_RELEASES = frozenset({"100k", "1m", "20m", "25m", "latest-small"})
"""The releases that TFDS has."""

_ARCHIVE = "archive.zip"


def fetch_by_tfds(release: str, folder: Path, timeout: float) -> Path:
    """Fetch the official archive of a release.

    Args:
        release: one of `TFDS_RELEASES`.
        folder: an empty folder to download into.
        timeout: seconds without a sign of life after which the source is left.

    Returns:
        The archive, its SHA-256 checked.

    Raises:
        DataError: no answer, a broken download, or another file than TFDS recorded.
    """
    run_watched(
        _command(release, folder, timeout),
        folder,
        name=f"tensorflow_datasets movielens/{release}",
        timeout=timeout,
    )
    return folder / _ARCHIVE


def download(release: str, folder: Path, timeout: float, address: str | None = None) -> None:
    """Let TFDS download and check an archive; for the child process.

    Args:
        release: one of `TFDS_RELEASES`.
        folder: where the archive goes.
        timeout: seconds for the server to begin its answer.
        address: where to download from, instead of the official address.

    Raises:
        requests.RequestException: the server does not answer.
        tensorflow_datasets.core.download.NonMatchingChecksumError: the file is another one.
    """
    import requests
    import tensorflow_datasets as tfds
    from tensorflow_datasets.structured.movielens import Movielens

    official = Movielens.builder_configs[f"{release}-ratings"].download_url
    address = address or official
    # TFDS retries an unknown host for minutes; this asks once.
    requests.head(address, timeout=timeout, allow_redirects=True).raise_for_status()
    manager = tfds.download.DownloadManager(
        download_dir=folder / "downloads",
        url_infos={address: Movielens.url_infos[official]},
        force_checksums_validation=True,
    )
    shutil.move(manager.download(address), folder / _ARCHIVE)


def _command(release: str, folder: Path, timeout: float) -> list[str]:
    script = (
        "import sys, pathlib, tfrec_zoo.data.routes.tfds as route; "
        "route.download(sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3]))"
    )
    return [sys.executable, "-c", script, release, str(folder), str(timeout)]
