"""Movies and users of MovieLens: the small files beside the ratings."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading.archives import Member, explain_broken_file
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.tables import Items, Users, is_clean_id

# fmt: off
_GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)
_OCCUPATIONS_1M = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer",
    "programmer", "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer",
    "tradesman/craftsman",
    "unemployed", "writer",
)
# fmt: on
_NO_GENRE = ("", "unknown", "(no genres listed)")
_HEADER_CSV = ["movieId", "title", "genres"]

_Fields = list[str]


def read_movies(member: Member, layout: str, encoding: str, log: RejectionLog) -> Items:
    """Read the movies.

    Args:
        member: the open file.
        layout: its official name: u.item, movies.dat or movies.csv.
        encoding: of the titles.
        log: receives every row that cannot be used.

    Returns:
        Ids, titles with the year, and genres as categories (none for "unknown" and "(no genres listed)").

    Raises:
        DataError: no row can be used, or the header is another one.
    """
    split, width = _MOVIE_LAYOUTS[layout]
    header = _HEADER_CSV if layout == "movies.csv" else None
    rows = [fields for _, fields in _records(member, encoding, split, width, log, header)]
    log.raise_if_all(member.name, len(rows))
    if layout == "u.item":
        return movies([(row[0], row[1], compress(_GENRES_100K, map(int, row[5:]))) for row in rows])
    return movies([(row[0], row[1], row[2].split("|")) for row in rows])


def movies(rows: Iterable[tuple[str, str, Iterable[str]]]) -> Items:
    """The table of (id, title, genres), cleaned alike whichever file they come from."""
    ids, titles, genres = zip(*rows, strict=True)
    categories = np.empty(len(ids), dtype=object)
    categories[:] = [tuple(name for name in names if name not in _NO_GENRE) for names in genres]
    return Items(
        item_id=np.array(ids, dtype=object),
        title=np.array([title.strip() for title in titles], dtype=object),
        categories=categories,
    )


def read_people(member: Member, layout: str, encoding: str, log: RejectionLog) -> Users:
    """Read the users.

    Args:
        member: the open file.
        layout: its official name: u.user or users.dat.
        encoding: of the text.
        log: receives every row that cannot be used.

    Returns:
        Ids and the profile: `age` (whole years; in 1m the lowest of a range), `gender`, `occupation`,
        `zip_code`.

    Raises:
        DataError: no row can be used.
    """
    delimiter = "|" if layout == "u.user" else "::"
    rows: list[_Fields] = []
    for line, fields in _records(member, encoding, lambda text: text.split(delimiter), 5, log):
        if layout == "users.dat":
            gender, age, code = fields[1:4]
            if not (code.isdecimal() and int(code) < len(_OCCUPATIONS_1M)):
                log.add(member.name, line, "unknown occupation", code)
                continue
            fields[1:4] = [age, gender, _OCCUPATIONS_1M[int(code)]]
        if not fields[1].isdecimal():
            log.add(member.name, line, "unreadable age", fields[1])
            continue
        rows.append(fields)
    log.raise_if_all(member.name, len(rows))
    return people(rows)


def people(rows: Iterable[_Fields]) -> Users:
    """The table of (id, age, gender, occupation, zip code)."""
    ids, ages, genders, occupations, zip_codes = zip(*rows, strict=True)
    texts: Mapping[str, tuple[str, ...]] = {
        "gender": genders,
        "occupation": occupations,
        "zip_code": zip_codes,
    }
    profile = {name: np.array(values, dtype=object) for name, values in texts.items()}
    return Users(np.array(ids, dtype=object), {"age": np.array(ages, dtype=np.int64), **profile})


def _split_item_100k(text: str) -> _Fields:
    fields = text.split("|")
    return fields if set(fields[5:]) <= {"0", "1"} else fields[:5]


def _split_movie_dat(text: str) -> _Fields:
    """A title may hold the delimiter: the first one ends the id, the last one begins the genres."""
    movie_id, first, rest = text.partition("::")
    title, last, genres = rest.rpartition("::")
    return [movie_id, title, genres] if first and last else text.split("::")


def _split_csv(text: str) -> _Fields:
    return next(csv.reader([text]), [])


_MOVIE_LAYOUTS: Mapping[str, tuple[Callable[[str], _Fields], int]] = {
    "u.item": (_split_item_100k, 5 + len(_GENRES_100K)),
    "movies.dat": (_split_movie_dat, 3),
    "movies.csv": (_split_csv, 3),
}


def _records(
    member: Member,
    encoding: str,
    split: Callable[[str], _Fields],
    width: int,
    log: RejectionLog,
    header: _Fields | None = None,
) -> Iterator[tuple[int, _Fields]]:
    """Line number and fields of each usable row; the others, and ids seen before, go to the log."""
    seen: set[str] = set()
    with explain_broken_file(member.name):
        lines = list(member.file)
    for line, raw in enumerate(lines, start=1):
        try:
            text = raw.decode(encoding).rstrip("\r\n")
        except UnicodeDecodeError:
            log.add(member.name, line, f"not {encoding}", raw.decode(encoding, "replace").strip())
            continue
        fields = split(text)
        if header and line == 1:
            if [name.strip("\ufeff ") for name in fields] != header:
                raise DataError(f"{member.name}: the header must be {','.join(header)}. Received: {text!r}")
        elif not text.strip():
            continue
        elif len(fields) != width:
            log.add(member.name, line, f"too {'few' if len(fields) < width else 'many'} fields", text)
        elif not is_clean_id(fields[0]):
            log.add(member.name, line, "missing id", text)
        elif fields[0] in seen:
            log.add(member.name, line, "id seen before", text)
        else:
            seen.add(fields[0])
            yield line, fields
