"""Anyone's files: formats and columns told, given, refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.files import read_interactions
from tfrec_zoo.data.item_tables import read_items, read_users
from tfrec_zoo.data.tables import Interactions, Items

FRAME = pd.DataFrame(
    {
        "userId": [1, 1, 2, 3],
        "movieId": ["a", "b", "a", "c"],
        "rating": [4.0, 3.5, 5.0, 1.0],
        "timestamp": [1_400_000_000, 1_400_000_001, 1_400_000_002, 1_400_000_003],
    }
)


def write_csv(path: Path) -> None:
    FRAME.to_csv(path, index=False)


def write_tsv(path: Path) -> None:
    FRAME.to_csv(path, index=False, sep="\t")


def write_parquet(path: Path) -> None:
    FRAME.to_parquet(path)


def write_jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in FRAME.to_dict("records")))


@pytest.fixture
def expected() -> Interactions:
    return read_interactions(FRAME).interactions


def test_a_frame_shows_what_was_guessed(expected: Interactions) -> None:
    dataset = read_interactions(FRAME)
    assert dataset.source == (
        "DataFrame (user_id from 'userId', item_id from 'movieId', timestamp from 'timestamp', "
        "rating from 'rating')"
    )
    assert dataset.name == "DataFrame"
    assert expected.to_frame().to_numpy().tolist() == [
        ["1", "a", 1.4e9, 4.0],
        ["1", "b", 1.4e9 + 1, 3.5],
        ["2", "a", 1.4e9 + 2, 5.0],
        ["3", "c", 1.4e9 + 3, 1.0],
    ]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "write", "kind"),
    [
        ("r.csv", write_csv, "csv"),
        ("r.CSV", write_csv, "csv"),
        ("r.txt", write_csv, "csv"),
        ("r.tsv", write_tsv, "tsv"),
        ("r.inter", write_tsv, "tsv"),
        ("r.csv", write_tsv, "csv"),
        ("r.parquet", write_parquet, "parquet"),
        ("r", write_parquet, "parquet"),
        ("r.jsonl", write_jsonl, "jsonl"),
        ("r.json", write_jsonl, "jsonl"),
        ("r.txt", write_jsonl, "jsonl"),
    ],
)
def test_every_format_gives_the_same_rows(
    tmp_path: Path, expected: Interactions, name: str, write: Callable[[Path], None], kind: str, packed: bool
) -> None:
    path = tmp_path / name
    write(path)
    if packed:
        content = path.read_bytes()
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(content))
    dataset = read_interactions(path)
    assert dataset.interactions.equals(expected)
    assert dataset.source.startswith(f"{path.name} ({kind}, guessed; ")
    assert "user_id from 'userId', item_id from 'movieId'" in dataset.source
    assert dataset.name == "r"
    assert f"({kind}; " in read_interactions(str(path), format=kind).source


def test_a_folder_of_parquet_parts_names_the_part_of_a_bad_row(
    tmp_path: Path, expected: Interactions
) -> None:
    (tmp_path / "parts" / "_temporary").mkdir(parents=True)
    folder = tmp_path / "parts"
    (folder / "_SUCCESS").touch()
    (folder / "_temporary" / "x.parquet").touch()
    FRAME.iloc[:2].to_parquet(folder / "part-0.parquet")
    FRAME.iloc[:0].to_parquet(folder / "part-1.parquet")
    FRAME.iloc[2:].to_parquet(folder / "part-2.parquet")
    assert read_interactions(folder).interactions.equals(expected)
    bad = FRAME.iloc[2:].assign(movieId=pd.Series(["a", None], index=[2, 3]), userId=["2", "3"])
    bad.to_parquet(folder / "part-2.parquet")
    dataset = read_interactions(folder)
    assert dataset.interactions.equals(expected.take(np.arange(3)))
    assert [str(row) for row in dataset.rejected.examples] == ["part-2.parquet:2: missing item_id: ''"]
    bad.drop(columns="rating").to_parquet(folder / "part-3.parquet")
    with pytest.raises(DataError, match=r"part-3\.parquet: every part must have.*Received: no \['rating'\]"):
        read_interactions(folder)


PAIRS = "7 1\n7 2\n7 3\n9 1\n9 4\n"
SEQUENCES = "7 1 2 3\n9 1 4\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("text", "kind"), [(PAIRS, "pairs"), (SEQUENCES, "sequences")])
def test_pairs_and_sequences_are_told_apart(tmp_path: Path, text: str, kind: str, packed: bool) -> None:
    path = tmp_path / ("s.txt.gz" if packed else "s.txt")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    dataset = read_interactions(path)
    assert f"({kind}, guessed;" in dataset.source
    assert dataset.interactions.timestamp is None
    assert dataset.interactions.to_frame().to_numpy().tolist() == [
        ["7", "1"], ["7", "2"], ["7", "3"], ["9", "1"], ["9", "4"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1\t2\n1\t3\n1\t4\n", "pairs"),
        (PAIRS * 5 + "7\n7 1 2\n", "pairs"),
        ("1 2\n2 3 4\n3 4\n4 5\n5 6\n6 7\n7 8\n", "sequences"),
        ("1 2 3\n", "sequences"),
        ("1\t2\t3\n1\t3\n2\t4\t5\t6\n", "sequences"),
        (" ".join(map(str, range(40))) + "\n" + " ".join(map(str, range(40))), "sequences"),
        (" ".join(map(str, range(40_000))), "sequences"),
    ],
)
def test_layouts_that_are_easily_mistaken(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "s.txt").write_text(text)
    assert f"({kind}, guessed;" in read_interactions(tmp_path / "s.txt").source


def test_sequences_of_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfrec_zoo.data.reading.sequence_text.BLOCK_BYTES", 50)
    rng = np.random.default_rng(2)
    lines = [[str(user), *map(str, rng.integers(1, 99, rng.integers(0, 20)))] for user in range(200)]
    text = "\ufeff" + "".join(" ".join(line) + ("\r\n" if int(line[0]) % 3 else "\n\n") for line in lines)
    (tmp_path / "s.txt").write_text(text, newline="")
    dataset = read_interactions(tmp_path / "s.txt", format="sequences")
    expected = [[line[0], item] for line in lines for item in line[1:]]
    assert dataset.interactions.to_frame().to_numpy().tolist() == expected
    alone = [line[0] for line in lines if len(line) == 1]
    assert dataset.rejected.by_reason == {"too few fields": len(alone)}
    assert [row.text for row in dataset.rejected.examples] == alone
    starts = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    assert [row.line for row in dataset.rejected.examples] == [starts.index(user) + 1 for user in alone]


def test_json_lines_of_many_blocks_and_two_objects_on_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfrec_zoo.data.reading.json_lines._BLOCK_BYTES", 100)
    lines = [json.dumps({"user": f"u{row % 7}", "item": row % 5, "ts": row}) for row in range(1, 101)]
    lines[40] += lines[40]
    lines[70] = ""
    lines[80] = lines[80].replace('"u4"', '"\\ud800"')
    (tmp_path / "r.jsonl").write_text("\n".join(lines))
    dataset = read_interactions(tmp_path / "r.jsonl")
    assert dataset.interactions.timestamp is not None
    gone = {41, 71, 81}
    assert dataset.interactions.timestamp.tolist() == [row for row in range(1, 101) if row not in gone]
    assert [(row.line, row.reason) for row in dataset.rejected.examples] == [
        (41, "broken JSON"),
        (81, "not valid UTF-8"),
    ]


def test_sequences_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_bytes(b"1 2 3\n2 \xff 4\n\n3 5 \xff\n")
    with pytest.raises(DataError, match=r"could be a table or sequences.*Give `format='sequences'`"):
        read_interactions(tmp_path / "s.txt")
    dataset = read_interactions(tmp_path / "s.txt", format="sequences")
    assert len(dataset.interactions) == 4
    assert [(row.line, row.reason) for row in dataset.rejected.examples] == [
        (2, "not valid UTF-8"),
        (4, "not valid UTF-8"),
    ]


def test_headerless_tables_take_positions(tmp_path: Path) -> None:
    (tmp_path / "u.data").write_text("196\t242\t3\t881250949\n186\t302\t3\t891717742\n")
    with pytest.raises(
        DataError, match=r"no header.*user_column=0.*Received: \['196', '242', '3', '881250949'\]"
    ):
        read_interactions(tmp_path / "u.data")
    for places in ((0, 1, 3, 2), ("0", "1", "3", "2")):
        dataset = read_interactions(
            tmp_path / "u.data",
            **dict(zip(("user_column", "item_column", "time_column", "rating_column"), places, strict=True)),  # type: ignore[arg-type]
        )
        assert dataset.interactions.to_frame().to_numpy().tolist() == [
            ["196", "242", 881250949.0, 3.0],
            ["186", "302", 891717742.0, 3.0],
        ]
        assert "tsv, guessed; delimiter '\\t'; no header; user_id from '0'" in dataset.source
    (tmp_path / "w.csv").write_text("ann,tea\nbob,milk\n")
    assert len(read_interactions(tmp_path / "w.csv", user_column=0, item_column=1).interactions) == 2
    (tmp_path / "h.csv").write_text("who,what\n1,2\n3,4\n")
    placed = read_interactions(tmp_path / "h.csv", user_column=0, item_column=1)
    assert placed.interactions.to_frame().to_numpy().tolist() == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("header", "source"),
    [
        (
            "User-ID;ISBN;Book-Rating",
            "user_id from 'User-ID', item_id from 'ISBN', rating from 'Book-Rating'",
        ),
        (
            "user_id:token\titem_id:token\trating:float",
            "user_id from 'user_id:token', item_id from 'item_id:token'",
        ),
        ("visitorid,itemid,ts", "user_id from 'visitorid', item_id from 'itemid', timestamp from 'ts'"),
        ("session_id,user_id,sku", "user_id from 'user_id', item_id from 'sku'"),
        ("asin,parent_asin,customer_id", "user_id from 'customer_id', item_id from 'parent_asin'"),
        ("user|item|play_count", "user_id from 'user', item_id from 'item', rating from 'play_count'"),
        ("user::item::weight", "user_id from 'user', item_id from 'item', weight from 'weight'"),
        ("user item ts", "user_id from 'user', item_id from 'item', timestamp from 'ts'"),
    ],
)
def test_well_known_headers_and_delimiters(tmp_path: Path, header: str, source: str) -> None:
    delimiter = next(mark for mark in (";", "\t", ",", "|", "::", " ") if mark in header)
    (tmp_path / "f.txt").write_text(
        header + "\n" + delimiter.join("123") + "\n" + delimiter.join("456") + "\n"
    )
    dataset = read_interactions(tmp_path / "f.txt")
    assert source in dataset.source
    assert len(dataset.interactions) == 2


def test_columns_given_ambiguous_or_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1], "b": [2], "time": ["x"], "rating": [5]})
    dataset = read_interactions(frame, user_column="a", item_column="b", time_column="", rating_column="")
    assert dataset.interactions.timestamp is None
    assert dataset.interactions.rating is None
    with pytest.raises(
        DataError, match=r"`item_column` names no column\. Did you mean 'time'\? Received: 'tim'"
    ):
        read_interactions(frame, user_column="a", item_column="tim")
    with pytest.raises(DataError, match=r"only one of user_id and item_id\. Received: 'a' for each"):
        read_interactions(frame, user_column="a", item_column="a", time_column="")
    twice = pd.DataFrame([[1, 2, 3]], columns=["user", "item", "item"])
    with pytest.raises(DataError, match="several columns could be the item_id: 'item' or 'item'"):
        read_interactions(twice)
    with pytest.raises(DataError, match=r"2 columns are named 'item'\. Give `item_column` a position"):
        read_interactions(twice, item_column="item")
    assert read_interactions(twice, item_column=2).interactions.item_id[0] == "3"


@pytest.mark.parametrize(
    "users",
    [
        pd.Series([1, 2], dtype="uint8"),
        pd.Series([1.0, 2.0]),
        pd.Series(["1", " 2 "]),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series(["1", "2"], dtype="category"),
        pd.Series(pd.Categorical([1, 2])),
        pd.Series(["1", "2"], dtype="string"),
        pd.Series([b"1", b"2"]),
    ],
)
def test_ids_of_any_type_are_their_decimals(users: pd.Series[Any]) -> None:
    dataset = read_interactions(pd.DataFrame({"user": users, "item": ["x", "y"]}))
    assert np.asarray(dataset.interactions.user_id).tolist() == ["1", "2"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_of_pandas(unit: Any, zone: str | None) -> None:
    times = pd.Series(pd.to_datetime(["2020-01-01T01:00:00", "NaT"])).dt.as_unit(unit).dt.tz_localize(zone)
    dataset = read_interactions(pd.DataFrame({"user": [1, 2], "item": [1, 2], "time": times}))
    assert dataset.interactions.timestamp is not None
    assert dataset.interactions.timestamp.tolist() == [1577836800.0 + (0 if zone else 3600)]
    assert str(dataset.rejected.examples[0]) == "DataFrame:2: unreadable timestamp: ''"


def test_items_from_csv_jsonl_and_a_frame(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_text('movieId,title,genres\n007,"Up, up",Drama|Comedy|Drama\n8,,\n')
    items = read_items(tmp_path / "i.csv")
    assert items.item_id.tolist() == ["007", "8"]
    assert items.title is not None
    assert items.title.tolist() == ["Up, up", ""]
    assert items.categories is not None
    assert items.categories.tolist() == [("Drama", "Comedy"), ()]
    rows = [
        {"asin": "a", "name": "A", "description": "long", "tags": ["x", "y"], "brand": "B", "v": [1, 2]},
        {"asin": "b", "tags": None, "v": [3, 4]},
    ]
    (tmp_path / "i.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for source in (tmp_path / "i.jsonl", pd.DataFrame(rows)):
        items = read_items(source, vector_columns="v")
        assert items.title is not None
        assert items.text is not None
        assert items.categories is not None
        assert items.vectors is not None
        assert (items.title.tolist(), items.text.tolist()) == (["A", ""], ["long", ""])
        assert items.categories.tolist() == [("x", "y", "B"), ()]
        assert items.vectors.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    pd.DataFrame(rows).to_parquet(tmp_path / "i.parquet")
    again = read_items(tmp_path / "i.parquet", category_columns=["brand"], title_column="")
    assert again.title is None
    assert again.categories is not None
    assert again.categories.tolist() == [("B",), ()]


def test_items_by_position_vectors_by_columns_and_images(tmp_path: Path) -> None:
    (tmp_path / "i.dat").write_bytes("1::Café::0.5::2\n2::Bar::1::3\n".encode("latin-1"))
    items = read_items(
        tmp_path / "i.dat",
        item_column=0,
        title_column=1,
        vector_columns=[2, 3],
        image_column=1,
        encoding="latin-1",
    )
    assert items.title is not None
    assert items.vectors is not None
    assert items.image is not None
    assert items.title.tolist() == items.image.tolist() == ["Café", "Bar"]
    assert items.vectors.tolist() == [[0.5, 2.0], [1.0, 3.0]]
    frame = pd.DataFrame({"item": [1, 2], "v": [[1.0], [1.0, 2.0]], "w": [1.0, np.nan]})
    with pytest.raises(DataError, match="vectors must be numbers, as many in each row"):
        read_items(frame, vector_columns="v")
    with pytest.raises(DataError, match="1 missing or infinite values"):
        read_items(frame, vector_columns=["w"])


def test_items_that_cannot_be_read_name_the_row(tmp_path: Path) -> None:
    (tmp_path / "i.jsonl").write_text('{"item": 1}\n{"item": \n')
    with pytest.raises(
        DataError, match=r"every row must be readable\. Received: 1 rows.*i\.jsonl:2: broken JSON"
    ):
        read_items(tmp_path / "i.jsonl")
    (tmp_path / "i.csv").write_bytes(b"item,title\n1,caf\xe9\n")
    with pytest.raises(DataError, match=r"not text in utf-8.*Give `delimiter` or `encoding`"):
        read_items(tmp_path / "i.csv")
    titles = read_items(tmp_path / "i.csv", encoding="latin-1").title
    assert titles is not None
    assert titles.tolist() == ["café"]
    (tmp_path / "i.csv").write_text("")
    with pytest.raises(DataError, match="Received: an empty file"):
        read_items(tmp_path / "i.csv")
    with pytest.raises(DataError, match="column 'item' mixes types"):
        read_items(pd.DataFrame({"item": [1, "a"]}))
    (tmp_path / "i.txt").write_text("1 Anna\n2 Bert\n")
    assert read_items(tmp_path / "i.txt", item_column=0, header=False, delimiter=" ").item_id.tolist() == [
        "1",
        "2",
    ]


def test_users_have_numbers_and_words(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user_id,age,city,size\n1,20,Rome,\n2,30.5,,4\n")
    users = read_users(tmp_path / "u.csv")
    assert users.user_id.tolist() == ["1", "2"]
    assert users.profile["age"].tolist() == [20.0, 30.5]
    assert users.profile["city"].tolist() == ["Rome", ""]
    assert np.isnan(users.profile["size"][0])
    assert users.profile["size"][1] == 4
    assert users.kinds == {"age": "number", "city": "category", "size": "number"}
    kinds = {"age": "category", "size": "bucketed_number", "city": "text"}
    said = read_users(tmp_path / "u.csv", profile_columns=kinds)
    assert said.kinds == kinds
    assert said.profile["age"].tolist() == ["20", "30.5"]
    assert list(read_users(tmp_path / "u.csv", profile_columns=["age"]).profile) == ["age"]
    with pytest.raises(UnknownNameError, match="format of a table of items or users"):
        read_users(tmp_path / "u.csv", format="pairs")


@pytest.mark.parametrize(
    ("folder", "kind", "users", "items", "rows"),
    [
        ("movielens-1m", "pairs", 6040, 3416, 999_611),
        ("amazon-beauty-5core", "sequences", 22_363, 12_101, 198_502),
        ("lastfm-1090", "sequences", 1090, 3646, 52_551),
    ],
)
def test_real_sequences(
    shared_data: Callable[[str], Path], folder: str, kind: str, users: int, items: int, rows: int
) -> None:
    dataset = read_interactions(shared_data(folder) / "sequences.txt.gz")
    assert f"({kind}, guessed" in dataset.source
    found = dataset.interactions
    assert (found.num_users, found.num_items, len(found)) == (users, items, rows)
    assert dataset.rejected.total == 0


def test_real_tab_separated_file(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("movielens-100k") / "u.data"
    dataset = read_interactions(path, user_column=0, item_column=1, rating_column=2, time_column=3)
    plain = np.loadtxt(path, dtype=np.int64)
    found = dataset.interactions
    assert found.timestamp is not None
    assert found.rating is not None
    assert np.asarray(found.user_id).astype(int).tolist() == plain[:, 0].tolist()
    assert np.asarray(found.item_id).astype(int).tolist() == plain[:, 1].tolist()
    assert found.rating.tolist() == plain[:, 2].tolist()
    assert found.timestamp.tolist() == plain[:, 3].tolist()


def test_audio_is_lists_of_one_length(tmp_path: Path) -> None:
    sounds = [[1, -32768, 3], [32767, 0, -2]]
    plain = pd.DataFrame({"item": ["a", "b"], "audio": sounds})
    typed = pd.DataFrame({"item": ["a", "b"], "audio": [np.array(row, np.int16) for row in sounds]})
    plain.to_parquet(tmp_path / "plain.parquet")
    typed.to_parquet(tmp_path / "typed.parquet")
    for source in (plain, typed, tmp_path / "plain.parquet", tmp_path / "typed.parquet"):
        items = read_items(source, audio_column="audio")
        assert items.audio is not None
        assert items.audio.dtype == np.int16
        assert items.audio.tolist() == sounds
    assert read_items(plain).audio is None


@pytest.mark.parametrize(
    ("second", "received"),
    [
        ([1, 2], r"'b' with shape \(2,\) of int64: \[1 2\]"),
        ([1, 2, 32768], r"'b' with shape \(3,\) of int64: \[    1     2 32768\]"),
        ([0.5, 0.25, 0.0], r"'b' with shape \(3,\) of float64"),
        (None, "'b' with shape"),
        ("1 2 3", "'b' with shape"),
    ],
)
def test_audio_that_is_none(second: object, received: str) -> None:
    frame = pd.DataFrame({"item": ["a", "b"], "audio": pd.Series([[1, 2, 3], second], dtype=object)})
    with pytest.raises(
        DataError, match=rf"16-bit whole numbers of one length, \(3,\) as 'a' has. Received: {received}"
    ):
        read_items(frame, audio_column="audio")


SHOP = """id,name,price,year,lat,lon,genres,brand,code
a,Red cup,3.50,2001,48.1,11.5,x|y,P,12
b,Blue cup,,1999,,,y,Q,A7
c,Jug,7,2010,-33.9,151.2,,P,13
"""


def test_any_column_of_a_table_of_items(tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(SHOP)

    def read(**options: Any) -> Items:
        return read_items(tmp_path / "shop.csv", item_column="id", **options)

    assert read().kinds == {"title": "text", "categories": "category", "location": "location"}
    assert "location" not in read(location_columns=()).columns
    items = read(columns=["price", "year:bucketed_number", "brand", "location", "title"])
    assert items.kinds == {
        "title": "text",
        "categories": "category",
        "location": "location",
        "price": "number",
        "year": "bucketed_number",
        "brand": "category",
    }
    np.testing.assert_array_equal(items.columns["price"], [3.5, np.nan, 7])
    np.testing.assert_array_equal(items.columns["location"][[0, 2]], [[48.1, 11.5], [-33.9, 151.2]])
    assert np.isnan(items.columns["location"][1]).all()
    assert items.categories.tolist() == [("x", "y", "P"), ("y", "Q"), ("P",)]
    assert items.columns["brand"].tolist() == [("P",), ("Q",), ("P",)]
    said = read(columns={"code": "category", "price": "category", "genres": "text"})
    assert said.columns["code"].tolist() == [("12",), ("A7",), ("13",)]
    assert said.columns["price"].tolist() == [("3.50",), (), ("7",)]
    assert said.columns["genres"].tolist() == ["x|y", "y", ""]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"columns": ["prise"]}, DataError, r"shop.csv: `columns` names no column. Did you mean 'price'"),
        ({"columns": ["price:numbr"]}, UnknownNameError, "Did you mean 'number'"),
        (
            {"columns": ["code"]},
            DataError,
            r"shop.csv: `code` must hold numbers alone.*'A7' for 'b' \(1 of 3",
        ),
        ({"columns": {"code": "number"}}, DataError, r"shop.csv: `code` must hold numbers.* 'A7' for 'b'"),
        ({"location_columns": ["lat"]}, DataError, "a latitude and a longitude"),
        (
            {"location_columns": ["year", "lon"]},
            DataError,
            r"`location` must hold .* \(2001\.0, 11\.5\) for 'a'",
        ),
        ({"columns": {"name": "location"}}, DataError, "Received: 'Red cup' for 'a'"),
    ],
)
def test_columns_that_cannot_be_read(options: Any, error: type, message: str, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(SHOP)
    with pytest.raises(error, match=message):
        read_items(tmp_path / "shop.csv", item_column="id", **options)


def test_users_have_places_texts_and_vectors(tmp_path: Path) -> None:
    rows = [
        {"user": "a", "latitude": 48.1, "longitude": 11.5, "bio": "likes cups", "taste": [1, 2]},
        {"user": "b", "latitude": None, "longitude": None, "bio": None, "taste": [3, 4]},
    ]
    (tmp_path / "u.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    users = read_users(tmp_path / "u.jsonl")
    assert users.kinds == {"location": "location", "bio": "category", "taste": "vector"}
    np.testing.assert_array_equal(users.profile["location"], [[48.1, 11.5], [np.nan] * 2])
    users = read_users(tmp_path / "u.jsonl", profile_columns=["bio:text", "location"])
    assert users.kinds == {"location": "location", "bio": "text"}
    assert users.profile["bio"].tolist() == ["likes cups", ""]
    users = read_users(tmp_path / "u.jsonl", profile_columns=["latitude", 3])
    assert users.kinds == {"latitude": "number", "bio": "category"}
    users = read_users(tmp_path / "u.jsonl", location_columns=())
    assert list(users.profile) == ["latitude", "longitude", "bio", "taste"]
