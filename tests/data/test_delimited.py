"""The reader of delimited text, against rows written here and a plain csv reading."""

from __future__ import annotations

import csv
import gzip
import io
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.reading import delimited, text_layout
from tfrec_zoo.data.reading.archives import open_members
from tfrec_zoo.data.reading.delimited import read_interactions_text
from tfrec_zoo.data.rejected import RejectedRows, RejectionLog
from tfrec_zoo.data.tables import Interactions

NAMED = {"user_id": "u", "item_id": "i", "timestamp": "t"}
PLACED = {"user_id": 0, "item_id": 1, "timestamp": 2}


def read(text: bytes | str, **options: Any) -> tuple[Interactions, RejectedRows]:
    data = text.encode() if isinstance(text, str) else text
    log = RejectionLog()
    arguments: dict[str, Any] = {
        "delimiter": ",",
        "columns": NAMED,
        "header": True,
        "name": "f.csv",
        **options,
    }
    return read_interactions_text(io.BytesIO(data), log=log, **arguments), log.freeze()


def rows(interactions: Interactions) -> list[list[Any]]:
    return interactions.to_frame().to_numpy().tolist()


def faults(rejected: RejectedRows) -> list[tuple[int, str, str]]:
    return [(row.line, row.reason, row.text) for row in rejected.examples]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_and_byte_order_mark(end: str, mark: str, last: str) -> None:
    text = mark + end.join(["u,i,t", "a,x,5", "b, y ,6"]) + (end if last else "")
    interactions, rejected = read(text)
    assert rows(interactions) == [["a", "x", 5.0], ["b", "y", 6.0]]
    assert rejected.total == 0


def test_columns_by_name_by_position_and_in_any_order() -> None:
    text = "t,x,u,r,i\n7,-,a,4.5,p\n8,-,b,3,q\n"
    expected = [["a", "p", 7.0, 4.5], ["b", "q", 8.0, 3.0]]
    named = {"user_id": "u", "item_id": "i", "timestamp": "t", "rating": "r"}
    assert rows(read(text, columns=named)[0]) == expected
    placed = {"user_id": 2, "item_id": 4, "timestamp": 0, "rating": 3}
    assert rows(read(text, columns=placed)[0]) == expected
    assert rows(read(text.split("\n", 1)[1], columns=placed, header=False)[0]) == expected
    weighted = read(text, columns={"user_id": "u", "item_id": "i", "weight": "r"})[0]
    assert weighted.weight is not None
    assert weighted.weight.dtype == np.float32
    assert weighted.weight.tolist() == [4.5, 3.0]


def test_ids_keep_leading_zeros_and_equal_ones_share_a_code() -> None:
    interactions, _ = read("u,i,t\n007,x,1\n 007 ,x ,2\n7,x,3\n")
    assert np.asarray(interactions.user_id).tolist() == ["007", "007", "7"]
    assert (interactions.num_users, interactions.num_items) == (2, 1)


def test_each_bad_row_is_named_with_its_line() -> None:
    text = b"u,i,t\n1,2,3\n\n4,5\n 1,2 ,zz\r\n6,7,8\n  \n7,8,9,10\n,3,4\n\xff,2,3\n5,,3\n"
    text += b"5,6,inf\n5,6,\na\0b,6,7\n"
    interactions, rejected = read(text)
    assert rows(interactions) == [["1", "2", 3.0], ["6", "7", 8.0]]
    assert faults(rejected) == [
        (4, "too few fields", "4,5"),
        (5, "unreadable timestamp", "zz"),
        (8, "too many fields", "7,8,9,10"),
        (9, "missing user_id", ""),
        (10, "not valid UTF-8", "ÿ"),
        (11, "missing item_id", ""),
        (12, "unreadable timestamp", "inf"),
        (13, "unreadable timestamp", ""),
        (14, "line break or zero byte in user_id", "a\0b"),
    ]
    assert {row.file for row in rejected.examples} == {"f.csv"}


def test_quoted_fields_with_delimiters_and_line_breaks_keep_lines_right() -> None:
    text = 'u,i,t,text\n"a,1",x,1,"two\n\nlines ""quoted"""\n\nb,y\nc,z,zz,""\n"d\ne",z,4,5\n'
    interactions, rejected = read(text)
    assert rows(interactions) == [["a,1", "x", 1.0]]
    assert faults(rejected) == [
        (6, "too few fields", "b,y"),
        (7, "unreadable timestamp", "zz"),
        (8, "line break or zero byte in user_id", "d\ne"),
    ]
    raw, _ = read('u\ti\tt\n"a\tx\t1\n', delimiter="\t", quoting=False)
    assert rows(raw) == [['"a', "x", 1.0]]


