"""The folder of an exported model: names of its files, and its manifest. Needs nothing but Python."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from tfrec_zoo._errors import DataError
from tfrec_zoo._files import sha256, write_text

MANIFEST_FILE = "manifest.json"
EXTRA_FOLDER = "assets.extra"
"""Within a version: what a server passes over."""
MODEL_FILE = "model.keras"
FEATURES_FOLDER = "features"
TRAINING_FOLDER = "training"
"""Beside the versions: a trained model that could not be exported."""
WARMUP_FILE = "tf_serving_warmup_requests"
CARD_FILE = "README.md"
MODELS_CONFIG_FILE = "models.config"
BATCHING_CONFIG_FILE = "batching.config"
SERVING_SIGNATURE = "serving_default"
RECOMMEND_SIGNATURE = "recommend"
SCORE_SIGNATURE = "score"
SIMILAR_SIGNATURE = "similar_items"
ENCODE_QUERY_SIGNATURE = "encode_query"
ENCODE_ITEM_SIGNATURE = "encode_item"
SIGNATURES = (SERVING_SIGNATURE, RECOMMEND_SIGNATURE)
"""Those that every export has; earlier ones have no others."""
SHARED_INPUTS = ("k", "allow", "exclude_seen")
"""Inputs of signatures that have no row per person."""
FORMAT = 2


@dataclass(frozen=True)
class Manifest:
    """What the folder holds, and how it came about."""

    name: str
    """Name of the folder, and of the model in a server."""
    model: str
    """Name in the registry."""
    version: int
    """Number of the version folder that the rest describes."""
    k: int
    """Length of `serving_default`'s lists."""
    config: dict[str, Any]
    """Hyper-parameters."""
    schema: dict[str, Any]
    """Sizes, names and shapes."""
    signatures: dict[str, Any]
    """Signature -> {"inputs": {name: {dtype, shape}}, "outputs": ...}."""
    files: dict[str, str]
    """Path within the folder -> SHA-256."""
    packages: dict[str, str]
    """Package -> version at export."""
    details: dict[str, Any] = field(default_factory=dict)
    """Data set, split, metrics, seed, command: what the caller gave."""
    retired: list[str] = field(default_factory=list)
    """Items of the catalogue that are never recommended."""
    reranker: dict[str, Any] = field(default_factory=dict)
    """Name and arguments of what re-orders the lists; empty where nothing does."""
    format: int = FORMAT
    """Version of this layout."""

    def version_folder(self, folder: str | Path) -> Path:
        """The SavedModel of this version."""
        return Path(folder) / str(self.version)

    def model_file(self, folder: str | Path) -> Path:
        """The Keras model of this version."""
        return self.version_folder(folder) / EXTRA_FOLDER / MODEL_FILE

    def features_folder(self, folder: str | Path) -> Path:
        """The saved features of this version."""
        return self.version_folder(folder) / EXTRA_FOLDER / FEATURES_FOLDER

    def litert_files(self, folder: str | Path) -> dict[str, Path]:
        """The LiteRT files of this version, by the precision of their weights."""
        names = [PurePosixPath(name).name for name in self.files if name.endswith(".tflite")]
        return {name.split(".")[1]: self.version_folder(folder) / EXTRA_FOLDER / name for name in names}

    def write(self, folder: Path) -> None:
        """Put the manifest into the folder in one step."""
        write_text(folder / MANIFEST_FILE, json.dumps(asdict(self), indent=1) + "\n")


def litert_file(precision: str) -> str:
    """Name of a LiteRT file within a version's extra folder."""
    return f"model.{precision}.tflite"


def read_manifest(folder: str | Path) -> Manifest:
    """The manifest of an export.

    Raises:
        DataError: no manifest there, one that is damaged, or one of a newer layout.
    """
    path = Path(folder) / MANIFEST_FILE
    if not path.is_file():
        raise DataError(f"An export must hold {MANIFEST_FILE}. Received: no such file in {folder}")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**values)
        _check(manifest)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{path} must be the JSON that `export` writes. Received: {error}. Export again."
        ) from error
    return manifest


def _check(manifest: Manifest) -> None:
    """Refuse values of other types, and files outside the version's folder."""
    if manifest.format != FORMAT:
        raise ValueError(f"format {manifest.format!r}, where this tfrec_zoo reads format {FORMAT}")
    for entry in fields(Manifest):
        value, expected = getattr(manifest, entry.name), str(entry.type).split("[")[0]
        if type(value).__name__ != expected:
            raise ValueError(f"`{entry.name}` of type {type(value).__name__}, not {expected}")
    if manifest.version < 1 or not manifest.files:
        raise ValueError(f"version {manifest.version} with {len(manifest.files)} files")
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if parts[:1] != (str(manifest.version),) or ".." in parts:
            raise ValueError(f"the file {name!r}, which is not of version {manifest.version}")
    if not all(isinstance(manifest.signatures.get(name), dict) for name in SIGNATURES):
        raise ValueError(f"signatures other than {SIGNATURES}")
    if not isinstance(manifest.schema.get("num_items"), int):
        raise ValueError("a schema without `num_items`")


def check_files(folder: str | Path, manifest: Manifest) -> None:
    """Refuse an export whose files are not those that were written.

    Raises:
        DataError: a file is missing or has another content.
    """
    for name, expected in manifest.files.items():
        path = Path(folder) / name
        if not path.is_file():
            raise DataError(
                f"{folder} must hold every file of its manifest. Received: none at {name}. Export again."
            )
        if sha256(path) != expected:
            raise DataError(f"{path} must be as its manifest says. Received: another content. Export again.")
