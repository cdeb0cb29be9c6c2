"""`load`: a data set by its name, from the first source that answers, or anyone's from a path."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from tfrec_zoo._errors import DataError, UnknownNameError, require
from tfrec_zoo.data.files import read_interactions
from tfrec_zoo.data.routes.cache import cache_folder, read_cache, write_cache
from tfrec_zoo.data.routes.folder import DATA_VARIABLE, read_environment, read_folder
from tfrec_zoo.data.sources.known import DATASETS
from tfrec_zoo.data.sources.known_dataset import Fetch, KnownDataset
from tfrec_zoo.data.sources.layouts import find_layout
from tfrec_zoo.data.tables import Dataset

_logger = logging.getLogger("tfrec_zoo")

_Route = Callable[[], Dataset]


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
            folder or archive in the layout of a known data set.
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
    if not isinstance(spec, str) or spec not in DATASETS:
        return _told(_load_path(Path(spec), data_dir, columns))
    known = DATASETS[spec]
    require(not columns, f"{spec} is read as published: column arguments belong to a path.", columns)
    if known.draw is not None:
        require(data_dir is None, f"`data_dir` does not go with {spec}, which is drawn.", data_dir)
        return known.draw()
    if data_dir is not None:
        return read_folder(spec, known, Path(data_dir))
    return _first_answer(spec, known, timeout)


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
    return read_interactions(path, **columns) if layout is None else layout.read(path)


def _first_answer(name: str, known: KnownDataset, timeout: float) -> Dataset:
    reasons = []
    for route, read in _routes(name, known, timeout).items():
        _logger.info("%s: trying %s", name, route)
        try:
            dataset = read()
        except (DataError, OSError) as error:
            reasons.append(f"{route}: {error}")
            _logger.info("%s: not from %s: %s", name, route, error)
        else:
            _logger.info("%s: from %s", name, dataset.source)
            return dataset
    tried = "\n".join(f"  {reason}" for reason in reasons)
    raise DataError(f"{name}: no source answered. Tried:\n{tried}\nBy hand: {known.by_hand}")


def _routes(name: str, known: KnownDataset, timeout: float) -> dict[str, _Route]:
    """The routes of a data set in the order they are asked."""
    routes: dict[str, _Route] = {f"folder of {DATA_VARIABLE}": lambda: read_environment(name, known)}
    if known.fetch:
        cache = cache_folder() / name
        routes["cache"] = lambda: read_cache(cache)
        routes |= {route: partial(_fetch, fetch, cache, timeout) for route, fetch in known.fetch.items()}
    return routes


def _fetch(fetch: Fetch, cache: Path, timeout: float) -> Dataset:
    with tempfile.TemporaryDirectory(prefix="tfrec_zoo_") as folder:
        dataset = fetch(Path(folder), timeout)
    try:
        write_cache(dataset, cache)
    except (DataError, OSError) as error:
        _logger.warning("%s could not be cached: %s", dataset.name, error)
    return dataset
