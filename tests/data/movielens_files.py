"""Writes made-up MovieLens releases in the official layouts."""

from __future__ import annotations

import zipfile
from pathlib import Path

# user, movie, rating, time; user 7 rates two movies at one moment.
RATINGS = [
    ("7", "30", "4", "1000000300"),
    ("12", "10", "5", "1000000100"),
    ("7", "20", "3", "1000000200"),
    ("7", "10", "2", "1000000200"),
    ("12", "30", "1", "1000000400"),
]
MOVIES = [
    ("10", "Wooden Ships, Glass Sails (1991)", ["Action", "Sci-Fi"]),
    ("20", "Café at the End (1987)", ["Drama"]),
    ("30", "Nothing Known (1970)", []),
]
USERS = [("7", "33", "F", "writer", "55117"), ("12", "56", "M", "retired", "0210A")]
GENRES_100K = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
]  # fmt: skip
OCCUPATION_CODES = {"writer": 20, "retired": 13}
FOLDERS = {
    "100k": "ml-100k",
    "1m": "ml-1m",
    "10m": "ml-10M100K",
    "20m": "ml-20m",
    "25m": "ml-25m",
    "32m": "ml-32m",
    "latest-small": "ml-latest-small",
}


def texts(release: str) -> dict[str, bytes]:
    """Name -> bytes of the files of a release."""
    if release == "100k":
        flags = [
            [str(int(genre in (genres or ["unknown"]))) for genre in GENRES_100K] for _, _, genres in MOVIES
        ]
        return {
            "u.data": lines("\t".join(row) for row in RATINGS),
            "u.item": lines(
                ("|".join([movie, title, "01-Jan-1995", "", "http://example.org/", *flag]))
                for (movie, title, _), flag in zip(MOVIES, flags, strict=True)
            ).decode().encode("latin-1"),
            "u.user": lines("|".join(row) for row in USERS),
            "u.genre": lines(f"{genre}|{n}" for n, genre in enumerate(GENRES_100K)),
        }  # fmt: skip
    if release in ("1m", "10m"):
        movies = lines(
            f"{movie}::{title}::{'|'.join(genres) or '(no genres listed)'}" for movie, title, genres in MOVIES
        )
        ratings = {"ratings.dat": lines("::".join(row) for row in RATINGS)}
        if release == "10m":
            return ratings | {"movies.dat": movies, "tags.dat": lines(["7::10::slow::1000000500"])}
        people = lines(
            f"{user}::{gender}::{age}::{OCCUPATION_CODES[job]}::{place}"
            for user, age, gender, job, place in USERS
        )
        return ratings | {"movies.dat": movies.decode().encode("latin-1"), "users.dat": people}
    return {
        "ratings.csv": lines(
            ["userId,movieId,rating,timestamp", *(",".join(row) for row in RATINGS)], "\r\n"
        ),
        "movies.csv": lines(
            [
                "movieId,title,genres",
                *(
                    f'{movie},"{title}",{"|".join(genres) or "(no genres listed)"}'
                    for movie, title, genres in MOVIES
                ),
            ],
            "\r\n",
        ),
        "tags.csv": lines(["userId,movieId,tag,timestamp"]),
    }


def lines(rows: object, end: str = "\n") -> bytes:
    return "".join(f"{row}{end}" for row in rows).encode()  # type: ignore[attr-defined]


def write_folder(parent: Path, release: str) -> Path:
    """Writes parent/ml-.../files and returns that folder."""
    folder = parent / FOLDERS[release]
    folder.mkdir(parents=True)
    for name, content in texts(release).items():
        (folder / name).write_bytes(content)
    return folder


def write_zip(parent: Path, release: str) -> Path:
    """Writes the zip as it is published, with one folder inside."""
    path = parent / f"ml-{release}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in texts(release).items():
            archive.writestr(f"{FOLDERS[release]}/{name}", content)
    return path
