"""A trained model as a folder that a server loads."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfrec_zoo._errors import DataError, require
from tfrec_zoo._version import __version__
from tfrec_zoo.bundle import (
    BATCHING_CONFIG_FILE,
    CARD_FILE,
    EXTRA_FOLDER,
    FEATURES_FOLDER,
    MANIFEST_FILE,
    MODEL_FILE,
    MODELS_CONFIG_FILE,
    Manifest,
    litert_file,
    sha256,
    write_text,
)
from tfrec_zoo.export.check import check_engine, refuse_mismatches
from tfrec_zoo.export.engines import LITERT, loader
from tfrec_zoo.export.golden import golden_answers
from tfrec_zoo.export.litert import LITERT_TOLERANCE, Precision, check_litert, to_litert
from tfrec_zoo.export.model_card import model_card
from tfrec_zoo.export.server_files import batching_config, models_config, write_warmup
from tfrec_zoo.export.serving_module import ServingModule
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.registry import MODELS
from tfrec_zoo.models.stored_items import with_stored_items

_PACKAGES = ("tensorflow", "keras", "numpy")
_NUM_REQUESTS = 32


def export(
    model: RecommenderModel,
    features: FeatureSpace,
    path: str | Path,
    *,
    k: int = 10,
    keep_content: bool = True,
    litert: Sequence[Precision] = (),
    details: Mapping[str, Any] | None = None,
) -> Path:
    """Write a model as a SavedModel with its manifest, vocabularies, Keras file and model card.

    The version's folder appears whole, or not at all, and never changes again; then the manifest moves on to
    it in one step. Where the folder exists, the next version joins it, and a server that watches it moves on
    by itself.

    Args:
        model: trained.
        features: of the model's training data.
        path: the folder; its name is the model's name in a server.
        k: length of the lists of the signature `serving_default`.
        keep_content: whether the catalogue's content goes with the Keras model and the features, so that
            training can go on; without it, the item vectors take its place.
        litert: precisions of the LiteRT files to write beside the SavedModel: float32, float16, int8.
        details: JSON-ready facts for manifest and card, such as "dataset", "split", "metrics", "command".

    Returns:
        The folder of the new version, `path/VERSION`.

    Raises:
        ValueError: k below 1, features of another model, an unknown precision, or a file from which
            TensorFlow's C++ loader or LiteRT answers otherwise than the Keras model.
        DataError: nothing can be written at `path`, something else than an export is there, or LiteRT files
            are asked for and its runtime is not installed.
    """
    path = Path(path)
    require(k >= 1, "`k` must be at least 1.", k)
    require(
        features.schema == model.schema,
        "`features` must be those that the model was built for.",
        features.schema,
    )
    check_target(path)
    check_litert(litert)
    if not keep_content and model.schema.item_features:
        model, features = with_stored_items(model), features.without_content()
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        staging.chmod(0o755)
        signatures = _write_version(staging / "1", path.name, model, features, k, litert)
        facts: dict[str, Any] = {
            "name": path.name,
            "model": registered_name(model),
            "k": k,
            "config": model.config.to_dict(),
            "schema": model.schema.to_dict(),
            "signatures": signatures,
            "packages": {"tfrec-zoo": __version__} | {package: version(package) for package in _PACKAGES},
            "details": dict(details or {}),
        }
        return _publish(staging, path, facts)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_target(path: str | Path) -> None:
    """Refuse a place where no export can go, before anything costly is done.

    Raises:
        DataError: a file is there, or a folder that holds other things, or nothing can be written there.
    """
    path = Path(path).absolute()
    rule = "An export must go to a new or empty folder, or into an earlier export."
    if path.exists() or path.is_symlink():
        if not path.is_dir():
            raise DataError(f"{rule} Received: {path}, which is no folder. Choose another name.")
        if any(path.iterdir()) and not (path / MANIFEST_FILE).is_file() and not _versions(path):
            raise DataError(f"{rule} Received: {path}, which holds other things. Choose another name.")
    # Versions are written beside the folder and moved in, so both must be writable.
    for folder in (path, path.parent):
        place = next(place for place in (folder, *folder.parents) if place.exists())
        try:
            Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=place)).rmdir()
        except OSError as error:
            raise DataError(
                f"{rule} Received: {path}, and {place} cannot be written to ({error.strerror}). "
                "Choose another place."
            ) from error


def registered_name(model: RecommenderModel) -> str:
    """The model's name in the registry, or that of its class where it has none."""
    return next((name for name, value in MODELS.items() if value is type(model)), type(model).__name__)


def _versions(path: Path) -> list[int]:
    return [int(entry.name) for entry in path.iterdir() if entry.name.isdecimal() and entry.is_dir()]


def _write_version(
    folder: Path,
    name: str,
    model: RecommenderModel,
    features: FeatureSpace,
    k: int,
    litert: Sequence[Precision],
) -> dict[str, dict[str, Any]]:
    """Write and check all files of a version; returns the described signatures."""
    extra = folder / EXTRA_FOLDER
    (extra / FEATURES_FOLDER).mkdir(parents=True)
    features.save(extra / FEATURES_FOLDER)
    without_optimizer = type(model).from_config(model.get_config())
    without_optimizer.set_weights(model.get_weights())
    without_optimizer.save(extra / MODEL_FILE)
    served = model
    if model.schema.item_features and not model.stored_items:
        served = with_stored_items(model)
    module = ServingModule(served, features, k, extra / FEATURES_FOLDER)
    signatures = module.signatures()
    tf.saved_model.save(module, str(folder), signatures=signatures)
    goldens = golden_answers(served, features, _NUM_REQUESTS)
    write_warmup(folder, name, goldens)
    refuse_mismatches(check_engine(loader(), folder, goldens, features))
    for precision in litert:
        file = extra / litert_file(precision)
        facts = {"name": name, "model": registered_name(model), "tfrec-zoo": __version__}
        file.write_bytes(to_litert(module, precision, facts))
        refuse_mismatches(check_engine(LITERT, file, goldens, features, LITERT_TOLERANCE[precision]))
    return {name: _describe(function) for name, function in signatures.items()}


def _publish(staging: Path, path: Path, facts: Mapping[str, Any]) -> Path:
    """Move the version in under the first free number, then the card, and the manifest last."""
    written = staging / "1"
    hashes = {
        file.relative_to(written).as_posix(): sha256(file)
        for file in sorted(written.rglob("*"))
        if file.is_file()
    }
    number = 1
    if not path.exists() or not any(path.iterdir()):
        _write_pages(staging, _manifest(facts, 1, hashes))
        try:
            staging.rename(path)
            return path / "1"
        except OSError:  # another export was quicker: join it
            (staging / MANIFEST_FILE).unlink()
    while True:
        number = max([0, *_versions(path)]) + 1
        try:
            written.rename(path / str(number))
            break
        except OSError:
            if not (path / str(number)).exists():
                raise
    manifest = _manifest(facts, number, hashes)
    if number == max(_versions(path)):
        _write_pages(path, manifest)
    return path / str(number)


def _write_pages(folder: Path, manifest: Manifest) -> None:
    """What stands beside the versions; the manifest last."""
    write_text(folder / MODELS_CONFIG_FILE, models_config(manifest.name))
    write_text(folder / BATCHING_CONFIG_FILE, batching_config())
    write_text(folder / CARD_FILE, model_card(manifest))
    manifest.write(folder)


def _manifest(facts: Mapping[str, Any], number: int, hashes: Mapping[str, str]) -> Manifest:
    files = {f"{number}/{name}": digest for name, digest in hashes.items()}
    return Manifest(version=number, files=files, **facts)


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
