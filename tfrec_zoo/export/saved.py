"""An export opened for work: its manifest, its features and its Keras model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfrec_zoo.bundle import Manifest, check_files, read_manifest
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models import RecommenderModel  # with it, all classes that a .keras file names are registered
from tfrec_zoo.reranking import ReRanker, make_reranker

_VARIABLE = "item_vectors/.ATTRIBUTES/VARIABLE_VALUE"
"""Where a SavedModel keeps the table of `ServingModule`."""


@dataclass(frozen=True, eq=False)
class SavedExport:
    """The newest version of an export, as it was when it was opened.

    Example:
        >>> saved = open_export(folder)  # folder: of `export(model, features, folder)`
        >>> saved.manifest.version
        1
        >>> saved.item_vectors().shape == (saved.features.schema.num_items, saved.model.vector_dim)
        True
    """

    folder: Path
    """That `export` wrote."""
    manifest: Manifest
    """What it holds."""

    @property
    def version_folder(self) -> Path:
        """The SavedModel."""
        return self.manifest.version_folder(self.folder)

    @cached_property
    def features(self) -> FeatureSpace:
        """Of the model, read when first asked for."""
        return FeatureSpace.load(self.manifest.features_folder(self.folder))

    @cached_property
    def model(self) -> RecommenderModel:
        """The Keras model, loaded when first asked for."""
        model: RecommenderModel = keras.saving.load_model(self.manifest.model_file(self.folder))
        return model

    @property
    def reranker(self) -> ReRanker:
        """What re-orders its lists."""
        return make_reranker(self.manifest.reranker)

    def item_vectors(self) -> npt.NDArray[np.float32]:
        """The table that the SavedModel scores with, float32 [num_items, vector_dim], read anew."""
        variables = str(self.version_folder / "variables" / "variables")
        return np.asarray(tf.train.load_variable(variables, _VARIABLE))


def open_export(path: str | Path) -> SavedExport:
    """Open an export, whose files must be those that were written.

    Args:
        path: the folder that `export` wrote.

    Raises:
        DataError: no export there, or a file of it that is missing or damaged.
    """
    manifest = read_manifest(path)
    check_files(path, manifest)
    return SavedExport(Path(path), manifest)
