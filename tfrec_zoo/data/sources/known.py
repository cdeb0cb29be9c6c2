"""The data sets that `load` knows by name: a literal table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tfrec_zoo.data.sources import amazon, lastfm, movielens
from tfrec_zoo.data.tables import Dataset


@dataclass(frozen=True)
class KnownDataset:
    """One data set that has a name."""

    name: str
    size: str
    """Users, items of the catalogue and interactions, in words."""
    licence: str
    routes: tuple[str, ...]
    """Where it can come from, in the order of trying: folder, cache, tfds, wheel; or drawn."""
    read: Callable[[Path], Dataset] | None = field(default=None, repr=False)
    """Reads it from a folder or an archive; None where it is drawn."""
    by_hand: str = field(default="", repr=False)
    """How to get the files."""
    places: tuple[str, ...] = ()
    """Usual names of its folder or archive."""


_PUT_IT = (
    "zipped or unpacked, into a folder, and give that folder as `data_dir` (--data-dir) or in TFREC_ZOO_DATA."
)


def _movielens(release: str, size: str, *fetched: str) -> KnownDataset:
    archive = movielens.RELEASES[release].archive
    folder = "ml-10M100K" if release == "10m" else archive.removesuffix(".zip")
    return KnownDataset(
        name=f"movielens/{release}",
        size=size,
        licence=movielens.LICENCE,
        routes=("folder", "cache", *fetched) if fetched else ("folder",),
        read=partial(movielens.read_movielens, release=release),
        by_hand=f"download https://files.grouplens.org/datasets/movielens/{archive}, put it, {_PUT_IT}",
        places=(f"movielens-{release}", folder, archive),
    )


def _amazon(release: str, size: str, address: str) -> KnownDataset:
    return KnownDataset(
        name=f"amazon/{release}",
        size=size,
        licence=amazon.LICENCE,
        routes=("folder",),
        read=partial(amazon.read_amazon, release=release),
        by_hand=f"download the reviews of one category, and their metadata (meta_...), from {address}, put "
        f"both, plain or gzipped, {_PUT_IT.removeprefix('zipped or unpacked, ')}",
        places=(f"amazon-{release}",),
    )


def _lastfm(release: str, size: str, address: str, *places: str) -> KnownDataset:
    return KnownDataset(
        name=f"lastfm/{release}",
        size=size,
        licence=lastfm.LICENCE,
        routes=("folder",),
        read=partial(lastfm.read_lastfm, release=release),
        by_hand=f"download it from {address}, put it, {_PUT_IT}",
        places=(f"lastfm-{release}", *places),
    )


_CELMA = "http://ocelma.net/MusicRecommendationDataset/"

DATASETS: Mapping[str, KnownDataset] = {
    known.name: known
    for known in (
        _movielens("100k", "943 users, 1,682 films, 100,000 ratings", "tfds", "wheel"),
        _movielens("1m", "6,040 users, 3,883 films, 1,000,209 ratings", "tfds"),
        _movielens("10m", "69,878 users, 10,681 films, 10,000,054 ratings"),
        _movielens("20m", "138,493 users, 27,278 films, 20,000,263 ratings", "tfds"),
        _movielens("25m", "162,541 users, 62,423 films, 25,000,095 ratings", "tfds"),
        _movielens("32m", "200,948 users, 87,585 films, 32,000,204 ratings"),
        _movielens("latest-small", "610 users, 9,742 films, 100,836 ratings", "tfds"),
        _amazon("2014", "by category", "https://jmcauley.ucsd.edu/data/amazon/"),
        _amazon("2018", "by category", "https://nijianmo.github.io/amazon/"),
        _amazon("2023", "by category", "https://amazon-reviews-2023.github.io/"),
        _lastfm(
            "hetrec-2k",
            "1,892 users, 17,632 artists, 92,834 play counts",
            "https://grouplens.org/datasets/hetrec-2011/",
            "hetrec2011-lastfm-2k",
            "hetrec2011-lastfm-2k.zip",
        ),
        _lastfm(
            "360k",
            "359,347 users, 294,015 artists, 17,559,530 play counts",
            _CELMA + "lastfm-360K.html",
            "lastfm-dataset-360K",
            "lastfm-dataset-360K.tar.gz",
        ),
        _lastfm(
            "1k",
            "992 users, 176,948 artists, 19,150,868 plays",
            _CELMA + "lastfm-1K.html",
            "lastfm-dataset-1K",
            "lastfm-dataset-1K.tar.gz",
        ),
        KnownDataset("synthetic", "500 users, 200 items, 20,000 interactions", "CC0-1.0", ("drawn",)),
    )
}
"""Name -> what `load` knows of the data set."""
