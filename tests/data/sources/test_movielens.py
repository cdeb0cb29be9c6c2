"""Every release of MovieLens in its official layout, written here with made-up films."""

from __future__ import annotations

import csv
import gzip
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.movielens_files import FOLDERS, MOVIES, RATINGS, USERS, write_folder, write_zip
from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.sources.movielens import RELEASES, read_movielens
from tfrec_zoo.data.tables import Dataset


def check_tables(data: Dataset, release: str) -> None:
    table = data.interactions
    assert [tuple(row) for row in zip(table.user_id, table.item_id, strict=True)] == [
        row[:2] for row in RATINGS
    ]
    assert table.rating is not None
    assert table.timestamp is not None
    assert table.rating.tolist() == [float(row[2]) for row in RATINGS]
    assert table.timestamp.tolist() == [float(row[3]) for row in RATINGS]
    assert data.items is not None
    assert data.items.item_id.tolist() == [movie for movie, _, _ in MOVIES]
    assert data.items.title.tolist() == [title for _, title, _ in MOVIES]  # type: ignore[union-attr]
    assert data.items.categories.tolist() == [tuple(genres) for _, _, genres in MOVIES]  # type: ignore[union-attr]
    assert data.rejected.total == 0
    if release not in ("100k", "1m"):
        assert data.users is None
        return
    assert data.users is not None
    ids, *columns = zip(*USERS, strict=True)
    assert data.users.user_id.tolist() == list(ids)
    assert np.issubdtype(data.users.profile["age"].dtype, np.integer)
    assert [str(age) for age in data.users.profile["age"]] == list(columns[0])
    for name, values in zip(("gender", "occupation", "zip_code"), columns[1:], strict=True):
        assert data.users.profile[name].tolist() == list(values)


@pytest.mark.parametrize("release", FOLDERS)
def test_folder_parent_and_zip(release: str, tmp_path: Path) -> None:
    folder, archive = write_folder(tmp_path / "parent", release), write_zip(tmp_path, release)
    for path in (folder, folder.parent, archive, str(archive)):
        data = read_movielens(path)
        check_tables(data, release)
        assert data.name == f"movielens/{release}"
        assert str(path) in data.source
        assert "GroupLens" in data.licence
        assert "Harper" in data.citation
    check_tables(read_movielens(folder, release), release)


def test_gzip_members_and_missing_tables(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "1m")
    packed = gzip.compress((folder / "ratings.dat").read_bytes())
    (folder / "ratings.dat").unlink()
    (folder / "ratings.dat.gz").write_bytes(packed)
    check_tables(read_movielens(folder), "1m")
    (folder / "movies.dat").unlink()
    (folder / "users.dat").unlink()
    data = read_movielens(folder, "1m")
    assert data.items is None
    assert data.users is None


def test_an_unknown_csv_release_has_no_false_name(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "25m").rename(tmp_path / "mine")
    assert read_movielens(folder).name == "movielens"
    assert read_movielens(folder, "32m").name == "movielens/32m"


def test_a_wrong_count_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="tfrec_zoo"):
        read_movielens(write_folder(tmp_path, "20m"), "20m")
    assert "MovieLens 20m has 20,000,263 ratings, these files hold 5" in caplog.text


def test_the_number_of_ratings_tells_the_release(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = "".join(f"{n % 610},{n % 9724},3.5,1\n" for n in range(100_836))
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + rows)
    assert read_movielens(folder).name == "movielens/latest-small"
    with pytest.raises(DataError, match=r"32,000,204 ratings.*Received: 100,836, as in latest-small"):
        read_movielens(folder, "32m")


@pytest.mark.parametrize(
    ("written", "asked", "message"),
    [
        ("100k", "1m", r"not the files of MovieLens 1m, which has ratings.dat. Received: u.data.*as in 100k"),
        ("1m", "10m", r"not the files of MovieLens 10m.*Received: .*users.dat, as in 1m"),
        ("10m", "1m", r"not the files of MovieLens 1m.*tags.dat, as in 10m"),
        ("25m", "100k", r"not the files of MovieLens 100k.*as in 20m or 25m or 32m or latest-small"),
    ],
)
def test_contradictions_are_refused(written: str, asked: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_movielens(write_folder(tmp_path, written), asked)


def test_files_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "10m").rename(tmp_path / "mine")
    (folder / "tags.dat").unlink()
    with pytest.raises(DataError, match=r"ratings.dat is of MovieLens 1m or 10m.*Say which by `release`"):
        read_movielens(folder)
    check_tables(read_movielens(folder, "10m"), "10m")
    write_folder(folder, "100k")
    with pytest.raises(DataError, match=r"files of one release.*Received: u.data, ratings.dat"):
        read_movielens(folder)


