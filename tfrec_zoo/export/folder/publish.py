"""A new version in its folder: whole, or not there at all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfrec_zoo._errors import DataError
from tfrec_zoo._files import sha256, write_text
from tfrec_zoo.bundle import (
    BATCHING_CONFIG_FILE,
    CARD_FILE,
    MANIFEST_FILE,
    MODELS_CONFIG_FILE,
    TRAINING_FOLDER,
    Manifest,
)
from tfrec_zoo.export.folder.keras_files import holds_keras_files
from tfrec_zoo.export.folder.model_card import model_card
from tfrec_zoo.export.folder.server_files import batching_config, models_config


def check_target(path: str | Path) -> None:
    """Refuse a place where no export can go, before anything costly is done.

    Raises:
        DataError: a file is there, or a folder that holds other things, or nothing can be written there.
    """
    path = Path(path).absolute()
    rule = "An export must go to a new or empty folder, or into an earlier export."
    if path.exists() or path.is_symlink():
        if not path.is_dir():
            raise DataError(f"{rule} Received: {path}, which is no folder. Choose another name.")
        others = [entry for entry in path.iterdir() if not _is_training(entry)]
        if others and not (path / MANIFEST_FILE).is_file() and not _versions(path):
            raise DataError(f"{rule} Received: {path}, which holds other things. Choose another name.")
    # Versions are written beside the folder and moved in, so both must be writable.
    for folder in (path, path.parent):
        place = next(place for place in (folder, *folder.parents) if place.exists())
        try:
            Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=place)).rmdir()
        except OSError as error:
            raise DataError(
                f"{rule} Received: {path}, and {place} cannot be written to ({error.strerror}). "
                "Choose another place."
            ) from error


def publish(staging: Path, path: Path, facts: Mapping[str, Any]) -> Path:
    """Move a version in under the first free number, then the pages, and the manifest last.

    Args:
        staging: beside `path`, with the version in its folder "1".
        path: of the export.
        facts: of the manifest, without version and files.

    Returns:
        `path/VERSION`.
    """
    written = staging / "1"
    hashes = {
        file.relative_to(written).as_posix(): sha256(file)
        for file in sorted(written.rglob("*"))
        if file.is_file()
    }
    number = 1
    if not path.exists() or not any(path.iterdir()):
        _write_pages(staging, _manifest(facts, 1, hashes))
        try:
            staging.rename(path)
            return path / "1"
        except OSError:  # another export was quicker: join it
            (staging / MANIFEST_FILE).unlink()
    while True:
        number = max([0, *_versions(path)]) + 1
        try:
            written.rename(path / str(number))
            break
        except OSError:
            if not (path / str(number)).exists():
                raise
    manifest = _manifest(facts, number, hashes)
    if number == max(_versions(path)):
        _write_pages(path, manifest)
    return path / str(number)


def _write_pages(folder: Path, manifest: Manifest) -> None:
    """What stands beside the versions; the manifest last."""
    write_text(folder / MODELS_CONFIG_FILE, models_config(manifest.name))
    write_text(folder / BATCHING_CONFIG_FILE, batching_config())
    write_text(folder / CARD_FILE, model_card(manifest))
    manifest.write(folder)


def _manifest(facts: Mapping[str, Any], number: int, hashes: Mapping[str, str]) -> Manifest:
    files = {f"{number}/{name}": digest for name, digest in hashes.items()}
    return Manifest(version=number, files=files, **facts)


def _versions(path: Path) -> list[int]:
    return [int(entry.name) for entry in path.iterdir() if entry.name.isdecimal() and entry.is_dir()]


def _is_training(entry: Path) -> bool:
    """Whether this is what a run that failed after training left."""
    return entry.name == TRAINING_FOLDER and holds_keras_files(entry)
