"""Data sets whose files are already there, in a folder that the caller or the environment names."""

from __future__ import annotations

import os
from pathlib import Path

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.sources.known_dataset import KnownDataset
from tfrec_zoo.data.tables import Dataset

DATA_VARIABLE = "TFREC_ZOO_DATA"
"""Names a folder in which known data sets are looked for before anything is fetched."""


def read_folder(name: str, known: KnownDataset, folder: Path) -> Dataset:
    """Read from the first of `folder`'s usual sub-folders and archives that is there, else from itself.

    Raises:
        DataError: no such folder, or files that cannot be read.
    """
    if known.read is None:
        raise DataError(f"{name} is drawn: there are no files of it.")
    if not folder.exists():
        raise DataError(f"{folder}: there is no such folder or file. {known.by_hand}")
    places = [folder / place for place in (*known.places, name, name.replace("/", "-"))]
    return known.read(next((place for place in places if place.exists()), folder))


def read_environment(name: str, known: KnownDataset) -> Dataset:
    """Read from the folder of `TFREC_ZOO_DATA`.

    Raises:
        DataError: the variable is not set, no such folder, or files that cannot be read.
    """
    value = os.environ.get(DATA_VARIABLE)
    if not value:
        raise DataError("not set")
    return read_folder(name, known, Path(value))
