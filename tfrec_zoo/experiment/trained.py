"""A trained model, safe on disk while it is evaluated and exported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from tfrec_zoo._errors import DataError
from tfrec_zoo._files import staging_folder
from tfrec_zoo.bundle import FEATURES_FOLDER, MODEL_FILE, TRAINING_FOLDER
from tfrec_zoo.experiment.report import REPORT_FILE
from tfrec_zoo.export.folder.keras_files import holds_keras_files, write_keras_files
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel


@dataclass(frozen=True, eq=False)
class Trained:
    """What training leaves.

    Example:
        >>> trained = Trained(model, features, report={})  # a model, and the features that it was trained on
        >>> trained.model.schema == trained.features.schema
        True
    """

    model: RecommenderModel
    """With the weights of the best epoch."""
    features: FeatureSpace
    """Of the training part."""
    report: Mapping[str, Any]
    """What a report tells before anything is evaluated: data, settings, history."""


def check_training_folder(output: Path) -> None:
    """Refuse an output whose folder for the trained model holds something else, before it would be replaced.

    Raises:
        DataError: it does.
    """
    place = output / TRAINING_FOLDER
    if place.exists() and not holds_keras_files(place):
        raise DataError(
            f"A run keeps its trained model in the folder {TRAINING_FOLDER!r} of its output. "
            f"Received: {place}, which holds other things. Choose another output."
        )


@contextmanager
def kept_until_exported(trained: Trained, output: Path) -> Iterator[Path]:
    """Keep a trained model in its output while the block runs, and after it where the block fails.

    It is removed at the end: the export holds model and features too, but for content that shall not go into
    it. What an earlier run that failed left there is replaced.

    Args:
        trained: model, features and report so far.
        output: folder of the run.

    Yields:
        The folder that holds `model.keras`, `features` and `report.json`, whole.
    """
    place = output / TRAINING_FOLDER
    with staging_folder(output) as staging:
        fresh = staging / "fresh"
        write_keras_files(fresh, trained.model, trained.features)
        (fresh / REPORT_FILE).write_text(json.dumps(trained.report, indent=1) + "\n", encoding="utf-8")
        output.mkdir(exist_ok=True)
        if place.exists():
            place.rename(staging / "earlier")
        fresh.rename(place)
    try:
        yield place
    except BaseException as error:
        error.add_note(
            f"The trained model is kept in {place}: `tfrec_zoo.experiment.load_trained` reads it, for "
            "`tfrec_zoo.evaluate` and `tfrec_zoo.export.export`."
        )
        raise
    with staging_folder(output) as staging:
        place.rename(staging / "exported")


def load_trained(folder: str | Path) -> Trained:
    """Read what a run that failed after training left in the folder `training` of its output.

    Raises:
        DataError: nothing of that kind is there.
    """
    folder = Path(folder)
    if not holds_keras_files(folder):
        raise DataError(
            f"A trained model must have {MODEL_FILE} and {FEATURES_FOLDER} in its folder. "
            f"Received: {folder}, which lacks them."
        )
    return Trained(
        keras.saving.load_model(folder / MODEL_FILE),
        FeatureSpace.load(folder / FEATURES_FOLDER),
        json.loads((folder / REPORT_FILE).read_text(encoding="utf-8")),
    )
