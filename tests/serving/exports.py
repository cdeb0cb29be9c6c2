"""Two small exports of one catalogue that answer differently, and how their versions are published."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfrec_zoo._files import sha256
from tfrec_zoo.bundle import Manifest, read_manifest
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.export import export
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import create_model

DATA = synthetic(num_users=60, num_items=40, num_interactions=900, seed=4)
FEATURES = FeatureSpace.fit(
    leave_last_out(DATA.interactions).train,
    DATA.items,
    DATA.users,
    content=[],
    profile=list(DATA.users.profile),
)
ITEMS = FEATURES.item_vocabulary.tokens
K = {"first": 3, "second": 5}


def write(folder: Path, kind: str) -> Path:
    """`folder/shop`, whose lists of `serving_default` have K[kind] items."""
    seed = list(K).index(kind)
    model = create_model("two_tower", FEATURES.schema, embedding_dim=8, max_history_length=6, seed=seed)
    export(model, FEATURES, folder / "shop", k=K[kind])
    return folder / "shop"


def publish(source: Path, folder: Path, number: int) -> Manifest:
    """Move a copy of an export's first version in under another number, then its manifest."""
    manifest = renumbered(source, number)
    staging = folder.parent / f".staging.{number}"
    shutil.copytree(source / "1", staging)
    staging.rename(folder / str(number))
    manifest.write(folder)
    return manifest


def renumbered(source: Path, number: int) -> Manifest:
    manifest = read_manifest(source)
    files = {f"{number}/{name.partition('/')[2]}": digest for name, digest in manifest.files.items()}
    return replace(manifest, version=number, files=files)


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Another content of a file of the live version, which the manifest knows of."""
    manifest = read_manifest(folder)
    (folder / name).write_bytes(content)
    manifest.files[name] = sha256(folder / name)
    manifest.write(folder)


def request(size: int = 2) -> dict[str, Any]:
    """Columns of `serving_default`, for people with histories and users' own profiles."""
    profile: dict[str, Any] = {}
    for name, transform in FEATURES.user_transforms.items():
        if transform.name == "category":
            profile[name] = [[str(token)] for token in transform.vocabulary.tokens[:1] * size]
        else:
            profile[name] = [20.5 + row for row in range(size)]
    users = [str(user) for user in DATA.users.user_id[:size]]
    return {"history": [ITEMS[row : row + 4] for row in range(size)], "user_id": users, **profile}


def rows_of(columns: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
