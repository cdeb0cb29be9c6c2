"""MovieLens from where it can be fetched: the official archives through TFDS, 100K out of RecBole's wheel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tfrec_zoo.data.reading.archives import Member, open_members
from tfrec_zoo.data.reading.delimited import read_interactions_text
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.routes.tfds import fetch_by_tfds
from tfrec_zoo.data.routes.wheel import fetch_wheel
from tfrec_zoo.data.sources.movielens import ADDRESS, CITATION, LICENCE, RELEASES, read_movielens
from tfrec_zoo.data.sources.movielens_tables import movies, people
from tfrec_zoo.data.tables import Dataset

REQUIREMENT = "recbole==1.2.1"
"""The wheel carries MovieLens-100K as an example."""
SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"

_FILES = ("ml-100k.inter", "ml-100k.item", "ml-100k.user")


def from_tfds(release: str, folder: Path, timeout: float) -> Dataset:
    """Fetch and read a release that TFDS has.

    Args:
        release: 100k, 1m, 20m, 25m or latest-small.
        folder: an empty folder to download into.
        timeout: seconds without a sign of life after which the source is left.

    Raises:
        DataError: no answer, a broken download, or another file than TFDS recorded.
    """
    name = f"tensorflow_datasets movielens/{release}"
    address = ADDRESS + RELEASES[release].archive
    archive = fetch_by_tfds("movielens", address, folder, timeout, name=name)
    return replace(read_movielens(archive, release), source=name)


def from_wheel(folder: Path, timeout: float) -> Dataset:
    """Fetch and read MovieLens-100K out of the wheel; nothing is installed.

    Args:
        folder: an empty folder to download into.
        timeout: seconds without a sign of life after which the source is left.

    Raises:
        DataError: no answer, a broken download, another file than the pinned one, or a Python without pip.
    """
    return read_wheel(fetch_wheel(REQUIREMENT, SHA256, folder, timeout))


def read_wheel(path: Path) -> Dataset:
    """Read MovieLens-100K out of the wheel.

    Args:
        path: the wheel.

    Returns:
        The same tables as from the official files, row for row: RecBole parts the titles from their years,
        and here they are joined again.

    Raises:
        DataError: the wheel is broken or does not hold the data set.
    """
    log = RejectionLog()
    columns = {
        "user_id": "user_id:token",
        "item_id": "item_id:token",
        "rating": "rating:float",
        "timestamp": "timestamp:float",
    }
    with open_members(path, _FILES) as members:
        ratings, films, users = (members[name] for name in _FILES)
        interactions = read_interactions_text(
            ratings.file, delimiter="\t", columns=columns, header=True, log=log, name=ratings.name
        )
        return Dataset(
            name="movielens/100k",
            interactions=interactions,
            items=movies([(row[0], _title(row[1], row[2]), row[3].split(" ")) for row in _rows(films)]),
            users=people(_rows(users)),
            licence=LICENCE,
            citation=CITATION,
            source=f"wheel {REQUIREMENT}",
            rejected=log.freeze(),
        )


def _rows(member: Member) -> list[list[str]]:
    return [line.split("\t") for line in member.file.read().decode("utf-8").splitlines()[1:]]


def _title(title: str, year: str) -> str:
    # The wheel spells both fields of the film without a name like this.
    return "unknown" if year == "unkonwn" else f"{title} ({year})"
