"""A trained model as a folder that a server loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo._files import staging_folder
from tfrec_zoo._version import __version__
from tfrec_zoo.bundle import (
    EXTRA_FOLDER,
    FEATURES_FOLDER,
    MODEL_FILE,
    litert_file,
)
from tfrec_zoo.export.folder.publish import check_target, publish
from tfrec_zoo.export.folder.server_files import write_warmup
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.export.litert import LITERT_TOLERANCE, check_litert, to_litert
from tfrec_zoo.export.verification.check import check_engine, refuse_mismatches
from tfrec_zoo.export.verification.engines import LITERT, loader
from tfrec_zoo.export.verification.golden import Golden, golden_answers
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
    litert: Sequence[str] = (),
    retired: Sequence[str] = (),
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
        retired: raw ids of items that are never recommended, as `refresh_catalogue` keeps them.
        details: JSON-ready facts for manifest and card, such as "dataset", "split", "metrics", "command".

    Returns:
        The folder of the new version, `path/VERSION`.

    Raises:
        ValueError: k below 1, features of another model, an unknown precision, or a file from which
            TensorFlow's C++ loader or LiteRT answers otherwise than the Keras model.
        DataError: nothing can be written at `path`, something else than an export is there, or LiteRT files
            are asked for and its runtime is not installed or cannot read a profile feature.
    """
    path = Path(path)
    require(k >= 1, "`k` must be at least 1.", k)
    require(
        features.schema == model.schema,
        "`features` must be those that the model was built for.",
        features.schema,
    )
    check_target(path)
    check_litert(litert, model.profile_features)
    if not keep_content and model.schema.item_features:
        model, features = with_stored_items(model), features.without_content()
    with staging_folder(path) as staging:
        version_files = _Version(staging / "1", path.name, model, features, k, tuple(retired))
        signatures = version_files.write_saved_model()
        for precision in litert:
            version_files.write_litert(precision)
        facts: dict[str, Any] = {
            "name": path.name,
            "model": registered_name(model),
            "k": k,
            "config": model.config.to_dict(),
            "schema": model.schema.to_dict(),
            "signatures": signatures,
            "packages": {"tfrec-zoo": __version__} | {package: version(package) for package in _PACKAGES},
            "details": dict(details or {}),
            "retired": list(retired),
        }
        return publish(staging, path, facts)


def registered_name(model: RecommenderModel) -> str:
    """The model's name in the registry, or that of its class where it has none."""
    return next((name for name, value in MODELS.items() if value is type(model)), type(model).__name__)


@dataclass(frozen=True)
class _Version:
    """Writes and checks the files of one version."""

    folder: Path
    name: str
    model: RecommenderModel
    features: FeatureSpace
    k: int
    retired: tuple[str, ...]

    def write_saved_model(self) -> dict[str, dict[str, Any]]:
        """The SavedModel, the Keras model, the features and the warm-up; returns the described signatures."""
        extra = self.folder / EXTRA_FOLDER
        (extra / FEATURES_FOLDER).mkdir(parents=True)
        self.features.save(extra / FEATURES_FOLDER)
        without_optimizer = type(self.model).from_config(self.model.get_config())
        without_optimizer.set_weights(self.model.get_weights())
        without_optimizer.save(extra / MODEL_FILE)
        signatures = self._module.signatures()
        tf.saved_model.save(self._module, str(self.folder), signatures=signatures)
        write_warmup(self.folder, self.name, self._goldens)
        refuse_mismatches(check_engine(loader(), self.folder, self._goldens, self.features))
        return {name: _describe(function) for name, function in signatures.items()}

    def write_litert(self, precision: str) -> None:
        """A LiteRT file."""
        file = self.folder / EXTRA_FOLDER / litert_file(precision)
        facts = {"name": self.name, "model": registered_name(self.model), "tfrec-zoo": __version__}
        file.write_bytes(to_litert(self._module, precision, facts))
        tolerance = LITERT_TOLERANCE[precision]
        refuse_mismatches(check_engine(LITERT, file, self._goldens, self.features, tolerance))

    @cached_property
    def _module(self) -> ServingModule:
        return ServingModule(self._served, self.features, self.k, self.retired)

    @cached_property
    def _served(self) -> RecommenderModel:
        """The model without its catalogue's content."""
        with_content = self.model.schema.item_features and not self.model.stored_items
        return with_stored_items(self.model) if with_content else self.model

    @cached_property
    def _goldens(self) -> dict[str, Golden]:
        return golden_answers(self._served, self.features, _NUM_REQUESTS, retired=self.retired)


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
