"""Filters against loops written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.filters import drop_duplicates, k_core, minimum_rating
from tfrec_zoo.data.tables import Interactions

Pairs = Sequence[tuple[int, int]]


def table(pairs: Pairs, **columns: Any) -> Interactions:
    users, items = zip(*pairs, strict=True)
    return Interactions(np.array(users), np.array(items), **columns)  # type: ignore[arg-type]


def pairs_of(interactions: Interactions) -> list[tuple[int, int]]:
    rows = zip(interactions.user_id, interactions.item_id, strict=True)
    return [(int(str(user)), int(str(item))) for user, item in rows]


def plain_k_core(pairs: Pairs, user_k: int, item_k: int) -> list[tuple[int, int]]:
    kept = list(pairs)
    while True:
        users, items = Counter(user for user, _ in kept), Counter(item for _, item in kept)
        smaller = [(user, item) for user, item in kept if users[user] >= user_k and items[item] >= item_k]
        if len(smaller) == len(kept):
            return kept
        kept = smaller


def test_minimum_rating_keeps_the_threshold_itself() -> None:
    interactions = table([(1, 1), (1, 2), (2, 3)], rating=np.array([4.0, 3.5, 5.0]))
    filtered = minimum_rating(interactions, 4)
    assert pairs_of(filtered.interactions) == [(1, 1), (2, 3)]
    assert (filtered.removed_rows, filtered.removed_users, filtered.removed_items) == (1, 0, 1)
    assert str(filtered).startswith("1 rows, 0 users and 1 items removed; Interactions(2 rows")
    assert minimum_rating(interactions, 1).interactions is interactions


def test_minimum_rating_says_what_emptied_the_table() -> None:
    interactions = table([(1, 1), (1, 2)], rating=np.array([4.0, 3.5]))
    with pytest.raises(
        DataError, match=r"minimum_rating\(threshold=5\): the highest rating is 4 leaves no row of 2"
    ):
        minimum_rating(interactions, 5)
    with pytest.raises(DataError, match="needs interactions with ratings"):
        minimum_rating(table([(1, 1)]), 1)


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60),
    user_k=st.integers(1, 4),
    item_k=st.integers(1, 4),
)
def test_k_core_is_the_fixed_point(pairs: Pairs, user_k: int, item_k: int) -> None:
    expected = plain_k_core(pairs, user_k, item_k)
    if not expected:
        with pytest.raises(DataError, match=rf"k_core\(user_k={user_k}, item_k={item_k}\) leaves no row"):
            k_core(table(pairs), user_k, item_k)
        return
    filtered = k_core(table(pairs), user_k, item_k)
    assert pairs_of(filtered.interactions) == expected
    assert filtered.removed_rows == len(pairs) - len(expected)
    for side, removed in ((0, filtered.removed_users), (1, filtered.removed_items)):
        assert removed == len({pair[side] for pair in pairs}) - len({pair[side] for pair in expected})


def test_k_core_needs_more_than_one_round() -> None:
    # Item 9 goes first, then user 3 has one row, then item 2 has one.
    pairs = [(1, 1), (1, 1), (2, 1), (2, 1), (3, 2), (3, 9), (2, 2)]
    assert pairs_of(k_core(table(pairs), 2, 2).interactions) == pairs[:4]
    with pytest.raises(ValueError, match=r"must be at least 1\. Received: \(0, 5\)"):
        k_core(table(pairs), 0)


@pytest.mark.parametrize(
    ("keep", "rows"), [("first", [1, 3, 4]), ("last", [0, 3, 4]), ("all", [0, 1, 2, 3, 4])]
)
def test_duplicates_by_time_then_by_the_order_of_the_rows(keep: Any, rows: list[int]) -> None:
    pairs = [(1, 1), (1, 1), (1, 1), (1, 2), (2, 1)]
    interactions = table(pairs, timestamp=np.array([9, 1, 1, 5, 0]), rating=np.arange(5))
    filtered = drop_duplicates(interactions, keep)
    assert filtered.interactions.rating is not None
    assert filtered.interactions.rating.tolist() == rows
    assert (filtered.removed_rows, filtered.removed_users, filtered.removed_items) == (5 - len(rows), 0, 0)


def test_duplicates_without_times_and_as_an_error() -> None:
    interactions = table([(1, 1), (1, 2), (1, 1)], rating=np.arange(3))
    last = drop_duplicates(interactions, "last").interactions
    assert last.rating is not None
    assert last.rating.tolist() == [1, 2]
    with pytest.raises(DataError, match=r"user '1' with item '1' more than once \(1 such rows in all\)"):
        drop_duplicates(interactions, "error")
    distinct = interactions.take(np.arange(2))
    assert drop_duplicates(distinct, "error").interactions is distinct
    with pytest.raises(UnknownNameError, match=r"Unknown duplicates policy\. Did you mean 'first'"):
        drop_duplicates(interactions, "frist")  # type: ignore[arg-type]
