"""A trained model as a folder that a server loads."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfrec_zoo._errors import DataError, require
from tfrec_zoo._version import __version__
from tfrec_zoo.bundle import (
    CARD_FILE,
    FEATURES_FOLDER,
    MANIFEST_FILE,
    MODEL_FILE,
    Manifest,
    read_manifest,
    sha256,
)
from tfrec_zoo.export.check import check_saved_model
from tfrec_zoo.export.model_card import model_card
from tfrec_zoo.export.serving_module import ServingModule
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.registry import MODELS

_PACKAGES = ("tensorflow", "keras", "numpy")


def export(
    model: RecommenderModel,
    features: FeatureSpace,
    path: str | Path,
    *,
    k: int = 10,
    details: Mapping[str, Any] | None = None,
) -> Path:
    """Write a model as a SavedModel with its manifest, vocabularies, Keras file and model card.

    The folder appears whole, or not at all. Where it exists, the next version joins it; older versions stay,
    and a server that watches the folder moves on by itself.

    Args:
        model: trained.
        features: of the model's training data.
        path: the folder; its name is the model's name in a server.
        k: length of the lists of the signature `serving_default`.
        details: JSON-ready facts for manifest and card, such as "dataset", "split", "metrics", "command".

    Returns:
        The folder of the new version, `path/VERSION`.

    Raises:
        ValueError: k below 1, features of another model, or a SavedModel that answers otherwise.
        DataError: `path` exists and is no export, or another export was quicker.
    """
    path = Path(path)
    require(k >= 1, "`k` must be at least 1.", k)
    require(
        features.schema == model.schema,
        "`features` must be those that the model was built for.",
        features.schema,
    )
    exists = path.exists() and any(path.iterdir())
    number = read_manifest(path).version + 1 if exists else 1
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path if exists else path.parent))
    try:
        staging.chmod(0o755)
        _write(staging, path.name, number, model, features, k, dict(details or {}))
        check_saved_model(staging / str(number), model, features)
        _publish(staging, path, number, exists)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return path / str(number)


def _write(
    folder: Path,
    name: str,
    number: int,
    model: RecommenderModel,
    features: FeatureSpace,
    k: int,
    details: dict[str, Any],
) -> None:
    """Write everything into a folder that nobody sees yet."""
    (folder / FEATURES_FOLDER).mkdir()
    features.save(folder / FEATURES_FOLDER)
    without_optimizer = type(model).from_config(model.get_config())
    without_optimizer.set_weights(model.get_weights())
    without_optimizer.save(folder / MODEL_FILE)
    module = ServingModule(model, features, k, folder / FEATURES_FOLDER)
    signatures = module.signatures()
    tf.saved_model.save(module, str(folder / str(number)), signatures=signatures)
    registered = next((key for key, value in MODELS.items() if value is type(model)), type(model).__name__)
    described = {key: _describe(function) for key, function in signatures.items()}
    common: dict[str, Any] = {
        "name": name,
        "model": registered,
        "version": number,
        "k": k,
        "config": model.config.to_dict(),
        "schema": model.schema.to_dict(),
        "signatures": described,
        "packages": {"tfrec-zoo": __version__} | {package: version(package) for package in _PACKAGES},
        "details": details,
    }
    (folder / CARD_FILE).write_text(model_card(Manifest(files={}, **common)), encoding="utf-8")
    files = {
        str(file.relative_to(folder)): sha256(file) for file in sorted(folder.rglob("*")) if file.is_file()
    }
    Manifest(files=files, **common).write(folder)


def _publish(staging: Path, path: Path, number: int, exists: bool) -> None:
    """Make the new version visible: as a whole folder, or beside the older versions.

    Then the version moves in first and the manifest last, so that a reader follows one whole version.
    """
    try:
        if not exists:
            staging.rename(path)
            return
        (staging / str(number)).rename(path / str(number))
    except OSError as error:
        raise DataError(
            f"Version {number} of {path} must be free. Received: one that was published in the meantime "
            f"({error.strerror}). Nothing was changed; export again."
        ) from error
    (path / FEATURES_FOLDER).rename(staging / "old")
    try:
        (staging / FEATURES_FOLDER).rename(path / FEATURES_FOLDER)
    except BaseException:
        (staging / "old").rename(path / FEATURES_FOLDER)
        raise
    for name in (MODEL_FILE, CARD_FILE, MANIFEST_FILE):
        (staging / name).replace(path / name)


def _describe(function: Any) -> dict[str, Any]:
    def specs(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
            for name, spec in sorted(values.items())
        }

    return {
        "inputs": specs(function.structured_input_signature[1]),
        "outputs": specs(function.structured_outputs),
    }