def test_not_movielens_at_all(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(
        DataError, match=r"holds u.data, ratings.dat or ratings.csv. Received: none of its files"
    ):
        read_movielens(tmp_path)
    with pytest.raises(DataError, match=r"gone: there is no such file"):
        read_movielens(tmp_path / "gone")
    with pytest.raises(UnknownNameError, match=r"Unknown MovieLens release. Did you mean '20m'\?"):
        read_movielens(tmp_path, "20")
    (tmp_path / "ml-1m.zip").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(DataError, match=r"ml-1m.zip: .*(zip|tar)"):
        read_movielens(tmp_path / "ml-1m.zip")


def add_line(name: str, line: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes() + line)

    return change


@pytest.mark.parametrize(
    ("release", "name", "line", "reason", "number"),
    [
        ("100k", "u.data", b"7\t30\n", "too few fields", 6),
        ("100k", "u.item", b"40|Half a Film (1990)|\n", "too few fields", 4),
        ("100k", "u.user", b"90|old|F|writer|55117\n", "unreadable age", 3),
        ("1m", "ratings.dat", b"7::30::5::yesterday\n", "unreadable timestamp", 6),
        ("1m", "movies.dat", b"::Nameless (1990)::Drama\n", "missing id", 4),
        ("1m", "movies.dat", b"40:Single Colons (1990):Drama\n", "too few fields", 4),
        ("1m", "users.dat", b"90::F::25::21::55117\n", "unknown occupation", 3),
        ("1m", "users.dat", b"90::F::25::1::55117::x\n", "too many fields", 3),
        ("10m", "movies.dat", "40::Café::Drama\n".encode("latin-1"), "not utf-8", 4),
        ("25m", "movies.csv", b"10,Twice (1990),Drama\n", "id seen before", 5),
    ],
)
def test_bad_rows_are_counted_and_named(
    release: str, name: str, line: bytes, reason: str, number: int, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path, release)
    add_line(name, line)(folder)
    data = read_movielens(folder)
    assert dict(data.rejected.by_reason) == {reason: 1}
    example = data.rejected.examples[0]
    assert (example.file, example.line) == (f"{folder.name}/{name}", number)
    assert len(data.interactions) == len(RATINGS)
    assert data.items is not None
    assert len(data.items) == len(MOVIES)


def test_a_title_may_hold_the_delimiter_and_csv_quotes(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "10m")
    add_line("movies.dat", b"40::Twice::Told (1990)::Drama|War\n")(folder)
    items = read_movielens(folder).items
    assert items is not None
    assert items.title[-1] == "Twice::Told (1990)"  # type: ignore[index]
    assert items.categories[-1] == ("Drama", "War")  # type: ignore[index]
    folder = write_folder(tmp_path, "32m")
    with (folder / "movies.csv").open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(["40", 'The "Quoted", Film (1990)', "War"])
    items = read_movielens(folder).items
    assert items is not None
    assert items.title[-1] == 'The "Quoted", Film (1990)'  # type: ignore[index]


def test_other_columns_and_empty_files_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "20m")
    (folder / "movies.csv").write_text("id,name\n1,x\n")
    with pytest.raises(
        DataError, match=r"movies.csv: the header must be movieId,title,genres. Received: 'id,n"
    ):
        read_movielens(folder)
    (folder / "movies.csv").write_text("movieId,title,genres\n")
    with pytest.raises(DataError, match=r"movies.csv: a table must have at least one row"):
        read_movielens(folder)
    (folder / "ratings.csv").write_text("")
    with pytest.raises(DataError, match=r"ratings.csv: a table must have at least one row"):
        read_movielens(folder)


def test_a_zip_that_climbs_out_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path, "100k")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../outside.txt", "x")
    with pytest.raises(DataError, match=r"must lie inside it. Received: '../outside.txt'"):
        read_movielens(path)


def test_the_real_100k(shared_data: Callable[[str], Path]) -> None:
    data = read_movielens(shared_data("movielens-100k"))
    table, items, users = data.interactions, data.items, data.users
    assert data.name == "movielens/100k"
    assert (len(table), table.num_users, table.num_items) == (100_000, 943, 1_682)
    assert items is not None
    assert users is not None
    assert (len(items), len(users)) == (1_682, 943)
    assert data.rejected.total == 0
    assert {int(user) for user in users.user_id} == set(range(1, 944))
    raw = [line.split("\t") for line in (shared_data("movielens-100k") / "u.data").read_text().splitlines()]
    assert list(table.user_id) == [row[0] for row in raw]
    assert table.timestamp.tolist() == [float(row[3]) for row in raw]  # type: ignore[union-attr]


def test_the_real_movies_and_users_of_1m(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    real = shared_data("movielens-1m")
    for name in ("movies.dat", "users.dat"):
        (tmp_path / name).write_bytes((real / name).read_bytes())
    (tmp_path / "ratings.dat").write_text("1::1193::5::978300760\n")
    data = read_movielens(tmp_path)
    assert data.items is not None
    assert data.users is not None
    assert (len(data.items), len(data.users), data.rejected.total) == (3_883, 6_040, 0)
    assert RELEASES["1m"].encoding == "latin-1"
