"""Kinds of bad input, each with the message it gives or the rows it names."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.files import read_interactions
from tfrec_zoo.data.filters import k_core, minimum_rating
from tfrec_zoo.data.item_tables import read_items, read_users
from tfrec_zoo.data.reading.archives import open_members
from tfrec_zoo.data.sources.amazon import read_amazon
from tfrec_zoo.data.sources.lastfm import read_lastfm
from tfrec_zoo.data.tables import Dataset, Interactions

GOOD = "user_id,item_id,rating,timestamp\n"
ROW = "u1,i1,4,1400000000\n"


class Refused(NamedTuple):
    """Input that gives an error."""

    kind: str
    run: Callable[[Path], Any]
    message: str
    error: type[ValueError] = DataError


class Rejected(NamedTuple):
    """A file of which some rows are named and the others read."""

    kind: str
    name: str
    content: bytes
    kept: int
    faults: Sequence[tuple[int, str]]
    """Line and reason."""


def read(name: str, content: bytes | str, **options: Any) -> Callable[[Path], Dataset]:
    def run(folder: Path) -> Dataset:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return read_interactions(folder / name, **options)

    return run


def frame(**columns: Any) -> Callable[[Path], Dataset]:
    return lambda _: read_interactions(pd.DataFrame(columns))


def open_zip(member: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        with zipfile.ZipFile(folder / "x.zip", "w") as archive:
            archive.writestr(member, "text")
        with open_members(folder / "x.zip", ["u.data"]):
            pass

    return run


def broken_zip(folder: Path) -> None:
    (folder / "x.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with open_members(folder / "x.zip", ["u.data"]):
        pass


def damaged_zip_member(folder: Path) -> None:
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("user_artists.dat", "userID\tartistID\tweight\n" + "1\t2\t3\n" * 1000)
    data = bytearray((folder / "x.zip").read_bytes())
    data[500] ^= 0xFF
    (folder / "x.zip").write_bytes(data)
    read_lastfm(folder / "x.zip")


def twice_in_zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("a/u.data", "text")
        archive.writestr("b/u.data", "text")
    with open_members(folder / "x.zip", ["u.data"]):
        pass


def folder_without_tables(folder: Path) -> None:
    (folder / "notes.md").touch()
    read_interactions(folder)


def interactions() -> Interactions:
    return Interactions(["a", "b"], ["x", "y"], rating=np.array([1, 2]))  # type: ignore[arg-type]


def items(text: str, **options: Any) -> Callable[[Path], Any]:
    def run(folder: Path) -> Any:
        (folder / "items.csv").write_text(text)
        return read_items(folder / "items.csv", **options)

    return run


def truncated_gzip(folder: Path) -> None:
    packed = gzip.compress((GOOD + "".join(f"u{row},i{row},4,1400000000\n" for row in range(9999))).encode())
    (folder / "r.csv.gz").write_bytes(packed[: len(packed) // 2])
    read_interactions(folder / "r.csv.gz")


def damaged_gzip(folder: Path) -> None:
    packed = bytearray(gzip.compress((GOOD + ROW * 50_000).encode()))
    packed[-6] ^= 0xFF
    (folder / "r.csv.gz").write_bytes(packed)
    read_interactions(folder / "r.csv.gz")


def broken_parquet(folder: Path) -> None:
    pd.DataFrame({"user": range(5000), "item": range(5000)}).to_parquet(folder / "r.parquet")
    data = (folder / "r.parquet").read_bytes()
    (folder / "r.parquet").write_bytes(data[: len(data) // 2])
    read_interactions(folder / "r.parquet")


REFUSED = [
    Refused("no such file", lambda f: read_interactions(f / "no.csv"), r"no\.csv: there is no such file"),
    Refused("folder without tables", folder_without_tables, r"must hold Parquet parts.*Received: notes\.md"),
    Refused("folder for a file", lambda f: read_items(f), "must hold Parquet parts.*an empty folder"),
    Refused("unknown format", read("r.csv", GOOD + ROW, format="cvs"), "Unknown format. Did you mean 'csv'",
            UnknownNameError),
    Refused("empty file", read("r.csv", ""),
            r"r\.csv: a table must have at least one row\. Received: a file without rows"),
    Refused("blank lines alone", read("r.csv", "\n \n\n"), "a file without rows"),
    Refused("empty JSON lines", read("r.jsonl", ""), "a file without rows"),
    Refused("empty sequences", read("s.txt", ""), "a file without rows"),
    Refused("header alone", read("r.csv", GOOD), r"r\.csv: a table must have at least one row"),
    Refused("wrong columns", read("r.csv", "a,b,c\n1,2,3\n"),
            r"cannot tell which column is the user_id\. "
            r"The columns are 'a', 'b', 'c'\. Name it with `user_column`"),
    Refused("misspelt column", read("r.csv", "users,item\n1,2\n", user_column="usrs"),
            r"`user_column` names no column\. Did you mean 'users'\? Received: 'usrs'"),
    Refused("position beyond the columns", read("r.csv", "users,item\n1,2\n", user_column=7),
            "`user_column` names no column.*Received: 7"),
    Refused("ambiguous columns", read("r.csv", "user_id,userid,item\n1,2,3\n"),
            r"several columns could be the user_id: 'user_id' or 'userid'"
            r"\..*Name the right one with `user_column`"),
    Refused("ambiguous times", read("r.csv", "user,item,date,time\n1,2,3,4\n"),
            "several columns could be the timestamp.*`time_column`"),
    Refused("no header and no columns", read("r.csv", "1,2,3\n4,5,6\n"),
            r"the file has no header.*user_column=0.*Received: \['1', '2', '3'\]"),
    Refused("table or sequences", read("s.txt", "1 2 3\n4 5 6\n"),
            "could be a table or sequences.*format='sequences'"),
    Refused("all rows bad", read("r.csv", GOOD + "u1,i1,x,1\n,i1,1,1\nu1\n"),
            r"no row could be used\. Received: 3 rows rejected \(1 unreadable rating, 1 missing user_id, "
            r"1 too few fields\), first: r\.csv:2"),
    Refused("open quote", read("r.csv", GOOD + ROW + 'u1,"i1,4,1\n' + ROW * 9),
            r"r\.csv:3: a double quote opens a field and is never closed"),
    Refused("UTF-16", read("r.csv", (GOOD + ROW).encode("utf-16")),
            r"Received: UTF-16\. Save it again as UTF-8"),
    Refused("gzip cut short", truncated_gzip, r"r\.csv\.gz: the compressed data is broken or cut short"),
    Refused("gzip with a wrong checksum", damaged_gzip,
            r"r\.csv\.gz: the compressed data is broken or cut short"),
    Refused("zip that climbs out", open_zip("../u.data"),
            r"x\.zip: every member of an archive must lie inside it\. Received: '\.\./u\.data'"),
    Refused("zip that climbs out from inside", open_zip("a/../../u.data"),
            r"Received: 'a/\.\./\.\./u\.data'"),
    Refused("zip with an absolute path", open_zip("/etc/u.data"), "Received: '/etc/u.data'"),
    Refused("zip with a drive", open_zip("C:\\u.data"), r"Received: 'C:"),
    Refused("zip that climbs out in Windows", open_zip("..\\u.data"), "must lie inside it"),
    Refused("broken zip", broken_zip, r"x\.zip: not a whole zip or tar file"),
    Refused("zip with a wrong checksum", damaged_zip_member,
            r"x\.zip.*: not a whole zip or tar file \(Bad CRC-32"),
    Refused("two files of one name in a zip", twice_in_zip,
            "only one file may end with 'u.data'.*'b/u.data'"),
    Refused("not Parquet", read("r.parquet", GOOD), r"r\.parquet: not a Parquet file"),
    Refused("Parquet cut short", broken_parquet, r"r\.parquet: not a Parquet file, or a broken one"),
    Refused("JSON array", read("r.json", '[\n{"user": 1, "item": 2}]'),
            r"one object per line\. Received: one JSON array"),
    Refused("JSON lines of numbers", read("r.jsonl", "1\n2\n"), r"2 rows rejected \(2 not a JSON object\)"),
    Refused("ids with fractions", frame(user=[1.0, 2.5], item=[1, 2]),
            r"`user_id` must hold text or whole numbers\. Received: double with fractions, e\.g\. 2\.5"),
    Refused("ids that are truth values", frame(user=["a", "b"], item=[True, False]),
            r"`item_id` must hold text or whole numbers\. Received: bool"),
    Refused("ids of mixed types", frame(user=["a", 1], item=[1, 2]), "column 'user' mixes types"),
    Refused("ids that are lists", frame(user=[["a"], ["b"]], item=[1, 2]), "must hold text or whole numbers"),
    Refused("empty frame", frame(user=[], item=[]), "a table must have at least one row"),
    Refused("item described twice", items("item_id,title\n1,A\n1,B\n"),
            r"must have one row per id\. Received: '1' 2 times"),
    Refused("item without id", items("item_id,title\n1,A\n,B\n"), "Received: row 2: missing item_id"),
    Refused("item row with too few fields", items("item_id,title\n1,A\n2\n"),
            "with 2 fields per line.*[Ee]xpected 2"),
    Refused("user described twice", lambda _: read_users(pd.DataFrame({"user": [1, 1]})),
            "must have one row per id"),
    Refused("k-core that empties", lambda _: k_core(interactions(), 3, 3),
            r"k_core\(user_k=3, item_k=3\) leaves no row of 2\. Lower the threshold"),
    Refused("rating that nobody gave", lambda _: minimum_rating(interactions(), 9),
            "the highest rating is 2"),
    Refused("Amazon folder without reviews", read_amazon, "must hold one file of reviews"),
    Refused("Last.fm folder without its files", read_lastfm, "must be there. Received: none of them"),
]  # fmt: skip

JSON_ROWS = (
    b'{"user": "a", "item": 1, "ts": 5}\n{"user": "b", "it\n[1]\n\n{"user": 1.5, "item": 2, "ts": 5}\n'
    b'{"user": "c", "item": 2, "ts": "soon"}\n{"item": 2, "ts": 5}\n{"user": "\xff", "item": 2, "ts": 5}\n'
)
REJECTED = [
    Rejected("too few fields", "r.csv", (GOOD + ROW + "u2,i2\n").encode(), 1, [(3, "too few fields")]),
    Rejected("too many fields", "r.csv", (GOOD + ROW + "u2,i2,4,5,6\n").encode(), 1,
             [(3, "too many fields")]),
    Rejected("unreadable time", "r.csv", (GOOD + ROW * 2 + "u2,i2,4,soon\n").encode(), 2,
             [(4, "unreadable timestamp")]),
    Rejected("missing time", "r.csv", (GOOD + "u2,i2,4,\n" + ROW).encode(), 1, [(2, "unreadable timestamp")]),
    Rejected("unreadable rating", "r.csv", (GOOD + "u2,i2,four,1\n" + ROW).encode(), 1,
             [(2, "unreadable rating")]),
    Rejected("infinite rating", "r.csv", (GOOD + ROW + "u2,i2,inf,1\nu2,i2,NaN,1\n").encode(), 1,
             [(3, "unreadable rating"), (4, "unreadable rating")]),
    Rejected("rating beyond float32", "r.csv", (GOOD + ROW + "u2,i2,1e300,1\n").encode(), 1,
             [(3, "unreadable rating")]),
    Rejected("missing user", "r.csv", (GOOD + ROW + " ,i2,4,1\n").encode(), 1, [(3, "missing user_id")]),
    Rejected("missing item", "r.tsv", (GOOD + ROW + "u2,,4,1\n").replace(",", "\t").encode(), 1,
             [(3, "missing item_id")]),
    Rejected("mixed encodings", "r.csv",
             (GOOD + ROW + "é,i2,4,1\n").encode() + "é,i2,4,1\n".encode("latin-1"), 2,
             [(4, "not valid UTF-8")]),
    Rejected("id with a line break", "r.csv", (GOOD + ROW + '"u\n2",i2,4,1\nu3\n').encode(), 1,
             [(3, "line break or zero byte in user_id"), (5, "too few fields")]),
    Rejected("id with a zero byte", "r.csv", (GOOD + ROW + "u\0,i2,4,1\n").encode(), 1,
             [(3, "line break or zero byte in user_id")]),
    Rejected("bad rows after blank lines", "r.csv", (GOOD + "\n\n" + ROW + "\n,,,\nx\n").encode(), 1,
             [(6, "missing user_id"), (7, "too few fields")]),
    Rejected("last line cut short", "r.csv.gz", gzip.compress((GOOD + ROW + "u2,i").encode()), 1,
             [(3, "too few fields")]),
    Rejected("JSON lines", "r.jsonl", JSON_ROWS, 1,
             [(2, "broken JSON"), (3, "not a JSON object"), (5, "user_id neither text nor a whole number"),
              (6, "unreadable timestamp"), (7, "missing user_id"), (8, "not valid UTF-8")]),
    Rejected("pairs", "s.txt", b"1 2\n1 3\n1\n1 4 5\n1 6\n" + b"1 7\n" * 9, 12,
             [(3, "too few fields"), (4, "too many fields")]),
    Rejected("sequences", "s.txt", b"1 2 3\n2\n\n3 4 5 6\n", 5, [(2, "too few fields")]),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.kind)
def test_refused(case: Refused, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with pytest.raises(case.error, match=case.message):
        case.run(folder)


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.kind)
def test_rejected_rows_are_named(case: Rejected, tmp_path: Path) -> None:
    dataset = read(case.name, case.content)(tmp_path)
    assert len(dataset.interactions) == case.kept
    assert dataset.rejected.total == len(case.faults)
    assert [(row.file, row.line, row.reason) for row in dataset.rejected.examples] == [
        (case.name, line, reason) for line, reason in case.faults
    ]


def test_missing_ids_of_a_frame_are_named_by_row() -> None:
    dataset = frame(user=["a", None, "b"], item=[1.0, 2.0, np.nan])(Path())
    assert dataset.interactions.to_frame().to_numpy().tolist() == [["a", "1"]]
    assert [str(row) for row in dataset.rejected.examples] == [
        "DataFrame:2: missing user_id: ''",
        "DataFrame:3: missing item_id: ''",
    ]


def test_the_table_covers_twenty_kinds_and_more() -> None:
    kinds = [case.kind for case in REFUSED] + [case.kind for case in REJECTED]
    assert len(set(kinds)) == len(kinds) > 20
