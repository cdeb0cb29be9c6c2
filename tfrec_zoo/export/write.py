"""A trained model as a folder that a server loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tfrec_zoo._errors import require
from tfrec_zoo._files import staging_folder
from tfrec_zoo._version import __version__
from tfrec_zoo.bundle import EXTRA_FOLDER
from tfrec_zoo.export.folder.keras_files import write_keras_files
from tfrec_zoo.export.folder.publish import check_target, publish
from tfrec_zoo.export.folder.server_files import write_warmup
from tfrec_zoo.export.formats import FORMATS, Format, Servable, check_formats, litert_formats
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.export.verification.check import check_engine, refuse_mismatches
from tfrec_zoo.export.verification.golden import Golden, golden_answers
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.registry import MODELS
from tfrec_zoo.models.stored_items import with_stored_items
from tfrec_zoo.reranking import ReRanker, describe_reranker, reranker_of

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
    formats: Sequence[str] = (),
    retired: Sequence[str] = (),
    reranker: ReRanker | None = None,
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
        formats: names of what else to write beside it, of `FORMATS`; "litert_int8" is `litert=["int8"]`.
        retired: raw ids of items that are never recommended, as `refresh_catalogue` keeps them.
        reranker: what stands between scores and lists, one of a class in `RERANKERS`; nothing where left out.
        details: JSON-ready facts for manifest and card, such as "dataset", "split", "metrics", "command".

    Returns:
        The folder of the new version, `path/VERSION`.

    Raises:
        ValueError: k below 1, features of another model, an unknown precision or format, or a file from which
            TensorFlow's C++ loader or LiteRT answers otherwise than the Keras model.
        DataError: nothing can be written at `path`, something else than an export is there, or a format is
            asked for and what opens it is not installed, or cannot read a profile feature.
    """
    path = Path(path)
    require(k >= 1, "`k` must be at least 1.", k)
    require(
        features.schema == model.schema,
        "`features` must be those that the model was built for.",
        features.schema,
    )
    described = describe_reranker(reranker_of(reranker))
    names = list(dict.fromkeys(["saved_model", *litert_formats(litert), *formats]))
    check_formats(names, model.profile_features)
    check_target(path)
    if not keep_content and model.schema.item_features:
        model, features = with_stored_items(model), features.without_content()
    served = _without_content(model)
    name = registered_name(model)
    servable = Servable(
        ServingModule(served, features, k, retired, reranker),
        {"name": path.name, "model": name, "tfrec-zoo": __version__},
    )
    goldens = golden_answers(served, features, _NUM_REQUESTS, k, retired, reranker)
    with staging_folder(path) as staging:
        folder = staging / "1"
        write_keras_files(folder / EXTRA_FOLDER, model, features)
        write_warmup(folder, path.name, goldens)
        for wanted in names:
            _write(FORMATS[wanted], folder, servable, goldens, features)
        facts: dict[str, Any] = {
            "name": path.name,
            "model": name,
            "k": k,
            "config": model.config.to_dict(),
            "schema": model.schema.to_dict(),
            "signatures": {name: _describe(function) for name, function in servable.signatures.items()},
            "packages": {"tfrec-zoo": __version__} | {package: version(package) for package in _PACKAGES},
            "details": dict(details or {}),
            "retired": list(retired),
            "reranker": described,
        }
        return publish(staging, path, facts)


def registered_name(model: RecommenderModel) -> str:
    """The model's name in the registry, or that of its class where it has none."""
    return next((name for name, value in MODELS.items() if value is type(model)), type(model).__name__)


def _without_content(model: RecommenderModel) -> RecommenderModel:
    """The model as it is served: the vectors of its catalogue in the place of their content."""
    return with_stored_items(model) if model.schema.item_features and not model.stored_items else model


def _write(
    wanted: Format, folder: Path, servable: Servable, goldens: Mapping[str, Golden], features: FeatureSpace
) -> None:
    """Write a format into a version's folder; the engine at hand must answer from it as the model does."""
    place = wanted.place(folder)
    (place if wanted.is_folder else place.parent).mkdir(parents=True, exist_ok=True)
    wanted.write(servable, place)
    engine = wanted.checker()
    if engine is not None:
        refuse_mismatches(check_engine(engine, place, goldens, features, wanted.tolerance))


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
