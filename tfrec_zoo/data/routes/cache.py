"""The local cache: data sets that were fetched once, as Parquet with a manifest of hashes."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tfrec_zoo._errors import DataError
from tfrec_zoo._files import sha256, staging_folder
from tfrec_zoo.data.rejected import RejectedRows, Rejection
from tfrec_zoo.data.tables import Dataset, Interactions, Items, Users

CACHE_VARIABLE = "TFREC_ZOO_CACHE"

_VERSION = 1
_MANIFEST = "manifest.json"
_TEXTS = ("name", "licence", "citation", "source")
_ITEM_COLUMNS = ("title", "text", "categories")

_Array = npt.NDArray[Any]


def cache_folder() -> Path:
    """`TFREC_ZOO_CACHE`, or ~/.cache/tfrec_zoo."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "tfrec_zoo")


def write_cache(dataset: Dataset, folder: Path) -> None:
    """Write a data set, so that a reader finds all of it or nothing.

    Args:
        dataset: interactions, and items and users of text, categories and numbers.
        folder: where it goes; replaced if it is there.

    Raises:
        DataError: the items have columns that the cache does not keep (pictures, tones, vectors).
        OSError: the folder cannot be written.
    """
    with staging_folder(folder) as temporary:
        fresh = temporary / "fresh"
        fresh.mkdir()
        for name, table in _tables(dataset).items():
            pq.write_table(table, fresh / name)
        manifest = {
            "version": _VERSION,
            **{name: getattr(dataset, name) for name in _TEXTS},
            "rejected": asdict(dataset.rejected),
            "files": {path.name: sha256(path) for path in sorted(fresh.iterdir())},
        }
        (fresh / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if folder.exists():
            folder.rename(temporary / "old")
        fresh.rename(folder)


def read_cache(folder: Path) -> Dataset:
    """Read what `write_cache` wrote.

    Raises:
        DataError: there is nothing, something else, or a file that has changed since.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
        if manifest["version"] != _VERSION:
            raise DataError(f"{folder}: written by another version of this package")
        changed = [name for name, digest in manifest["files"].items() if sha256(folder / name) != digest]
        if changed:
            raise DataError(f"{folder}: {', '.join(changed)} changed since it was written; delete the folder")
        tables = {name: pq.read_table(folder / name) for name in manifest["files"]}
        return _dataset(folder, manifest, tables)
    except FileNotFoundError as error:
        raise DataError(f"{folder}: nothing there") from error
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{folder}: not a cache ({error!r}); delete the folder") from error


def _tables(dataset: Dataset) -> dict[str, pa.Table]:
    interactions, items, users = dataset.interactions, dataset.items, dataset.users
    columns: dict[str, Any] = {
        name: pa.DictionaryArray.from_arrays(ids.codes, pa.array(ids.categories, pa.string()))
        for name in ("user_id", "item_id")
        for ids in (getattr(interactions, name),)
    }
    columns |= {
        name: getattr(interactions, name)
        for name in ("timestamp", "rating", "weight")
        if getattr(interactions, name) is not None
    }
    tables = {"interactions.parquet": pa.table(columns)}
    if items is not None:
        kept = [name for name in _ITEM_COLUMNS if getattr(items, name) is not None]
        lost = [n for n in ("image", "audio", "vectors") if getattr(items, n) is not None]
        if lost:
            raise DataError(f"The cache keeps text and categories of items alone. Received: {lost}")
        tables["items.parquet"] = pa.table(
            {"item_id": list(items.item_id), **{name: list(getattr(items, name)) for name in kept}}
        )
    if users is not None:
        tables["users.parquet"] = pa.table(
            {"user_id": list(users.user_id), **{name: pa.array(v) for name, v in users.profile.items()}}
        )
    return tables


def _dataset(folder: Path, manifest: dict[str, Any], tables: dict[str, pa.Table]) -> Dataset:
    rejected = manifest["rejected"]
    texts = {name: str(manifest[name]) for name in _TEXTS}
    texts["source"] = f"cache {folder}, first from {texts['source']}"
    return Dataset(
        **texts,
        interactions=_interactions(tables["interactions.parquet"]),
        items=_items(tables["items.parquet"]) if "items.parquet" in tables else None,
        users=_users(tables["users.parquet"]) if "users.parquet" in tables else None,
        rejected=RejectedRows(
            rejected["by_reason"], tuple(Rejection(**example) for example in rejected["examples"])
        ),
    )


def _interactions(table: pa.Table) -> Interactions:
    table = table.unify_dictionaries()
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        if isinstance(column, pa.DictionaryArray):
            names = pd.Index(column.dictionary.to_pylist(), dtype=object)
            codes = column.indices.to_numpy(zero_copy_only=False)
            columns[name] = pd.Categorical.from_codes(codes, categories=cast(Any, names))
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return Interactions(**columns)


def _items(table: pa.Table) -> Items:
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    if "categories" in columns:
        columns["categories"] = list(map(tuple, columns["categories"]))
    return Items(**{name: _objects(values) for name, values in columns.items()})


def _users(table: pa.Table) -> Users:
    profile = {
        name: _objects(table.column(name).to_pylist())
        if pa.types.is_string(table.schema.field(name).type)
        else table.column(name).to_numpy()
        for name in table.column_names
    }
    return Users(profile.pop("user_id"), profile)


def _objects(values: list[Any]) -> _Array:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result
