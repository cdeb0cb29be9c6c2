"""What a format is: a row of the table, which says how its files are written, found and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from tfrec_zoo._errors import DataError, require
from tfrec_zoo.bundle import Manifest
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.export.verification.check import TOLERANCE
from tfrec_zoo.export.verification.engines import Engine, engines_of
from tfrec_zoo.schema import Feature


@dataclass(frozen=True)
class Servable:
    """A model as it is served, which every format writes in its own way.

    Example:
        >>> from tfrec_zoo.export.graph.serving_module import ServingModule
        >>> servable = Servable(ServingModule(model, features, k=10), facts={"name": "shop"})
        >>> sorted(servable.signatures)  # model, features: as `export` takes them
        ['encode_item', ...]
    """

    module: ServingModule
    """Raw ids in, ids and scores out, with the table of item vectors."""
    facts: Mapping[str, Any]
    """JSON-ready: name of the export, name of the model, version of this package."""

    @cached_property
    def signatures(self) -> dict[str, Any]:
        """Each signature as a concrete function, for batches of any size."""
        return self.module.signatures()


@dataclass(frozen=True)
class Format:
    """A kind of file, or folder of files, that a version of an export can hold.

    Example:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> def write_vectors(servable, file):
        ...     np.save(file, servable.module.item_vectors.numpy())
        >>> table = Format("table of vectors", kind="npy", file="assets.extra/table.npy", write=write_vectors)
        >>> table.place(Path("shop/1")).as_posix()  # `FORMATS.register("npy", table)` lets `export` write it
        'shop/1/assets.extra/table.npy'

    Raises:
        ValueError: a file outside the version's folder.
    """

    title: str
    """What messages call one, e.g. "LiteRT file"."""
    kind: str
    """Engines that read this kind check it."""
    file: str
    """Path within the version's folder; a manifest that lists it has this format."""
    write: Callable[[Servable, Path], None]
    """Puts a model into the file, or into its folder."""
    is_folder: bool = False
    """Whether writer and engines take the folder of `file`, rather than it."""
    variant: str = ""
    """What tells it from others of its kind, e.g. "float16"."""
    tolerance: float = TOLERANCE
    """How far a score may lie from the Keras model's, relative to the largest."""
    packages: tuple[str, ...] = ()
    """What must be installed to write it, besides what the engines need to open it."""
    checked_by: Callable[[], Engine | None] | None = None
    """Which engine checks an export before it is published; the first at hand where left out."""
    purpose: str = ""
    """What the model card says that it is for, e.g. "For devices"."""

    def __post_init__(self) -> None:
        path = PurePosixPath(self.file)
        inside = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
        require(inside, "`file` must be a path within a version's folder.", self.file)

    def place(self, version: Path) -> Path:
        """What is written and opened, in the folder of a version."""
        file = version / self.file
        return file.parent if self.is_folder else file

    def is_in(self, manifest: Manifest) -> bool:
        """Whether an export holds it."""
        return f"{manifest.version}/{self.file}" in manifest.files

    def checker(self) -> Engine | None:
        """The engine that checks it before it is published; None where none at hand can."""
        if self.checked_by is not None:
            return self.checked_by()
        return next((engine for engine in engines_of(self.kind) if not engine.missing), None)

    def require_packages(self) -> None:
        """Refuse what could not be written or checked, before anything costly is done.

        Raises:
            DataError: a package is not installed.
        """
        lacking = [package for package in self.packages if find_spec(package) is None]
        if lacking:
            raise DataError(
                f"A {self.title} needs {_names(self.packages)} to be written. "
                f"Received: no {_names(lacking)}. Install it by `pip install {_names(lacking, ' ')}`."
            )
        engines = engines_of(self.kind)
        if engines and all(engine.missing for engine in engines):
            first = engines[0]
            what = f"'tfrec-zoo[{first.extra}]'" if first.extra else _names(first.missing, " ")
            raise DataError(
                f"A {self.title} must be opened after it is written. Received: no {_names(first.missing)}. "
                f"Install it by `pip install {what}`."
            )

    def require_kinds(self, profile: Sequence[Feature]) -> None:
        """Refuse features of a request whose kinds no engine of this format has operations for.

        Raises:
            DataError: there is one.
        """
        unread = [engine.unread(profile) for engine in engines_of(self.kind)]
        if unread and all(unread):
            first = unread[0][0]
            raise DataError(
                f"A {self.title} must need its engine's own operations alone, and none of them reads a "
                f"{first.kind}. Received: the profile feature {first.name!r}. Leave it out of `profile`, or "
                f"take it as '{first.name}:category'."
            )


def _names(packages: Iterable[str], between: str = ", ") -> str:
    return between.join(package.replace("_", "-") for package in packages)
