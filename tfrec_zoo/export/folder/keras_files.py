"""The Keras model and its features as files: what training can go on from."""

from __future__ import annotations

from pathlib import Path

from tfrec_zoo.bundle import FEATURES_FOLDER, MODEL_FILE
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel


def write_keras_files(folder: Path, model: RecommenderModel, features: FeatureSpace) -> None:
    """Write the model, without its optimizer, and the features into a folder that may not be there yet."""
    (folder / FEATURES_FOLDER).mkdir(parents=True)
    features.save(folder / FEATURES_FOLDER)
    without_optimizer = type(model).from_config(model.get_config())
    without_optimizer.set_weights(model.get_weights())
    without_optimizer.save(folder / MODEL_FILE)


def holds_keras_files(folder: Path) -> bool:
    """Whether a folder has what `write_keras_files` writes."""
    return (folder / MODEL_FILE).is_file() and (folder / FEATURES_FOLDER).is_dir()
