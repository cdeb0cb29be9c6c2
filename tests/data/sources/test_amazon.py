"""Amazon reviews in the layouts of 2014, 2018 and 2023, made-up rows."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.sources.amazon import read_amazon

REVIEWS_2014 = [
    {"reviewerID": "A1", "asin": "B000000001", "helpful": [0, 0], "reviewText": "é", "overall": 5.0,
     "summary": "s", "unixReviewTime": 1390867200, "reviewTime": "01 28, 2014"},
    {"reviewerID": "A2", "asin": "0000000002", "helpful": [0, 1], "reviewText": "", "overall": 3.0,
     "summary": "s", "unixReviewTime": 1390867201, "reviewTime": "01 28, 2014"},
]  # fmt: skip
META_2014 = (
    "{'asin': 'B000000001', 'title': 'It\\'s a \"brush\" \\/ comb', 'brand': 'Maker', "
    "'imUrl': 'http://i/1.jpg', 'categories': [['Beauty', 'Tools'], ['Beauty', 'Hair']], "
    "'description': 'Long text'}\n"
    '{"asin": "0000000002", "categories": [["Beauty"]]}\n'
    "{'asin': 'B000000003', 'title': 'Nobody reviewed it'}\n"
)
REVIEWS_2018 = [
    {"overall": 4.0, "verified": True, "reviewTime": "09 1, 2016", "reviewerID": "A3", "asin": "B000000001",
     "style": {"Size:": " 3"}, "reviewText": "t", "summary": "s", "unixReviewTime": 1472688000, "vote": "2"},
]  # fmt: skip
META_2018: list[dict[str, Any]] = [
    {"asin": "B000000001", "title": "Comb", "brand": "Maker", "category": ["Beauty", "Tools"],
     "description": ["First.", "Second."], "imageURL": ["http://i/s.jpg"],
     "imageURLHighRes": ["http://i/l.jpg", "http://i/m.jpg"]},
    {"asin": "B000000001", "title": "Comb again"},
]  # fmt: skip
REVIEWS_2023 = [
    {"rating": 5.0, "title": "t", "text": "x", "images": [], "asin": "B00000000V",
     "parent_asin": "B00000000P", "user_id": "AGAAA", "timestamp": 1588687728923, "helpful_vote": 0},
    {"rating": 1.0, "title": "t", "text": "x", "images": [], "asin": "B00000000W",
     "parent_asin": "B00000000P", "user_id": "AGBBB", "timestamp": 1588687728000, "helpful_vote": 0},
]  # fmt: skip
META_2023 = [
    {"main_category": "All Beauty", "title": "Spray", "features": [], "description": ["A", "B"],
     "images": [{"thumb": "http://i/t.jpg", "large": "http://i/l.jpg", "variant": "MAIN", "hi_res": None}],
     "store": "Shop", "categories": ["Beauty", "Hair"], "parent_asin": "B00000000P"},
]  # fmt: skip
CSV_2023 = (
    "user_id,parent_asin,rating,timestamp\nAGAAA,B00000000P,5.0,1588687728923\n\nAGBBB,B00000000P,1.0\n"
)


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def rows_of(dataset: Any) -> list[list[Any]]:
    frame = dataset.interactions.to_frame()
    return frame[["user_id", "item_id", "rating", "timestamp"]].to_numpy().tolist()  # type: ignore[no-any-return]


def test_2014_folder_with_python_literals(tmp_path: Path) -> None:
    write_lines(tmp_path / "reviews_Beauty_5.json.gz", REVIEWS_2014)
    (tmp_path / "meta_Beauty.json.gz").write_bytes(gzip.compress(META_2014.encode()))
    dataset = read_amazon(tmp_path)
    assert dataset.name == "amazon-2014/reviews_Beauty_5"
    assert rows_of(dataset) == [
        ["A1", "B000000001", 5.0, 1390867200.0],
        ["A2", "0000000002", 3.0, 1390867201.0],
    ]
    items = dataset.items
    assert items is not None
    assert items.item_id.tolist() == ["B000000001", "0000000002"]
    assert items.title is not None
    assert items.title.tolist() == ['It\'s a "brush" \\/ comb', ""]
    assert items.text is not None
    assert items.text.tolist() == ["Long text", ""]
    assert items.categories is not None
    assert items.categories.tolist() == [("Beauty", "Tools", "Hair", "Maker"), ("Beauty",)]
    assert items.image is not None
    assert items.image.tolist() == ["http://i/1.jpg", ""]
    assert "2 of the 3 items of meta_Beauty.json.gz" in dataset.source


def test_2018_lists_and_an_item_described_twice(tmp_path: Path) -> None:
    reviews = write_lines(tmp_path / "Beauty_5.json", REVIEWS_2018)
    dataset = read_amazon(reviews, metadata=write_lines(tmp_path / "meta_Beauty.json", META_2018))
    assert dataset.name == "amazon-2018/Beauty_5"
    assert "Ni" in dataset.citation
    items = dataset.items
    assert items is not None
    assert items.title is not None
    assert items.text is not None
    assert items.categories is not None
    assert items.image is not None
    assert (items.title[0], items.text[0], items.categories[0], items.image[0]) == (
        "Comb", "First. Second.", ("Beauty", "Tools", "Maker"), "http://i/l.jpg",
    )  # fmt: skip
    assert str(dataset.rejected.examples[0]) == "meta_Beauty.json:2: item described twice: 'B000000001'"


@pytest.mark.parametrize("packed", [False, True])
def test_2023_jsonl_uses_the_parent_and_milliseconds(tmp_path: Path, packed: bool) -> None:
    end = ".gz" if packed else ""
    reviews = write_lines(tmp_path / f"All_Beauty.jsonl{end}", REVIEWS_2023)
    write_lines(tmp_path / f"meta_All_Beauty.jsonl{end}", META_2023)
    dataset = read_amazon(tmp_path)
    assert dataset.name == "amazon-2023/All_Beauty"
    assert rows_of(dataset) == [
        ["AGAAA", "B00000000P", 5.0, 1588687728.923],
        ["AGBBB", "B00000000P", 1.0, 1588687728.0],
    ]
    assert dataset.items is not None
    assert dataset.items.categories is not None
    assert dataset.items.categories.tolist() == [("Beauty", "Hair", "Shop")]
    assert dataset.items.image is not None
    assert dataset.items.image.tolist() == ["http://i/l.jpg"]
    assert read_amazon(reviews).items is None


def test_2023_csv_names_the_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "All_Beauty.csv.gz"
    path.write_bytes(gzip.compress(CSV_2023.encode()))
    dataset = read_amazon(path, release="2023")
    assert rows_of(dataset) == [["AGAAA", "B00000000P", 5.0, 1588687728.923]]
    assert str(dataset.rejected.examples[0]) == "All_Beauty.csv.gz:4: too few fields: 'AGBBB,B00000000P,1.0'"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A1,B000000001,5.0,1390867200\n", "amazon-2014/r"),
        ("B000000001,A1,5.0,1390867200\n", "amazon-2018/r"),
    ],
)
def test_ratings_only_csv_tells_item_from_user(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    dataset = read_amazon(tmp_path / "r.csv")
    assert dataset.name == name
    assert rows_of(dataset) == [["A1", "B000000001", 5.0, 1390867200.0]]


def test_bad_json_lines_are_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "r.json", REVIEWS_2014)
    with path.open("ab") as file:
        file.write(
            b'\n{"reviewerID": "A9", "asin": "B1", "overall": 5.0, "unixRevi\n'
            b'{"asin": "B1", "overall": 5.0}\n'
        )
    dataset = read_amazon(path)
    assert len(dataset.interactions) == 2
    assert [(row.line, row.reason) for row in dataset.rejected.examples] == [
        (4, "broken JSON"),
        (5, "missing user_id"),
    ]


def test_reviews_as_python_literals_and_bad_metadata(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("".join(f"{row}\n" for row in REVIEWS_2014))
    (tmp_path / "meta.json").write_text(
        "\n{'asin': 'B000000001', 'title': 'open\n{\"title\": \"no id\"}\n\n"
        "{'asin': 'B000000001', 'price': 1}\n"
    )
    dataset = read_amazon(tmp_path)
    assert [row[:2] for row in rows_of(dataset)] == [["A1", "B000000001"], ["A2", "0000000002"]]
    assert dataset.items is not None
    assert dataset.items.item_id.tolist() == ["B000000001"]
    assert [(row.file, row.line, row.reason) for row in dataset.rejected.examples] == [
        ("meta.json", 2, "broken JSON"),
        ("meta.json", 3, "missing item_id"),
    ]


def test_errors_name_the_way_out(tmp_path: Path) -> None:
    old = write_lines(tmp_path / "r.json", REVIEWS_2014)
    with pytest.raises(DataError, match=r"Received: release='2023' for a file of 2014"):
        read_amazon(old, release="2023")
    assert read_amazon(old, release="2018").name == "amazon-2018/r"
    with pytest.raises(UnknownNameError, match="Unknown Amazon release"):
        read_amazon(old, release="2019")
    meta = write_lines(tmp_path / "meta.json", META_2023)
    with pytest.raises(DataError, match="Received: 1 items, none of them reviewed"):
        read_amazon(old, metadata=meta)
    write_lines(tmp_path / "s.json", REVIEWS_2014)
    with pytest.raises(DataError, match=r"Received: \['meta\.json', 'r\.json', 's\.json'\]"):
        read_amazon(tmp_path)
    other = write_lines(tmp_path / "other.json", [{"user": "a", "item": "b"}])
    with pytest.raises(DataError, match="Received: no reviewerID and no asin; the fields are item, user"):
        read_amazon(other)
    (tmp_path / "x.csv").write_text("a,b,1,2\n")
    with pytest.raises(DataError, match="must hold ASINs"):
        read_amazon(tmp_path / "x.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="a file without rows"):
        read_amazon(tmp_path / "empty.csv")


def test_memory_does_not_hold_the_text(tmp_path: Path) -> None:
    """30 MB of text, whose interactions are a few hundred kB; a clean file and one that Arrow cannot read."""
    rng = np.random.default_rng(3)
    text = "word " * 600
    lines = [
        json.dumps({"reviewerID": f"A{rng.integers(500)}", "asin": f"B{rng.integers(300)}", "overall": 5.0,
                    "reviewText": text, "unixReviewTime": 1390867200 + row})
        for row in range(10_000)
    ]  # fmt: skip
    for extra in ("", "not JSON\n"):
        content = "".join(line + "\n" + (extra if row % 1000 == 0 else "") for row, line in enumerate(lines))
        path = tmp_path / "r.json.gz"
        path.write_bytes(gzip.compress(content.encode(), 1))
        size = len(content)
        assert size > 30e6
        del content
        pool = pa.default_memory_pool()
        before = pool.bytes_allocated()
        tracemalloc.start()
        dataset = read_amazon(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(dataset.interactions) == 10_000
        assert peak < size / 4, f"{peak / 1e6:.1f} MB held of {size / 1e6:.1f} MB"
        assert pool.bytes_allocated() - before < size / 10
