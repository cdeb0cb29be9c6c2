"""An export through every engine at hand, beside its own Keras model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tfrec_zoo.export.formats import FORMATS, Format, formats_in, unknown_files
from tfrec_zoo.export.saved import SavedExport, open_export
from tfrec_zoo.export.verification.check import EngineCheck, check_engine
from tfrec_zoo.export.verification.engines import ENGINES, Engine, engines_of
from tfrec_zoo.export.verification.golden import Golden, golden_answers


def verify(path: str | Path, num_requests: int = 100) -> list[EngineCheck]:
    """Ask the newest version of an export the same requests through each engine.

    Engines are those of `ENGINES`: the SavedModel in a Python without this package, TensorFlow's C++ loader
    without Python's TensorFlow, OpenVINO, and LiteRT for each LiteRT file; the Keras file of the export says
    what to expect.

    Args:
        path: the folder that `export` wrote.
        num_requests: drawn requests to each signature.

    Returns:
        One row per engine and signature; what could not be asked is one row that says why in `skipped`.

    Raises:
        DataError: no export there, or a file that is missing or damaged.
    """
    saved = open_export(path)
    manifest = saved.manifest
    goldens = golden_answers(
        saved.model, saved.features, num_requests, manifest.k, manifest.retired, saved.reranker
    )
    # Earlier exports have fewer signatures, and fewer inputs.
    inputs = {name: sides["inputs"] for name, sides in manifest.signatures.items()}
    goldens = {name: own for name, own in goldens.items() if own.inputs.keys() == inputs.get(name, {}).keys()}
    checks = [row for engine in ENGINES.values() for row in _ask(engine, saved, goldens)]
    unread = [name for name, held in formats_in(manifest).items() if not engines_of(held.kind)]
    checks += [EngineCheck(name, "", skipped="no engine that reads it is registered") for name in unread]
    checks += [
        EngineCheck(file, "", skipped="no format of such a file is registered")
        for file in unknown_files(manifest)
    ]
    return checks


def _ask(engine: Engine, saved: SavedExport, goldens: Mapping[str, Golden]) -> list[EngineCheck]:
    """What an engine answers from each format of the export that it reads."""
    if engine.missing:
        hint = " ".join(package.replace("_", "-") for package in engine.missing)
        return [EngineCheck(engine.name, "", skipped=f"not installed: pip install {hint}")]
    if unread := engine.unread(saved.model.profile_features):
        names = ", ".join(feature.name for feature in unread)
        return [EngineCheck(engine.name, "", skipped=f"no operations for {names}")]
    readable = [entry for entry in FORMATS.values() if entry.kind == engine.reads]
    held = [entry for entry in readable if entry.is_in(saved.manifest)]
    if not held:
        title = readable[0].title if readable else "file that it reads"
        return [EngineCheck(engine.name, "", skipped=f"no {title} in this export")]
    return [row for entry in held for row in _ask_format(engine, entry, saved, goldens)]


def _ask_format(
    engine: Engine, held: Format, saved: SavedExport, goldens: Mapping[str, Golden]
) -> list[EngineCheck]:
    place = held.place(saved.version_folder)
    rows = check_engine(engine, place, goldens, saved.features, held.tolerance)
    return [row.of(f"{engine.name}, {held.variant}") if held.variant else row for row in rows]