def test_delimiter_of_two_characters() -> None:
    text = "1::10:a::1::5\n\n2::20\n2::20::x::6\n3::30::3::7"
    columns = {"user_id": 0, "item_id": 1, "rating": 2, "timestamp": 3}
    interactions, rejected = read(text, delimiter="::", columns=columns, header=False)
    assert rows(interactions) == [["1", "10:a", 5.0, 1.0], ["3", "30", 7.0, 3.0]]
    assert faults(rejected) == [(3, "too few fields", "2::20"), (4, "unreadable rating", "x")]


def test_white_space_as_delimiter() -> None:
    text = "1 2\n 1\t 3 \r\n\n4\n5 6 7\n8  9"
    columns = {"user_id": 0, "item_id": 1}
    interactions, rejected = read(text, delimiter=" ", columns=columns, header=False)
    assert rows(interactions) == [["1", "2"], ["1", "3"], ["8", "9"]]
    assert faults(rejected) == [(4, "too few fields", "4"), (5, "too many fields", "5 6 7")]


@pytest.mark.parametrize(("unit", "start"), [(1, 1.4e9), (1e3, 1.4e9), (1e6, 1.4e9), (1e9, 1.4e9), (1, 1.0)])
def test_the_unit_of_times_is_told_from_their_size(unit: float, start: float) -> None:
    seconds = [start, start + 1, start + 2]
    text = "u,i,t\n" + "".join(f"a,x,{int(value * unit)}\n" for value in seconds)
    timestamp = read(text)[0].timestamp
    assert timestamp is not None
    np.testing.assert_allclose(timestamp, seconds, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (9.9e10, 9.9e10),
        (1e11, 1e8),
        (9.9e13, 9.9e10),
        (1e14, 1e8),
        (9.9e16, 9.9e10),
        (1e17, 1e8),
        (-1e12, -1e9),
    ],
)
def test_limits_between_the_units_of_times(value: float, seconds: float) -> None:
    timestamp = read(f"u,i,t\na,x,{value:.0f}\n")[0].timestamp
    assert timestamp is not None
    assert timestamp.tolist() == [seconds]


def test_times_do_not_depend_on_the_machine_s_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        interactions = read("u,i,t\na,x,1970-01-02\na,x,1970-01-02T00:00:00Z\n")[0]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert interactions.timestamp is not None
    assert interactions.timestamp.tolist() == [86400.0, 86400.0]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2014-01-02", "2014-01-03"], ["2014-01-02", "2014-01-03"]),
        (["2014-01-02T03:04:05Z", "2014-01-02 03:04:06Z"], ["2014-01-02T03:04:05", "2014-01-02T03:04:06"]),
        (["2014-01-02T03:04:05+02:00", "2014-01-02"], ["2014-01-02T01:04:05", "2014-01-02"]),
        (["2019-11-01 00:00:00 UTC", "2019-11-01 00:00:01 UTC"], ["2019-11-01", "2019-11-01T00:00:01"]),
        (["2014-01-02T03:04:05.25", "2014-01-02T03:04:05.5"],
         ["2014-01-02T03:04:05.250", "2014-01-02T03:04:05.500"]),
        (["2014-01-02 00:00:00 UTC", "86400"], ["2014-01-02", "1970-01-02"]),
        (["1960-01-01", "1970-01-01T00:00:01"], ["1960-01-01", "1970-01-01T00:00:01"]),
    ],
)  # fmt: skip
def test_times_in_iso_8601_are_utc_where_no_zone_is_given(texts: list[str], expected: list[str]) -> None:
    timestamp = read("u,i,t\n" + "".join(f"a,x,{text}\n" for text in texts))[0].timestamp
    assert timestamp is not None
    seconds = [datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in expected]
    assert timestamp.tolist() == seconds


@pytest.mark.parametrize(
    "text", ["now", "today", "nan", "1_000", "2014-13-01", "01/02/2014", "1e999", "0x10"]
)
def test_what_is_no_time_is_rejected(text: str) -> None:
    interactions, rejected = read(f"u,i,t\na,x,5\nb,y,{text}\n")
    assert rows(interactions) == [["a", "x", 5.0]]
    assert faults(rejected) == [(3, "unreadable timestamp", text)]


