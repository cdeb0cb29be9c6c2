"""An export in this process: needs the folder and TensorFlow, nothing else of the package's models."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfrec_zoo._errors import require
from tfrec_zoo.bundle import Manifest, check_files, read_manifest
from tfrec_zoo.serving.inputs import Array
from tfrec_zoo.serving.recommender import Recommender
from tfrec_zoo.serving.session import Session


class SavedModelRecommender(Recommender):
    """Answers requests from an exported folder, from any number of threads. Make it with `load`.

    Its tables are given back when nothing refers to it any more, at the end of a `with` block, or by `close`.

    Example:
        >>> with load(folder) as recommender:  # folder: of `export(model, features, folder)`
        ...     best = recommender.recommend(history=["i3", "i7"], k=5)
        >>> len(best), "i3" in [item_id for item_id, score in best]
        (5, False)
    """

    def __init__(self, manifest: Manifest, session: Session) -> None:
        super().__init__(manifest.signatures)
        self.manifest = manifest
        """What was exported, and how."""
        self._session = session
        self._close = weakref.finalize(self, session.close)
        self._close.atexit = False

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one signature of the SavedModel.

        Raises:
            ValueError: other inputs than the signature's, or arrays of another rank.
            DataError: arrays that the graph refuses.
            RuntimeError: the recommender was closed.
        """
        specs = self.signatures[signature]["inputs"]
        require(
            inputs.keys() == specs.keys(),
            f"The inputs of {signature!r} must be {sorted(specs)}.",
            sorted(inputs),
        )
        arrays = {name: _as_input(name, values, specs[name]) for name, values in inputs.items()}
        return {name: _as_answer(values) for name, values in self._session.run(signature, arrays).items()}

    def close(self) -> None:
        """Give the memory back; no request may be under way. Twice does no harm."""
        self._close()

    def __enter__(self) -> SavedModelRecommender:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def load(path: str | Path) -> SavedModelRecommender:
    """Load the newest version of an exported model, after checking every file against the manifest.

    Args:
        path: the folder that `export` wrote.

    Raises:
        DataError: no export there, a file that is missing or damaged, or a SavedModel that does not load.
    """
    manifest = read_manifest(path)
    check_files(path, manifest)
    return SavedModelRecommender(manifest, Session(manifest.version_folder(path), manifest.version))


def _as_input(name: str, values: Any, spec: Mapping[str, Any]) -> Array:
    array = np.asarray(values, object if spec["dtype"] == "string" else spec["dtype"])
    require(array.ndim == len(spec["shape"]), f"`{name}` must have the shape {spec['shape']}.", array.shape)
    return array


def _as_answer(values: Array) -> Array:
    """Strings as str."""
    if values.dtype != object:
        return values
    return np.array([name.decode("utf-8") for name in values.ravel()], dtype=object).reshape(values.shape)
