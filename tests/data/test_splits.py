"""Splits against a plain reading of their definitions in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.splits import (
    Split,
    cold_items_split,
    cold_users_split,
    global_time_split,
    leave_last_out,
    random_split,
)
from tfrec_zoo.data.tables import Interactions

Row = tuple[str, str, float, float]


def table(rows: list[tuple[str, str, float]], timed: bool = True) -> Interactions:
    """The rating is the place in the file, so that every row can be told from every other."""
    users, items, times = zip(*rows, strict=True)
    return Interactions(users, items, times if timed else None, np.arange(len(rows)))


def places(part: Interactions) -> list[int]:
    assert part.rating is not None
    return [int(place) for place in part.rating]


def check_partition(split: Split, whole: Interactions) -> None:
    parts = [places(part) for part in (split.train, split.validation, split.test)]
    assert sorted(place for part in parts for place in part) == list(range(len(whole)))
    assert all(part == sorted(part) for part in parts)
    for part in (split.train, split.validation, split.test):
        assert list(part.user_id.categories) == list(whole.user_id.categories)
        assert list(part.item_id.categories) == list(whole.item_id.categories)
        assert part.equals(whole.take(np.array(places(part), int)))


rows_with_ties = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("pqrstuvw"), st.integers(0, 5)),
    min_size=1,
    max_size=40,
)


@given(rows=rows_with_ties, timed=st.booleans(), validation=st.booleans())
def test_leave_last_out_is_its_definition(
    rows: list[tuple[str, str, float]], timed: bool, validation: bool
) -> None:
    of_user = defaultdict(list)
    for place, (user, _, time) in enumerate(rows):
        of_user[user].append((time if timed else 0, place))
    expected_test, expected_validation = [], []
    for history in of_user.values():
        ordered = [place for _, place in sorted(history)]
        if len(ordered) >= (3 if validation else 2):
            expected_test.append(ordered[-1])
            expected_validation += ordered[-2:-1] if validation else []
    whole = table(rows, timed)
    if not expected_test:
        with pytest.raises(DataError, match=r"needs at least [23] rows.*Received.*random_split"):
            leave_last_out(whole, validation=validation)
        return
    split = leave_last_out(whole, validation=validation)
    assert split.name == "leave_last_out"
    check_partition(split, whole)
    assert places(split.test) == sorted(expected_test)
    assert places(split.validation) == sorted(expected_validation)


def test_leave_last_out_takes_negative_times() -> None:
    split = leave_last_out(table([("a", "p", -5), ("a", "q", -30), ("a", "r", -1), ("a", "s", -2)]))
    assert (places(split.train), places(split.validation), places(split.test)) == ([0, 1], [3], [2])


@given(rows=rows_with_ties, validation=st.floats(0, 0.6), test=st.floats(0.01, 0.39))
def test_global_time_cuts_between_moments(
    rows: list[tuple[str, str, float]], validation: float, test: float
) -> None:
    times = sorted(time for _, _, time in rows)
    num_test = round(len(rows) * test)
    num_validation = round(len(rows) * validation)
    whole = table(rows)
    try:
        split = global_time_split(whole, validation, test)
    except DataError:
        position = len(rows) - num_test
        cuts = [times[position - num_validation], times[position]] if num_test else []
        in_train = sum(time < cuts[0] for time in times) if cuts else 0
        assert not cuts or in_train == 0 or (validation > 0 and cuts[0] == cuts[1])
        return
    check_partition(split, whole)
    parts = [part.timestamp for part in (split.train, split.validation, split.test) if len(part)]
    for earlier, later in pairwise(parts):
        assert earlier is not None
        assert later is not None
        assert earlier.max() < later.min()
    assert len(split.test) == sum(time >= times[len(rows) - num_test] for time in times)
    assert len(split.train) == sum(time < times[len(rows) - num_test - num_validation] for time in times)


def test_global_time_shares_without_ties() -> None:
    whole = table([(f"u{i % 7}", f"i{i % 5}", (37 * i) % 100) for i in range(100)])
    split = global_time_split(whole)
    assert (len(split.train), len(split.validation), len(split.test)) == (80, 10, 10)
    assert sorted(split.test.timestamp) == list(range(90, 100))  # type: ignore[arg-type]
    assert len(global_time_split(whole, validation=0).validation) == 0


def test_global_time_needs_time_and_moments() -> None:
    with pytest.raises(DataError, match=r"needs `timestamp`.*leave_last_out"):
        global_time_split(table([("a", "p", 0)] * 10, timed=False))
    with pytest.raises(DataError, match="between different moments"):
        global_time_split(table([("a", "p", 5)] * 10))
    with pytest.raises(DataError, match="must hold at least one row"):
        global_time_split(table([("a", "p", 5)] * 3), test=0.1)


def test_random_shares_seed_and_rows() -> None:
    whole = table([(f"u{i % 9}", f"i{i % 11}", 0) for i in range(1000)])
    split = random_split(whole, test=0.2, validation=0.1, seed=3)
    check_partition(split, whole)
    assert (len(split.train), len(split.validation), len(split.test)) == (700, 100, 200)
    assert places(split.test) == places(random_split(whole, test=0.2, validation=0.1, seed=3).test)
    assert places(split.test) != places(random_split(whole, test=0.2, validation=0.1, seed=4).test)
    assert 350 < np.mean(places(split.test)) < 650
    assert len(random_split(whole).validation) == 0


def test_cold_items_are_in_one_part_only() -> None:
    cut = cold_items_split
    rng = np.random.default_rng(0)
    rows = [(f"u{rng.integers(30)}", f"i{rng.integers(30)}", float(place)) for place in range(400)]
    whole = table(rows)
    split = cut(whole, 0.2, validation=0.1, seed=1)
    check_partition(split, whole)
    ids = [set(part.item_id) for part in (split.train, split.validation, split.test)]
    assert len(set.union(*ids)) == sum(map(len, ids))
    assert [len(group) for group in ids] == [21, 3, 6]
    assert places(cut(whole, 0.2, validation=0.1, seed=1).test) == places(split.test)
    assert places(cut(whole, 0.2, validation=0.1, seed=2).test) != places(split.test)
    assert len(cut(whole, 0.2, validation=0.0).validation) == 0


@pytest.mark.parametrize("cut", [leave_last_out, random_split, cold_items_split, cold_users_split])
def test_splits_do_not_depend_on_the_codes(cut: Callable[..., Split]) -> None:
    rng = np.random.default_rng(0)
    users, items = [[f"{kind}{n}" for n in rng.integers(0, 20, 200)] for kind in "ui"]
    plain = Interactions(users, items, None, np.arange(200))
    shuffled = Interactions(
        pd.Categorical(users, categories=rng.permutation([f"u{n}" for n in range(25)])),
        pd.Categorical(items, categories=rng.permutation([f"i{n}" for n in range(25)])),
        None,
        np.arange(200),
    )
    one, other = cut(plain), cut(shuffled)
    for part in ("train", "validation", "test"):
        assert places(getattr(one, part)) == places(getattr(other, part))


def test_cold_users_are_asked_for_their_last_item_and_known_by_the_rest() -> None:
    rng = np.random.default_rng(3)
    rows = [(f"u{rng.integers(12)}", f"i{place}", float(rng.integers(20))) for place in range(90)]
    rows += [("alone", "x", 1.0), ("single", "y", 2.0)]
    whole = table(rows)
    split = cold_users_split(whole, 0.5, validation=0.2, seed=1)
    assert split.fold_in is not None
    parts = (split.train, split.validation, split.test, split.fold_in)
    assert sorted(place for part in parts for place in places(part)) == list(range(len(rows)))
    trained = set(split.train.user_id)
    for part in parts[1:]:
        assert not trained & set(part.user_id)
    for part in (split.validation, split.test):
        for user, place in zip(part.user_id, places(part), strict=True):
            mine = [(time, at) for at, (name, _, time) in enumerate(rows) if name == user]
            assert len(mine) > 1
            assert max(mine)[1] == place
    assert not set(split.validation.user_id) & set(split.test.user_id)
    held_out = {name for name, _, _ in rows} - trained
    assert set(split.fold_in.user_id) == held_out


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: random_split(t, test=0.0), "`test` must be between 0 and 1. Received: 0.0"),
        (lambda t: random_split(t, test=1.5), "`test` must be between 0 and 1. Received: 1.5"),
        (lambda t: global_time_split(t, validation=-0.1), "`validation` must be at least 0"),
        (lambda t: global_time_split(t, 0.5, 0.5), "`validation` and `test` must leave a share"),
        (lambda t: cold_items_split(t, fraction=1.0), "`fraction` must be between 0 and 1"),
        (
            lambda t: cold_users_split(t, 0.7, validation=0.3),
            "`validation` and `fraction` must leave a share",
        ),
    ],
)
def test_shares_are_checked(call: Callable[[Interactions], Split], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(table([("a", "p", 0), ("b", "q", 1)]))


@pytest.mark.parametrize("cut", [cold_items_split, cold_users_split, random_split])
def test_a_part_without_anything_is_refused(cut: Callable[..., Split]) -> None:
    with pytest.raises(DataError, match=r"must get at least one of the (items|users|rows)"):
        cut(table([("a", "p", 0)] * 2), 0.1, validation=0.1)


def test_cold_users_with_one_row_each_are_refused() -> None:
    with pytest.raises(DataError, match="a user with at least two rows"):
        cold_users_split(table([(f"u{n}", "p", 0.0) for n in range(30)]))
