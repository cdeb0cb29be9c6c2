"""Opens files for reading, plain or gzip, loose or in a folder, zip or tar; never unpacks to disk."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, BinaryIO, cast

from tfrec_zoo._errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Member:
    """One open file of a folder or a zip."""

    name: str
    """What to call it in messages, e.g. "ml-100k.zip/ml-100k/u.data"."""
    file: BinaryIO
    """Its bytes, unpacked if it was gzipped; seekable."""


@contextmanager
def explain_broken_file(name: str) -> Iterator[None]:
    """Turn what a damaged or unreadable file raises into a DataError that names the file.

    Args:
        name: what to call the file.

    Raises:
        DataError: the body met a broken gzip or zip, or the system would not give the file.
    """
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{name}: the compressed data is broken or cut short ({error}). Fetch the file again."
        ) from error
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise DataError(f"{name}: not a whole zip or tar file ({error}). Fetch the file again.") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{name}: there is no such file. Received: {error.filename or name}") from error
    except OSError as error:
        raise DataError(f"{name}: the file cannot be read ({error}).") from error


@contextmanager
def open_binary(path: Path | BinaryIO, name: str | None = None) -> Iterator[BinaryIO]:
    """The bytes of a plain or gzip file, told apart by their first bytes and not by the name.

    Args:
        path: a file, or an open seekable binary file (which is rewound, and left open).
        name: what to call it in messages; the file's own name where None.

    Raises:
        DataError: there is no such file, it is a folder, or its compressed data is broken.
    """
    label = name or (path.name if isinstance(path, Path) else getattr(path, "name", "file"))
    with explain_broken_file(str(label)), ExitStack() as stack:
        if isinstance(path, Path) and path.is_dir():
            raise DataError(f"{label}: a file was expected. Received: the folder {path}")
        raw = stack.enter_context(path.open("rb")) if isinstance(path, Path) else path
        raw.seek(0)
        packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        yield cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=raw))) if packed else raw


@contextmanager
def open_members(path: Path, suffixes: Sequence[str]) -> Iterator[dict[str, Member]]:
    """Open files of a folder, zip or tar by the end of their paths; nothing is unpacked to disk.

    Args:
        path: a folder, a zip, or a tar (plain or compressed).
        suffixes: ends of member paths, e.g. "u.data" or "ml-100k/u.data"; the same name with ".gz" counts.

    Yields:
        The suffixes that were found, each with its open file; of several the one nearest to the top.

    Raises:
        DataError: there is no such folder or archive, the archive is broken, a member's path climbs out of
            it, or two members at the same depth end alike.
    """
    with explain_broken_file(path.name), ExitStack() as stack:
        names, open_member = _contents(path, stack)
        members: dict[str, Member] = {}
        for suffix in suffixes:
            found = _nearest_to_top(path, names, suffix)
            if found is None:
                continue
            label = f"{path.name}/{found}"
            opened = open_binary(cast(BinaryIO, stack.enter_context(open_member(found))), label)
            members[suffix] = Member(label, stack.enter_context(opened))
        yield members


def _contents(path: Path, stack: ExitStack) -> tuple[list[str], Callable[[str], IO[bytes]]]:
    """Paths of the files inside, and what opens one of them."""
    if path.is_dir():
        return _folder_names(path), lambda name: (path / name).open("rb")
    if tarfile.is_tarfile(path):
        tar = stack.enter_context(tarfile.open(path))  # noqa: SIM115
        names = [member.name for member in tar.getmembers() if member.isfile()]
        return _safe_names(path, names), lambda name: cast(IO[bytes], tar.extractfile(name))
    archive = stack.enter_context(zipfile.ZipFile(path))
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return _safe_names(path, names), archive.open


def _folder_names(folder: Path) -> list[str]:
    """Paths of the files in a folder and in the folders directly below it."""
    files = [*folder.glob("*"), *folder.glob("*/*")]
    return sorted(file.relative_to(folder).as_posix() for file in files if file.is_file())


def _safe_names(path: Path, names: list[str]) -> list[str]:
    for name in names:
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or PureWindowsPath(name).drive:
            raise DataError(
                f"{path.name}: every member of an archive must lie inside it. Received: {name!r}. "
                "Do not use this file; fetch it again from where it is published."
            )
    return names


def _nearest_to_top(path: Path, names: Sequence[str], suffix: str) -> str | None:
    ends = (suffix, f"{suffix}.gz")
    found = [name for name in names if any(name == end or name.endswith(f"/{end}") for end in ends)]
    found.sort(key=lambda name: name.count("/"))
    if len(found) > 1 and found[0].count("/") == found[1].count("/"):
        raise DataError(
            f"{path.name}: only one file may end with {suffix!r}. Received: {found[0]!r} and {found[1]!r}. "
            "Give the folder that holds the right one."
        )
    return found[0] if found else None
