"""The data sets that `load` knows by name; how each is fetched, read and recognised. A literal table."""

from __future__ import annotations

from functools import partial

from tfrec_zoo._registry import Registry
from tfrec_zoo.data.sources import amazon, lastfm, movielens
from tfrec_zoo.data.sources.known_dataset import Fetch, KnownDataset, PublishedLayout
from tfrec_zoo.data.sources.movielens_routes import from_tfds, from_wheel
from tfrec_zoo.data.sources.synthetic import synthetic

__all__ = ["DATASETS", "KnownDataset", "PublishedLayout"]

_PUT_IT = (
    "zipped or unpacked, into a folder, and give that folder as `data_dir` (--data-dir) or in TFREC_ZOO_DATA."
)


def _movielens(release: str, size: str, **fetch: Fetch) -> KnownDataset:
    archive = movielens.RELEASES[release].archive
    folder = "ml-10M100K" if release == "10m" else archive.removesuffix(".zip")
    return KnownDataset(
        size=size,
        licence=movielens.LICENCE,
        read=partial(movielens.read_movielens, release=release),
        by_hand=f"download {movielens.ADDRESS}{archive}, put it, {_PUT_IT}",
        places=(f"movielens-{release}", folder, archive),
        fetch=fetch,
        layout=movielens.LAYOUT,
    )


def _amazon(release: str, size: str, address: str) -> KnownDataset:
    return KnownDataset(
        size=size,
        licence=amazon.LICENCE,
        read=partial(amazon.read_amazon, release=release),
        by_hand=f"download the reviews of one category, and their metadata (meta_...), from {address}, put "
        f"both, plain or gzipped, {_PUT_IT.removeprefix('zipped or unpacked, ')}",
        places=(f"amazon-{release}",),
        layout=amazon.LAYOUT,
    )


def _lastfm(release: str, size: str, address: str, *places: str) -> KnownDataset:
    return KnownDataset(
        size=size,
        licence=lastfm.LICENCE,
        read=partial(lastfm.read_lastfm, release=release),
        by_hand=f"download it from {address}, put it, {_PUT_IT}",
        places=(f"lastfm-{release}", *places),
        layout=lastfm.LAYOUT,
    )


_CELMA = "http://ocelma.net/MusicRecommendationDataset/"
# fmt: off
DATASETS: Registry[KnownDataset] = Registry("data set", {
    "movielens/100k": _movielens(
        "100k", "943 users, 1,682 films, 100,000 ratings", tfds=partial(from_tfds, "100k"), wheel=from_wheel
    ),
    "movielens/1m": _movielens(
        "1m", "6,040 users, 3,883 films, 1,000,209 ratings", tfds=partial(from_tfds, "1m")
    ),
    "movielens/10m": _movielens("10m", "69,878 users, 10,681 films, 10,000,054 ratings"),
    "movielens/20m": _movielens(
        "20m", "138,493 users, 27,278 films, 20,000,263 ratings", tfds=partial(from_tfds, "20m")
    ),
    "movielens/25m": _movielens(
        "25m", "162,541 users, 62,423 films, 25,000,095 ratings", tfds=partial(from_tfds, "25m")
    ),
    "movielens/32m": _movielens("32m", "200,948 users, 87,585 films, 32,000,204 ratings"),
    "movielens/latest-small": _movielens(
        "latest-small", "610 users, 9,742 films, 100,836 ratings", tfds=partial(from_tfds, "latest-small")
    ),
    "amazon/2014": _amazon("2014", "by category", "https://jmcauley.ucsd.edu/data/amazon/"),
    "amazon/2018": _amazon("2018", "by category", "https://nijianmo.github.io/amazon/"),
    "amazon/2023": _amazon("2023", "by category", "https://amazon-reviews-2023.github.io/"),
    "lastfm/hetrec-2k": _lastfm(
        "hetrec-2k",
        "1,892 users, 17,632 artists, 92,834 play counts",
        "https://grouplens.org/datasets/hetrec-2011/",
        "hetrec2011-lastfm-2k",
        "hetrec2011-lastfm-2k.zip",
    ),
    "lastfm/360k": _lastfm(
        "360k",
        "359,347 users, 294,015 artists, 17,559,530 play counts",
        f"{_CELMA}lastfm-360K.html",
        "lastfm-dataset-360K",
        "lastfm-dataset-360K.tar.gz",
    ),
    "lastfm/1k": _lastfm(
        "1k",
        "992 users, 176,948 artists, 19,150,868 plays",
        f"{_CELMA}lastfm-1K.html",
        "lastfm-dataset-1K",
        "lastfm-dataset-1K.tar.gz",
    ),
    "synthetic": KnownDataset(
        size="500 users, 200 items, 20,000 interactions", licence="CC0-1.0", draw=synthetic
    ),
})
# fmt: on
"""Name -> what is known of the data set. A source of your own joins by `DATASETS.register`."""