def test_gzip_by_content_and_member_of_a_zip(tmp_path: Path) -> None:
    text = b"u,i,t\na,x,5\nb,y\nc,z,6\n"
    (tmp_path / "f.csv").write_bytes(gzip.compress(text))
    log = RejectionLog()
    plain, rejected = read(text)
    packed = read_interactions_text(tmp_path / "f.csv", delimiter=",", columns=NAMED, header=True, log=log)
    assert packed.equals(plain)
    assert log.freeze() == rejected
    for content in (text, gzip.compress(text)):
        with zipfile.ZipFile(tmp_path / "f.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("top/f.csv", content)
        with open_members(tmp_path / "f.zip", ["f.csv", "other.csv"]) as members:
            assert list(members) == ["f.csv"]
            log = RejectionLog()
            member = members["f.csv"]
            inside = read_interactions_text(
                member.file, delimiter=",", columns=NAMED, header=True, log=log, name=member.name
            )
        assert inside.equals(plain)
        assert str(log.freeze().examples[0]) == "f.zip/top/f.csv:3: too few fields: 'b,y'"


def test_latin_1_ids() -> None:
    text = "u,i,t\né,x,5\n".encode("latin-1")
    assert rows(read(text, encoding="latin-1")[0]) == [["é", "x", 5.0]]
    with pytest.raises(DataError, match="not valid UTF-8"):
        read(text)


@pytest.mark.parametrize("delimiter", [",", "::"])
def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch, delimiter: str) -> None:
    """A file of many blocks, bad rows among them, equals a plain reading row by row."""
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 512)
    monkeypatch.setattr(text_layout, "BLOCK_BYTES", 100)
    rng = np.random.default_rng(1)
    lines, expected, bad = ["u,i,t,text"], [], []
    line = 1
    while line < 1500:
        line += 1
        row = [f"user{rng.integers(40)}", f"item{rng.integers(60)}", str(rng.integers(1, 9)), "text"]
        match int(rng.integers(30)):
            case 0:
                bad.append((line, "too few fields", delimiter.join(row[:2])))
                row = row[:2]
            case 1:
                row[2] = f"x{line}"
                bad.append((line, "unreadable timestamp", row[2]))
            case 2:
                row[0] = " "
                bad.append((line, "missing user_id", ""))
            case 3:
                lines.append("")
                continue
            case kind:
                expected.append([*row[:2], float(row[2])])
                if kind < 10 and delimiter == ",":
                    row[3] = '"two\n\nlines"'
        lines.append(",".join(row))
        line += lines[-1].count("\n")
    interactions, rejected = read("\n".join(lines).replace(",", delimiter), delimiter=delimiter)
    assert rows(interactions) == expected
    assert rejected.total == len(bad) > 60
    assert faults(rejected) == bad[: len(rejected.examples)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("ab,\" '", min_size=1, max_size=4), st.text("xyz", min_size=1), st.integers(1, 99)),
        min_size=1,
        max_size=20,
    )
)
def test_what_a_csv_writer_writes_comes_back(table: list[tuple[str, str, int]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([("u", "i", "t"), *table])
    expected = [[user.strip(), item, float(time)] for user, item, time in table if user.strip()]
    if not expected:
        with pytest.raises(DataError, match="missing user_id"):
            read(buffer.getvalue())
        return
    interactions, rejected = read(buffer.getvalue())
    assert rows(interactions) == expected
    assert [row.line for row in rejected.examples] == [
        line for line, row in enumerate(table, start=2) if not row[0].strip()
    ][: len(rejected.examples)]


def test_columns_that_are_not_there() -> None:
    text = "u,i,t,t\na,x,5,6\n"
    with pytest.raises(
        DataError, match=r"named 'time'\. Received: 0 of that name; the columns are u, i, t, t"
    ):
        read(text, columns={**NAMED, "timestamp": "time"})
    with pytest.raises(DataError, match=r"named 't'\. Received: 2 of that name"):
        read(text)
    with pytest.raises(DataError, match=r"position must be from 0 to 3\. Received: 4"):
        read(text, columns={**PLACED, "timestamp": 4})
    with pytest.raises(DataError, match=r"interactions need user_id and item_id\. Received: no item_id"):
        read(text, columns={"user_id": "u"})
    with pytest.raises(DataError, match=r"Received: \['stars'\]"):
        read(text, columns={**PLACED, "stars": 0})


@pytest.mark.parametrize("swallowed", [2, 1000, 1_500_000])
def test_an_open_quote_is_refused_however_much_it_swallows(swallowed: int) -> None:
    text = 'u,i,t\na,x,1\n\nb,"y,2\n' + "c,z,3\n" * swallowed
    with pytest.raises(DataError, match=r"f\.csv.*a double quote opens a field and is never closed") as error:
        read(text)
    if swallowed <= 1000:
        assert "f.csv:4: " in str(error.value)
