"""Which published layout a folder or an archive has."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tfrec_zoo.data.reading.archives import open_members
from tfrec_zoo.data.sources.amazon import read_amazon
from tfrec_zoo.data.sources.lastfm import read_lastfm
from tfrec_zoo.data.sources.movielens import read_movielens
from tfrec_zoo.data.tables import Dataset

LAYOUTS: Mapping[str, Callable[[Path], Dataset]] = {
    "movielens": read_movielens,
    "lastfm": read_lastfm,
    "amazon": read_amazon,
}
"""Name of the layout -> its reader."""

_MARKERS = {
    "u.data": "movielens",
    "ratings.dat": "movielens",
    "ratings.csv": "movielens",
    "user_artists.dat": "lastfm",
    "usersha1-artmbid-artname-plays.tsv": "lastfm",
    "userid-timestamp-artid-artname-traid-traname.tsv": "lastfm",
}


def find_layout(path: Path) -> str | None:
    """The layout of a folder, an archive or a file, by the names of the files; None where it is none of ours.

    Args:
        path: what is there.

    Raises:
        DataError: an archive that is broken or whose paths climb out.
    """
    if path.is_file() and not zipfile.is_zipfile(path) and not tarfile.is_tarfile(path):
        layout = _MARKERS.get(path.name.removesuffix(".gz"))
        return layout if layout == "lastfm" else None
    with open_members(path, tuple(_MARKERS)) as members:
        if members:
            return _MARKERS[next(iter(members))]
    return "amazon" if path.is_dir() and any(map(_is_json_lines, path.iterdir())) else None


def _is_json_lines(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith((".json", ".jsonl"))
