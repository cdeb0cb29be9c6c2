"""The local cache: data sets that were fetched once, as Parquet with a manifest of hashes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
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

_Array = npt.NDArray[Any]


def cache_folder() -> Path:
    """`TFREC_ZOO_CACHE`, or ~/.cache/tfrec_zoo."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "tfrec_zoo")


def write_cache(dataset: Dataset, folder: Path) -> None:
    """Write a data set, so that a reader finds all of it or nothing.

    Args:
        dataset: interactions, and items and users of texts, categories, numbers and locations.
        folder: where it goes; replaced if it is there.

    Raises:
        DataError: the items or users have columns that the cache does not keep (pictures, tones, vectors).
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
            "kinds": {
                "items": {} if dataset.items is None else dataset.items.kinds,
                "users": {} if dataset.users is None else dataset.users.kinds,
            },
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
        tables["items.parquet"] = _described("item_id", items.item_id, items.columns)
    if users is not None:
        tables["users.parquet"] = _described("user_id", users.user_id, users.profile)
    return tables


def _described(ids_name: str, ids: _Array, columns: Mapping[str, _Array]) -> pa.Table:
    """One table of items or users."""
    arrays = {ids_name: pa.array(ids, pa.string())}
    lost = []
    for name, values in columns.items():
        texts = values.dtype.kind == "O" and all(isinstance(value, str | tuple) for value in values)
        if values.ndim == 1 and (texts or values.dtype.kind in "iuf"):
            arrays[name] = pa.array(list(values) if texts else values)
        elif values.shape[1:] == (2,) and values.dtype == np.float64:
            arrays[name] = pa.FixedSizeListArray.from_arrays(values.ravel(), 2)
        else:
            lost.append(name)
    if lost:
        raise DataError(f"The cache keeps texts, categories, numbers and locations alone. Received: {lost}")
    return pa.table(arrays)


def _dataset(folder: Path, manifest: dict[str, Any], tables: dict[str, pa.Table]) -> Dataset:
    rejected = manifest["rejected"]
    # A cache of an earlier release tells no kinds.
    kinds = manifest.get("kinds", {"items": {}, "users": {}})
    texts = {name: str(manifest[name]) for name in _TEXTS}
    texts["source"] = f"cache {folder}, first from {texts['source']}"
    return Dataset(
        **texts,
        interactions=_interactions(tables["interactions.parquet"]),
        items=_items(tables["items.parquet"], kinds["items"]) if "items.parquet" in tables else None,
        users=_users(tables["users.parquet"], kinds["users"]) if "users.parquet" in tables else None,
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


def _items(table: pa.Table, kinds: Mapping[str, str]) -> Items:
    columns = _columns(table)
    return Items(columns.pop("item_id"), kinds=kinds, **columns)


def _users(table: pa.Table, kinds: Mapping[str, str]) -> Users:
    columns = _columns(table)
    return Users(columns.pop("user_id"), columns, kinds)


def _columns(table: pa.Table) -> dict[str, _Array]:
    """The columns as kinds read them."""
    columns: dict[str, _Array] = {}
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            columns[name] = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
        elif pa.types.is_list(column.type):
            columns[name] = _objects([tuple(row) for row in column.to_pylist()])
        elif pa.types.is_string(column.type):
            columns[name] = _objects(column.to_pylist())
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return columns


def _objects(values: list[Any]) -> _Array:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result
