"""What Interactions, Items, Users and Dataset promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.tables import Dataset, Interactions, Items, Users, as_ids, is_clean_id


@pytest.fixture
def interactions() -> Interactions:
    return Interactions(
        user_id=["b", "a", "b", "a", "c"],  # type: ignore[arg-type]
        item_id=[10, 20, 10, 30, 10],  # type: ignore[arg-type]
        timestamp=np.array([5, 3, 3, 9, 3]),
        rating=np.array([1, 2, 3, 4, 5]),
    )


def test_ids_become_strings_and_numbers_get_their_dtypes(interactions: Interactions) -> None:
    assert np.asarray(interactions.item_id).tolist() == ["10", "20", "10", "30", "10"]
    assert interactions.timestamp is not None
    assert interactions.rating is not None
    assert interactions.timestamp.dtype == np.float64
    assert interactions.rating.dtype == np.float32
    assert (len(interactions), interactions.num_users, interactions.num_items) == (5, 3, 3)
    assert repr(interactions) == "Interactions(5 rows, 3 users, 3 items, with timestamp, rating)"


def test_order_is_stable_in_ties(interactions: Interactions) -> None:
    assert interactions.order_by_time().tolist() == [1, 2, 4, 0, 3]
    order = interactions.order_by_user_and_time()
    assert [(interactions.user_id[row], interactions.item_id[row]) for row in order] == [
        ("a", "20"), ("a", "30"), ("b", "10"), ("b", "10"), ("c", "10"),
    ]  # fmt: skip
    assert order.tolist() == [1, 3, 2, 0, 4]
    rng = np.random.default_rng(0)
    times, users = rng.integers(0, 5, 500), rng.integers(0, 7, 500)
    table = Interactions(users, np.arange(500), timestamp=times)  # type: ignore[arg-type]
    expected = sorted(range(500), key=lambda row: (table.user_id.codes[row], times[row], row))
    assert table.order_by_user_and_time().tolist() == expected


def test_without_times_the_order_is_that_of_the_rows() -> None:
    table = Interactions(["b", "a", "b"], ["1", "2", "3"])  # type: ignore[arg-type]
    assert table.order_by_time().tolist() == [0, 1, 2]
    assert table.order_by_user_and_time().tolist() == [1, 0, 2]


def test_take_by_mask_and_by_position(interactions: Interactions) -> None:
    taken = interactions.take(np.array([3, 0]))
    assert taken.to_frame().to_numpy().tolist() == [["a", "30", 9.0, 4.0], ["b", "10", 5.0, 1.0]]
    assert taken.weight is None
    assert len(interactions.take(np.array([True, False, False, True, False]))) == 2


def test_equals_looks_at_values_and_not_at_codes(interactions: Interactions) -> None:
    again = Interactions(
        pd.Categorical(["b", "a", "b", "a", "c"], categories=["c", "b", "a", "unused"]),  # type: ignore[arg-type]
        interactions.item_id,
        interactions.timestamp,
        interactions.rating,
    )
    assert again.equals(interactions)
    assert not interactions.take(np.arange(4)).equals(interactions)
    assert not interactions.take(np.array([1, 0, 2, 3, 4])).equals(interactions)
    assert not Interactions(interactions.user_id, interactions.item_id).equals(interactions)


def test_concatenate_keeps_the_order_and_refuses_uneven_parts(interactions: Interactions) -> None:
    parts = [interactions.take(np.arange(2)), interactions.take(np.arange(2, 5))]
    assert Interactions.concatenate(parts).equals(interactions)
    bare = Interactions(interactions.user_id, interactions.item_id)
    with pytest.raises(
        DataError, match=r"`timestamp` must be in every part or in none\. Received: \[True, False\]"
    ):
        Interactions.concatenate([interactions, bare])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"user_id": ["a", None, "b"]}, "`user_id` must have an id in every row. Received: 1 rows without"),
        ({"user_id": ["a", "", "b"]}, "`user_id` must hold non-empty ids"),
        ({"item_id": ["a", " b", "c"]}, r"Received: ' b' \(1 such ids\)"),
        (
            {"item_id": ["a", "b\nc", "c"]},
            r"without line breaks or white space at the ends\. Received: 'b\\nc'",
        ),
        ({"item_id": [1.0, 2.0, 3.0]}, "`item_id` must hold strings or integers. Received: float64"),
        ({"item_id": [True, False, True]}, "`item_id` must hold strings or integers. Received: bool"),
        (
            {"timestamp": [1.0, np.nan, 2.0]},
            "`timestamp` must be one finite number per row.*1 missing or infinite",
        ),
        (
            {"rating": [1.0, np.inf, -np.inf]},
            "`rating` must be one finite number per row.*2 missing or infinite",
        ),
        (
            {"weight": [[1.0], [1.0], [1.0]]},
            r"`weight` must be one finite number per row\. Received: shape \(3, 1\)",
        ),
        ({"weight": [1.0]}, r"same number of rows\. Received: {'user_id': 3, 'item_id': 3, 'weight': 1}"),
    ],
)
def test_interactions_refuse(change: dict[str, Any], message: str) -> None:
    columns: dict[str, Any] = {"user_id": ["a", "b", "c"], "item_id": ["x", "y", "z"]}
    with pytest.raises(DataError, match=message):
        Interactions(**{**columns, **change})


@pytest.mark.parametrize("name", ["", " a", "a ", "a\n", "a\rb", "a\u2028b", "a\0"])
def test_unclean_ids(name: str) -> None:
    assert not is_clean_id(name)
    assert is_clean_id("a b")


def test_as_ids_of_integer_categories() -> None:
    ids = as_ids(pd.Categorical([3, 1, 3]), "user_id")
    assert list(ids) == ["3", "1", "3"]


def test_items_keep_ragged_and_equal_categories_as_tuples() -> None:
    for categories in ([["a"], ["b", "c"]], [["a", "d"], ["b", "c"]]):
        items = Items(["1", "2"], categories=categories)  # type: ignore[arg-type]
        assert items.categories is not None
        assert items.categories.shape == (2,)
        assert items.categories.tolist() == [tuple(row) for row in categories]
    items = Items(
        [7, 8],  # type: ignore[arg-type]
        title=["x", "y"],  # type: ignore[arg-type]
        vectors=[[1, 2], [3, 4]],  # type: ignore[arg-type]
        audio=[[1], [2]],  # type: ignore[arg-type]
    )
    assert items.item_id.tolist() == ["7", "8"]
    assert items.vectors is not None
    assert items.vectors.dtype == np.float32
    assert items.audio is not None
    assert items.audio.dtype == np.int16
    taken = items.take(np.array([1]))
    assert taken.title is not None
    assert (taken.item_id.tolist(), taken.title.tolist(), len(taken)) == (["8"], ["y"], 1)


def test_items_refuse_vectors_that_are_not_finite() -> None:
    vectors = np.ones((4, 2))
    vectors[1, 1], vectors[3, 0] = np.nan, -np.inf
    with pytest.raises(DataError, match=r"`vectors` must be finite.* Received: .* in 2 of 4 rows, first 'b'"):
        Items(["a", "b", "c", "d"], vectors=vectors)  # type: ignore[arg-type]
    Items(["a", "c"], vectors=vectors[[0, 2]])  # type: ignore[arg-type]
    Items([], vectors=np.ones((0, 2)))  # type: ignore[arg-type]


def test_items_refuse_an_id_twice_and_columns_of_another_length() -> None:
    with pytest.raises(DataError, match=r"`item_id` must have one row per id\. Received: 'b' 3 times"):
        Items(["a", "b", "b", "b"])  # type: ignore[arg-type]
    with pytest.raises(
        DataError, match=r"`title` must have one entry for each item\. Received: 1 entries for 2 items"
    ):
        Items(["a", "b"], title=["x"])  # type: ignore[arg-type]


def test_users_refuse_an_id_twice_and_columns_of_another_length() -> None:
    users = Users([1, 2], {"age": [20, 30]})  # type: ignore[arg-type, dict-item]
    assert users.user_id.tolist() == ["1", "2"]
    assert len(users) == 2
    with pytest.raises(DataError, match="`user_id` must have one row per id"):
        Users(["a", "a"])  # type: ignore[arg-type]
    with pytest.raises(
        DataError, match=r"`age` must have one entry for each user\. Received: 1 entries for 2 users"
    ):
        Users(["a", "b"], {"age": [1]})  # type: ignore[arg-type, dict-item]


def test_dataset_says_where_it_came_from_and_what_was_rejected(interactions: Interactions) -> None:
    log = RejectionLog()
    log.add("b.csv", 9, "too few fields", "x" * 500)
    log.add("a.csv", 2, "unreadable rating", "five")
    log.add("a.csv", 1, "unreadable rating", "four")
    dataset = Dataset("d", interactions, Items(["1"]), source="a.csv", rejected=log.freeze())  # type: ignore[arg-type]
    assert repr(dataset) == (
        "Dataset('d': Interactions(5 rows, 3 users, 3 items, with timestamp, rating); 1 items described; "
        "from a.csv; 3 rows rejected (1 too few fields, 2 unreadable rating), first: a.csv:1: unreadable "
        "rating: 'four')"
    )
    assert max(len(row.text) for row in dataset.rejected.examples) <= 120
    assert str(RejectionLog().freeze()) == "no rows rejected"


def test_a_log_counts_all_and_keeps_the_first() -> None:
    log = RejectionLog()
    for line in range(1, 101):
        log.add("f", line, "bad", line)
    frozen = log.freeze()
    assert frozen.total == 100
    assert [row.line for row in frozen.examples] == list(range(1, len(frozen.examples) + 1))
    assert 10 <= len(frozen.examples) < 100
    log.raise_if_all("f", kept=1)
    with pytest.raises(DataError, match=r"f: no row could be used\. Received: 100 rows rejected \(100 bad\)"):
        log.raise_if_all("f", kept=0)


def test_dates_become_seconds_whatever_their_unit() -> None:
    moments = ["2020-01-01T00:00:00.0", "1969-12-31T23:59:59.5"]
    for unit in ("s", "ms", "us", "ns"):
        for times in (
            np.array(moments, f"datetime64[{unit}]"),
            pd.Series(pd.to_datetime(moments)).dt.as_unit(unit),
        ):
            found = Interactions(["a", "b"], ["x", "y"], timestamp=times).timestamp
            assert found[0] == 1577836800.0
            assert found[1] == (-1.0 if unit == "s" else -0.5)
    zoned = pd.Series(pd.to_datetime(["2020-01-01T01:00:00+01:00"]))
    assert Interactions(["a"], ["x"], timestamp=zoned).timestamp.tolist() == [1577836800.0]


def test_one_category_as_a_string_is_one_category() -> None:
    assert Items(["a", "b"], categories=["Drama", ("x", "y")]).categories.tolist() == [("Drama",), ("x", "y")]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interactions(["a", np.nan], ["x", "y"]), "an id in every row. Received: 1 rows without"),
        (lambda: Interactions(["a", None], ["x", "y"]), "an id in every row. Received: 1 rows without"),
        (lambda: Interactions([b"a"], ["x"]), r"strings or integers. Received: \['bytes'\]"),
        (lambda: Interactions(["a"], ["x"], weight=[-1.0]), "`weight` must be at least 0"),
        (lambda: Interactions(["a"], ["x"], weight=[0.0]), "above 0 somewhere"),
        (lambda: Interactions(["a"], ["x"], timestamp=pd.Series([pd.NaT])), "1 missing or infinite"),
    ],
)
def test_values_that_would_mean_something_else(make, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()


def test_items_have_any_columns() -> None:
    items = Items(
        ["a", "b"],
        title=["Cup", None],
        price=[4.5, None],
        year=[2001, 1999],
        brand=["x", ""],
        tags=[["p", "q"], ["r"]],
        location=[(48.1, 11.5), None],
        taste=[[1, 2], [3, 4]],
        zip=[94110, 10115],
        kinds={"zip": "category", "price": "bucketed_number"},
    )
    assert items.kinds == {
        "title": "text",
        "price": "bucketed_number",
        "year": "number",
        "brand": "category",
        "tags": "category",
        "location": "location",
        "taste": "vector",
        "zip": "category",
    }
    assert items.title.tolist() == ["Cup", ""]
    assert items.text is None
    assert items.columns["brand"].tolist() == ["x", ""]
    assert items.columns["tags"].tolist() == [("p", "q"), ("r",)]
    assert items.columns["zip"].tolist() == ["94110", "10115"]
    assert items.columns["year"].tolist() == [2001, 1999]
    np.testing.assert_array_equal(items.columns["price"], [4.5, np.nan])
    np.testing.assert_array_equal(items.columns["location"], [[48.1, 11.5], [np.nan, np.nan]])
    assert items.column("year", "category").tolist() == ["2001", "1999"]
    assert items.column("tags", "text").tolist() == ["p q", "r"]
    one = items.take(np.array([False, True]))
    assert (one.kinds, len(one), one.columns["zip"].tolist()) == (items.kinds, 1, ["10115"])
    assert repr(Items(["a"], price=[3])) == "Items(1 rows; price: number)"


def test_columns_from_pandas() -> None:
    frame = pd.DataFrame(
        {
            "count": pd.array([3, None], "Int64"),
            "words": pd.array(["x", None], "string"),
            "size": pd.Categorical(["s", "m"]),
            "share": [0.5, np.nan],
        }
    )
    users = Users(["a", "b"], dict(frame.items()))
    assert users.kinds == {"count": "number", "words": "category", "size": "category", "share": "number"}
    np.testing.assert_array_equal(users.profile["count"], [3, np.nan])
    assert users.profile["words"].tolist() == ["x", ""]
    assert users.profile["size"].tolist() == ["s", "m"]
