"""The page that goes with an exported model."""

from __future__ import annotations

import json
from typing import Any

from tfrec_zoo.bundle import (
    BATCHING_CONFIG_FILE,
    EXTRA_FOLDER,
    FEATURES_FOLDER,
    MODEL_FILE,
    MODELS_CONFIG_FILE,
    Manifest,
)
from tfrec_zoo.export.folder.server_files import docker_command
from tfrec_zoo.export.formats import formats_in


def model_card(manifest: Manifest) -> str:
    """Markdown: what the model is, how it was trained, how it does, how to use it, its limits."""
    details = manifest.details
    schema = manifest.schema
    sections = [
        f"# {manifest.name}",
        f"A `{manifest.model}` recommender for Keras 3 on TensorFlow, exported by tfrec_zoo.",
        _table("Facts", _facts(manifest)),
        _metrics(details.get("metrics", {})),
        "## Use\n\n"
        "```python\nimport tfrec_zoo\n\n"
        f'recommender = tfrec_zoo.load_recommender("{manifest.name}")\n'
        'recommender.recommend(history=["ITEM", "ITEM"], user_id="USER", k=10)\n```\n\n'
        f"The folder `{manifest.version}` is a SavedModel: raw string ids in, item ids and scores out. "
        f"In its `{EXTRA_FOLDER}`, `{MODEL_FILE}` is the Keras model, `{FEATURES_FOLDER}` its vocabularies.",
        _signatures(manifest.signatures),
        "## Serve\n\n"
        "    tfrec-zoo serve " + manifest.name + "\n"
        "    " + docker_command(manifest.name) + "\n\n"
        f"from the folder that holds `{manifest.name}`; `{MODELS_CONFIG_FILE}` and `{BATCHING_CONFIG_FILE}` "
        "are for a server of several models and for one under load." + _other_formats(manifest),
        "## Limits\n\n"
        f"- It knows {schema['num_items'] - 2:,} items and {schema['num_users'] - 2:,} users; "
        "unknown ids are passed over.\n"
        "- It repeats the tastes of its training data, popularity and gaps included.\n"
        "- Scores are logits: they order items for one request and mean nothing across requests.",
        "## Hyper-parameters\n\n```json\n" + json.dumps(manifest.config, indent=1) + "\n```",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _other_formats(manifest: Manifest) -> str:
    """What stands beside the SavedModel, by what it is for."""
    purposes: dict[str, list[str]] = {}
    for entry in formats_in(manifest).values():
        if entry.purpose:
            purposes.setdefault(entry.purpose, []).append(f"`{manifest.version}/{entry.file}`")
    return "".join(f" {purpose}: {', '.join(files)}." for purpose, files in purposes.items())


def _facts(manifest: Manifest) -> dict[str, Any]:
    known = {name: value for name, value in manifest.details.items() if isinstance(value, str | int | float)}
    packages = ", ".join(f"{name} {number}" for name, number in manifest.packages.items())
    return {**known, "version": manifest.version, "made with": packages}


def _table(title: str, rows: dict[str, Any]) -> str:
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join([f"## {title}", "", "| | |", "|---|---|", *lines])


def _metrics(parts: dict[str, dict[str, float]]) -> str:
    """The metrics at 10 with one column per part; nothing where none were given."""
    if not parts:
        return ""
    names = list(dict.fromkeys(name for values in parts.values() for name in values if name.endswith("@10")))
    header = [f"| metric | {' | '.join(parts)} |", "|---" * (len(parts) + 1) + "|"]
    rows = [
        f"| {name} | "
        + " | ".join(f"{values[name]:.4f}" if name in values else "" for values in parts.values())
        + " |"
        for name in names
    ]
    return "\n".join(["## Results", "", *header, *rows])


def _signatures(signatures: dict[str, Any]) -> str:
    lines = ["| signature | in | out |", "|---|---|---|"]
    for name, sides in signatures.items():
        described = [
            ", ".join(
                f"`{tensor}` {spec['dtype']} {_shape(spec['shape'])}" for tensor, spec in sides[side].items()
            )
            for side in ("inputs", "outputs")
        ]
        lines.append(f"| `{name}` | {' | '.join(described)} |")
    return "\n".join(["## Signatures", "", *lines])


def _shape(shape: list[int | None]) -> str:
    return "[" + ", ".join("any" if size is None else str(size) for size in shape) + "]"
