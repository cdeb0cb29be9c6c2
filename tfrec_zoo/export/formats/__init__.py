"""What an export can hold: the SavedModel, and files beside it for other runtimes.

A format of one's own joins by `FORMATS.register(NAME, Format(...))`, an engine that checks it by
`ENGINES.register(NAME, Engine(...))`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo._registry import Registry
from tfrec_zoo.bundle import EXTRA_FOLDER, FEATURES_FOLDER, MODEL_FILE, WARMUP_FILE, Manifest
from tfrec_zoo.export.formats.format import Format, Servable
from tfrec_zoo.export.formats.litert import FLOAT16, FLOAT32, INT8
from tfrec_zoo.export.formats.saved_model import SAVED_MODEL
from tfrec_zoo.schema import Feature

__all__ = ["FORMATS", "Format", "Servable", "check_formats", "check_litert", "formats_in", "litert_formats"]

FORMATS: Registry[Format] = Registry(
    "format",
    {"saved_model": SAVED_MODEL, "litert_float32": FLOAT32, "litert_float16": FLOAT16, "litert_int8": INT8},
)
"""Name -> format."""

_OF_LITERT = "litert_"


def check_formats(names: Iterable[str], profile: Iterable[Feature] = ()) -> None:
    """Refuse what could not be written, before anything costly is done.

    Args:
        names: of `FORMATS`.
        profile: profile features that the model reads.

    Raises:
        UnknownNameError: a name that is none of them.
        DataError: a package that writes or opens one is not installed, or no engine of it has the operations
            of a feature's kind.
    """
    profile = tuple(profile)
    for entry in [FORMATS.find(name) for name in names]:
        entry.require_packages()
        entry.require_kinds(profile)


def litert_formats(precisions: Iterable[str]) -> list[str]:
    """The formats of LiteRT files by the precision of their weights: float32, float16, int8.

    Raises:
        UnknownNameError: another precision.
    """
    known = [name.removeprefix(_OF_LITERT) for name in FORMATS if name.startswith(_OF_LITERT)]
    precisions = list(precisions)
    for precision in precisions:
        if precision not in known:
            raise UnknownNameError("precision", precision, known)
    return [_OF_LITERT + precision for precision in precisions]


def check_litert(precisions: Iterable[str]) -> None:
    """`check_formats` of LiteRT files.

    Raises:
        UnknownNameError: a precision that is none of float32, float16, int8.
        DataError: LiteRT's runtime, which opens what is written, is not installed.
    """
    check_formats(litert_formats(precisions))


def formats_in(manifest: Manifest) -> dict[str, Format]:
    """The formats that an export's newest version holds, by name."""
    return {name: entry for name, entry in FORMATS.items() if entry.is_in(manifest)}


def unknown_files(manifest: Manifest) -> list[str]:
    """Files beside an export's SavedModel that are of no format in the table."""
    version = PurePosixPath(str(manifest.version))
    extra = version / EXTRA_FOLDER
    known = {extra / MODEL_FILE, extra / FEATURES_FOLDER, extra / WARMUP_FILE}
    places = (PurePosixPath(entry.place(Path(version))) for entry in formats_in(manifest).values())
    known |= {place for place in places if extra in place.parents}
    files = (PurePosixPath(name) for name in manifest.files)
    return [str(file) for file in files if extra in file.parents and not known & {file, *file.parents}]
