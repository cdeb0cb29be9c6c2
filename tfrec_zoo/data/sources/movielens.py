"""MovieLens in the official file layouts (Harper and Konstan 2015), from a folder or a zip."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.reading.archives import Member, open_members
from tfrec_zoo.data.reading.delimited import read_interactions_text
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.sources.known_dataset import PublishedLayout
from tfrec_zoo.data.sources.movielens_tables import read_movies, read_people
from tfrec_zoo.data.tables import Dataset, Interactions

LICENCE = "GroupLens terms of use: research, no redistribution, commercial use by permission alone"
CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5(4), article 19. doi:10.1145/2827872"
)

ADDRESS = "https://files.grouplens.org/datasets/movielens/"
"""Where the official archives are."""

_logger = logging.getLogger("tfrec_zoo")


@dataclass(frozen=True)
class Release:
    """One of the published data sets."""

    name: str
    num_ratings: int
    ratings_file: str
    """File of the ratings, which tells the layout: u.data, ratings.dat or ratings.csv."""
    archive: str
    """Name of the official zip."""
    movies_file: str
    people_file: str | None = None
    """File of the users, where the release has one."""
    encoding: str = "utf-8"


RELEASES: Mapping[str, Release] = {
    release.name: release
    for release in (
        Release("100k", 100_000, "u.data", "ml-100k.zip", "u.item", "u.user", "latin-1"),
        Release("1m", 1_000_209, "ratings.dat", "ml-1m.zip", "movies.dat", "users.dat", "latin-1"),
        Release("10m", 10_000_054, "ratings.dat", "ml-10m.zip", "movies.dat"),
        Release("20m", 20_000_263, "ratings.csv", "ml-20m.zip", "movies.csv"),
        Release("25m", 25_000_095, "ratings.csv", "ml-25m.zip", "movies.csv"),
        Release("32m", 32_000_204, "ratings.csv", "ml-32m.zip", "movies.csv"),
        Release("latest-small", 100_836, "ratings.csv", "ml-latest-small.zip", "movies.csv"),
    )
}

_POSITIONS: Mapping[str, int | str] = {"user_id": 0, "item_id": 1, "rating": 2, "timestamp": 3}
_HEADER: Mapping[str, int | str] = {
    "user_id": "userId",
    "item_id": "movieId",
    "rating": "rating",
    "timestamp": "timestamp",
}
_DELIMITERS = {"u.data": "\t", "ratings.dat": "::", "ratings.csv": ","}
_FILES = (*_DELIMITERS, "u.item", "u.user", "movies.dat", "users.dat", "tags.dat", "movies.csv")


def read_movielens(path: str | Path, release: str | None = None) -> Dataset:
    """Read one of the releases 100k, 1m, 10m, 20m, 25m, 32m and latest-small.

    Items have titles with the year, and genres as categories. The users of 100k and 1m have `age` (in 1m the
    lowest of a range), `gender`, `occupation` and `zip_code`; the other releases have no users. The files of
    movies and users may be missing, and so are the tables then.

    Args:
        path: the folder with the official files, a folder above it, or the official zip.
        release: one of `RELEASES`; recognised from the files where None.

    Returns:
        The data set, rows in the order of the file; rows that cannot be used are in `rejected`.

    Raises:
        DataError: the files are not there, cannot be read, or are those of another release.
        UnknownNameError: there is no such release.
    """
    path = Path(path)
    if release is not None and release not in RELEASES:
        raise UnknownNameError("MovieLens release", release, RELEASES)
    log = RejectionLog()
    with open_members(path, _FILES) as members:
        candidates = _candidates(path, members, release)
        ratings_file = candidates[0].ratings_file
        interactions = _read_ratings(members[ratings_file], ratings_file, log)
        known = _recognise(path, members, candidates, interactions, release)
        form = known or candidates[0]
        movies, people = members.get(form.movies_file), members.get(form.people_file or "")
        items = read_movies(movies, form.movies_file, form.encoding, log) if movies else None
        users = read_people(people, form.people_file or "", form.encoding, log) if people else None
    return Dataset(
        name=f"movielens/{known.name}" if known else "movielens",
        interactions=interactions,
        items=items,
        users=users,
        licence=LICENCE,
        citation=CITATION,
        source=f"{'folder' if path.is_dir() else 'zip'} {path}",
        rejected=log.freeze(),
    )


def _read_ratings(member: Member, ratings_file: str, log: RejectionLog) -> Interactions:
    return read_interactions_text(
        member.file,
        delimiter=_DELIMITERS[ratings_file],
        columns=_HEADER if ratings_file == "ratings.csv" else _POSITIONS,
        header=ratings_file == "ratings.csv",
        log=log,
        name=member.name,
    )


def _candidates(path: Path, members: Mapping[str, Member], release: str | None) -> Sequence[Release]:
    """The releases that the names of the files allow, all of one layout."""
    found = [name for name in _DELIMITERS if name in members]
    allowed = [entry for entry in RELEASES.values() if entry.ratings_file in found]
    if "users.dat" in members or "tags.dat" in members:
        other = "10m" if "users.dat" in members else "1m"
        allowed = [entry for entry in allowed if entry.name != other]
    if not allowed:
        raise DataError(
            f"{path}: a MovieLens folder or zip holds u.data, ratings.dat or ratings.csv. "
            f"Received: {', '.join(sorted(members)) or 'none of its files'}. Give the official zip, or the "
            "folder that was unpacked from it."
        )
    if release is None:
        if len(found) > 1:
            raise DataError(
                f"{path}: the files of one release were expected. Received: {', '.join(found)}. Say which by "
                "`release`, or give the folder of one of them."
            )
        return allowed
    if RELEASES[release] not in allowed:
        raise DataError(
            f"{path}: these are not the files of MovieLens {release}, which has "
            f"{RELEASES[release].ratings_file}. Received: {', '.join(sorted(members))}, as in "
            f"{' or '.join(entry.name for entry in allowed)}. Leave out `release`, or give the other folder."
        )
    return [RELEASES[release]]


def _recognise(
    path: Path,
    members: Mapping[str, Member],
    candidates: Sequence[Release],
    interactions: Interactions,
    release: str | None,
) -> Release | None:
    """The release by what was asked for, the number of ratings, or the name of the folder."""
    ratings_file = candidates[0].ratings_file
    by_count = {entry.num_ratings: entry for entry in RELEASES.values() if entry.ratings_file == ratings_file}
    counted = by_count.get(len(interactions))
    if release is not None:
        expected = RELEASES[release]
        if counted not in (None, expected):
            raise DataError(
                f"{path}: MovieLens {release} has {expected.num_ratings:,} ratings. Received: "
                f"{len(interactions):,}, as in {counted.name}. Leave out `release`, or give the other folder."
            )
        if counted is None:
            _logger.warning(
                "%s: MovieLens %s has %s ratings, these files hold %s",
                path, release, f"{expected.num_ratings:,}", f"{len(interactions):,}",
            )  # fmt: skip
        return expected
    if counted in candidates:
        return counted
    if len(candidates) == 1:
        return candidates[0]
    names = {path.name.removesuffix(".zip"), members[ratings_file].name.split("/")[-2]}
    for entry in candidates:
        if entry.archive.removesuffix(".zip") in names:
            return entry
    if ratings_file == "ratings.dat":
        raise DataError(
            f"{path}: ratings.dat is of MovieLens 1m or 10m. Received: {len(interactions):,} ratings, and "
            "neither users.dat nor tags.dat beside it. Say which by `release`."
        )
    return None


LAYOUT = PublishedLayout(read_movielens, files=tuple(_DELIMITERS))
