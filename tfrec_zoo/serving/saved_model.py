"""An export in this process: needs the folder and TensorFlow, nothing else of the package's models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import Manifest, check_files, read_manifest
from tfrec_zoo.serving.inputs import Array
from tfrec_zoo.serving.recommender import Recommender


class SavedModelRecommender(Recommender):
    """Answers requests from an exported folder. Make it with `load`."""

    def __init__(self, manifest: Manifest, saved_model: Any) -> None:
        super().__init__(manifest.signatures)
        self.manifest = manifest
        """What was exported, and how."""
        # The signature's function does not keep its SavedModel, and with it the tables, alive.
        self._saved_model = saved_model

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one signature of the SavedModel."""
        specs = self.signatures[signature]["inputs"]
        tensors = {name: tf.constant(values, specs[name]["dtype"]) for name, values in inputs.items()}
        answer = self._saved_model.signatures[signature](**tensors)
        return {name: _as_array(tensor) for name, tensor in answer.items()}


def load(path: str | Path) -> SavedModelRecommender:
    """Load the newest version of an exported model, after checking every file against the manifest.

    Args:
        path: the folder that `export` wrote.

    Raises:
        DataError: no export there, a file that is missing or damaged, or a SavedModel that does not load.
    """
    manifest = read_manifest(path)
    check_files(path, manifest)
    folder = manifest.version_folder(path)
    try:
        saved_model = tf.saved_model.load(str(folder))
    except (OSError, tf.errors.OpError) as error:
        raise DataError(f"{folder} must be a SavedModel. Received: {error}. Export again.") from error
    return SavedModelRecommender(manifest, saved_model)


def _as_array(tensor: tf.Tensor) -> Array:
    values = tensor.numpy()
    if tensor.dtype != tf.string:
        return np.asarray(values)
    names = [name.decode("utf-8") for name in values.ravel()]
    return np.array(names, dtype=object).reshape(values.shape)
