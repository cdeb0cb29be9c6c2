"""The live version of an export, and how the next one takes its place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import MANIFEST_FILE, Manifest, check_files, read_manifest
from tfrec_zoo.serving.session import Session

logger = logging.getLogger(__name__)

_KEPT_STATES = 50
"""Versions that the status still names."""


class UnknownVersionError(LookupError):
    """A version that is not served."""


@dataclass(frozen=True)
class State:
    """How a version fares, in TensorFlow Serving's words."""

    state: str
    """LOADING, AVAILABLE, UNLOADING or END."""
    error_code: str = "OK"
    error_message: str = ""


class LiveVersion:
    """Holds the version that the manifest of a folder names, and moves on with it.

    A version is loaded when the manifest names it and every file is as the manifest says: `export` moves a
    version in whole before it replaces the manifest. The next one is loaded and warmed up beside the live
    one, then takes its place in one step; the old one is closed when its last request has ended. A version
    that is not whole, or does not load, is refused, and the live one stays.

    Args:
        folder: that `export` wrote.

    Raises:
        DataError: no export there, a file that is missing or damaged, or a SavedModel that does not load.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._lock = threading.Lock()
        self._requests: dict[Session, int] = {}
        self._states: dict[int, State] = {}
        self._refused: object = None
        self._unreadable = ""
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None
        self._manifest = read_manifest(self._folder)
        self.name = self._manifest.name
        """Of the model, in every address."""
        self._live = self._load(self._manifest)
        self._requests[self._live] = 0
        self._states[self._live.number] = State("AVAILABLE")

    @property
    def number(self) -> int:
        """Of the live version."""
        return self._live.number

    @contextmanager
    def lease(self, number: int | None = None) -> Iterator[Session]:
        """The live version, which stays open for as long as it is held.

        Args:
            number: of the version that is asked for; None for any.

        Raises:
            UnknownVersionError: another version is live.
        """
        with self._lock:
            version = self._live
            if number not in (None, version.number):
                raise UnknownVersionError(f"Servable not found for request: Specific({self.name}, {number})")
            self._requests[version] += 1
        try:
            yield version
        finally:
            with self._lock:
                self._requests[version] -= 1
                ended = version is not self._live and not self._requests[version]
            if ended:
                self._let_go(version)

    def states(self) -> list[tuple[int, State]]:
        """Every version that was tried, newest first."""
        with self._lock:
            return sorted(self._states.items(), reverse=True)

    def watch(self, seconds: float) -> None:
        """Look after the folder in a thread of its own, until `close`."""

        def look() -> None:
            while not self._stop.wait(seconds):
                try:
                    self.look()
                except Exception:
                    logger.exception("The folder %s could not be looked at.", self._folder)

        self._watcher = threading.Thread(target=look, name="versions", daemon=True)
        self._watcher.start()

    def look(self) -> bool:
        """Move on to the version that the manifest names, if it is another and whole.

        Returns:
            Whether another version is live now.
        """
        try:
            manifest = read_manifest(self._folder)
        except (DataError, OSError) as error:
            if str(error) != self._unreadable:
                logger.error("Version %d stays live. %s", self.number, error)
            self._unreadable = str(error)
            return False
        self._unreadable = ""
        if (manifest.version, manifest.files) == (self._manifest.version, self._manifest.files):
            return False
        sight = (manifest.version, manifest.files, _sizes(self._folder, manifest))
        if sight == self._refused:
            return False
        try:
            self._set_state(manifest.version, State("LOADING"))
            new = self._load(manifest)
        except Exception as error:
            # Whatever is wrong with it, the live one goes on. It is tried again when its files have changed.
            self._refused = sight
            code = "DATA_LOSS" if isinstance(error, DataError) else "INTERNAL"
            self._set_state(manifest.version, State("END", code, str(error)))
            logger.error(
                "Version %d is refused, version %d stays live. %s", manifest.version, self.number, error
            )
            return False
        self._replace(new, manifest)
        return True

    def close(self) -> None:
        """Stop looking, and give the memory back; no request may be under way."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
        self._live.close()

    def _load(self, manifest: Manifest) -> Session:
        check_files(self._folder, manifest)
        return Session(manifest.version_folder(self._folder), manifest.version, warm_up=True)

    def _replace(self, new: Session, manifest: Manifest) -> None:
        with self._lock:
            old, self._live, self._manifest = self._live, new, manifest
            self._requests[new] = 0
            if old.number != new.number:
                self._states[old.number] = State("UNLOADING")
            self._states[new.number] = State("AVAILABLE")
            ended = not self._requests[old]
        logger.info("Version %d is live.", new.number)
        if ended:
            self._let_go(old)

    def _let_go(self, version: Session) -> None:
        version.close()
        with self._lock:
            del self._requests[version]
            if version.number != self._live.number:
                self._states[version.number] = State("END")

    def _set_state(self, number: int, state: State) -> None:
        with self._lock:
            if number == self._live.number:
                return
            self._states[number] = state
            for old in sorted(self._states)[:-_KEPT_STATES]:
                if old != self._live.number:
                    del self._states[old]


def _sizes(folder: Path, manifest: Manifest) -> list[Any]:
    """When each file was last written, and how long it is; None where there is none."""
    found: list[Any] = []
    for name in (MANIFEST_FILE, *manifest.files):
        try:
            status = (folder / name).stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size))
    return found
