"""An export through every engine at hand, beside its own Keras model."""

from __future__ import annotations

from pathlib import Path

import keras

import tfrec_zoo.models  # noqa: F401  registers the classes that a .keras file names
from tfrec_zoo.bundle import check_files, read_manifest
from tfrec_zoo.export.litert import LITERT_TOLERANCE
from tfrec_zoo.export.verification.check import EngineCheck, check_engine
from tfrec_zoo.export.verification.engines import ENGINES, OPENVINO
from tfrec_zoo.export.verification.golden import golden_answers
from tfrec_zoo.feature_kind import KINDS
from tfrec_zoo.features.feature_space import FeatureSpace


def verify(path: str | Path, num_requests: int = 100) -> list[EngineCheck]:
    """Ask the newest version of an export the same requests through each engine.

    Engines are the SavedModel in a Python without this package, TensorFlow's C++ loader without Python's
    TensorFlow, OpenVINO, and LiteRT for each LiteRT file; the Keras file of the export says what to expect.

    Args:
        path: the folder that `export` wrote.
        num_requests: drawn requests to each signature.

    Returns:
        A row an engine and signature; an engine that is not installed is one row with that as its problem.

    Raises:
        DataError: no export there, or a file that is missing or damaged.
    """
    manifest = read_manifest(path)
    check_files(path, manifest)
    features = FeatureSpace.load(manifest.features_folder(path))
    model = keras.saving.load_model(manifest.model_file(path))
    goldens = golden_answers(model, features, num_requests, retired=manifest.retired)
    # Earlier exports have fewer signatures, and fewer inputs.
    inputs = {name: sides["inputs"] for name, sides in manifest.signatures.items()}
    goldens = {name: own for name, own in goldens.items() if own.inputs.keys() == inputs.get(name, {}).keys()}
    unread = [feature.name for feature in model.profile_features if not KINDS.find(feature.kind).portable]
    checks: list[EngineCheck] = []
    for engine in ENGINES:
        if engine.missing:
            hint = " ".join(package.replace("_", "-") for package in engine.missing)
            checks.append(EngineCheck(engine.name, "", skipped=f"not installed: pip install {hint}"))
        elif engine is OPENVINO and unread:
            checks.append(EngineCheck(engine.name, "", skipped=f"no operations for {', '.join(unread)}"))
        elif engine.reads == "saved_model":
            checks += check_engine(engine, manifest.version_folder(path), goldens, features)
        elif not manifest.litert_files(path):
            checks.append(EngineCheck(engine.name, "", skipped="no LiteRT file in this export"))
        else:
            for precision, file in manifest.litert_files(path).items():
                rows = check_engine(engine, file, goldens, features, LITERT_TOLERANCE[precision])
                checks += [row.of(f"{engine.name}, {precision}") for row in rows]
    return checks
