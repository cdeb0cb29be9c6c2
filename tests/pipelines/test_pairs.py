from __future__ import annotations

import pytest

from tests.encoded_examples import encoded_from_lists
from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.pipelines import pairs

USERS = [[2, 3, 4, 5], [], [6, 1, 2], [3]]


def collect(dataset) -> list[dict]:
    rows = []
    for inputs, target, *rest in dataset:
        for b in range(len(target)):
            row = {name: values.numpy()[b].tolist() for name, values in inputs.items()}
            rows.append(row | {"target": int(target[b])} | ({"weight": float(rest[0][b])} if rest else {}))
    return rows


def test_every_known_interaction_once_with_what_came_before_it() -> None:
    encoded = encoded_from_lists(USERS)
    rows = collect(pairs(encoded, batch_size=3, max_history_length=3, shuffle=False))
    expected = []
    for u, items in enumerate(USERS):
        for place, item in enumerate(items):
            if item >= 2:
                past = [before for before in items[:place] if before >= 2][-3:]
                expected.append(
                    {"history": [0] * (3 - len(past)) + past, "user_index": u + 2, "target": item}
                )
    assert rows == expected


def test_other_items_of_the_user_leave_out_the_target_alone() -> None:
    rows = collect(
        pairs(
            encoded_from_lists([[2, 3, 4, 5]]),
            batch_size=8,
            max_history_length=3,
            history_scope="others",
            shuffle=False,
        )
    )
    assert [(row["history"], row["target"]) for row in rows] == [
        ([3, 4, 5], 2),
        ([2, 4, 5], 3),
        ([2, 3, 5], 4),
        ([2, 3, 4], 5),
    ]
    longer = collect(
        pairs(
            encoded_from_lists([[2, 3]]),
            batch_size=8,
            max_history_length=3,
            history_scope="others",
            shuffle=False,
        )
    )
    assert [row["history"] for row in longer] == [[0, 0, 3], [0, 0, 2]]


def test_positives_are_all_items_of_the_user() -> None:
    rows = collect(
        pairs(
            encoded_from_lists(USERS), batch_size=10, max_history_length=2, with_positives=True, shuffle=False
        )
    )
    for row in rows:
        assert [i for i in row["positives"] if i] == [i for i in USERS[row["user_index"] - 2] if i >= 2]
    capped = collect(
        pairs(
            encoded_from_lists(USERS),
            batch_size=10,
            max_history_length=2,
            with_positives=True,
            max_positives=2,
        )
    )
    assert {tuple(row["positives"]) for row in capped} == {(4, 5), (6, 2), (3, 0)}


def test_epochs_differ_and_the_seed_repeats_them() -> None:
    encoded = encoded_from_lists([list(range(2, 40))])
    first = pairs(encoded, batch_size=7, max_history_length=2, seed=3)
    again = pairs(encoded, batch_size=7, max_history_length=2, seed=3)
    other = pairs(encoded, batch_size=7, max_history_length=2, seed=4)
    epochs = [[row["target"] for row in collect(first)] for _ in range(3)]
    assert epochs == [[row["target"] for row in collect(again)] for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    assert epochs[0] != [row["target"] for row in collect(other)]
    assert all(sorted(epoch) == list(range(2, 40)) for epoch in epochs)
    assert len(first) == 6


def test_weights_and_profiles_go_with_their_rows() -> None:
    encoded = encoded_from_lists([[2, 3], [4]], weight=[0.5, 2.0, 3.0], profile={"age": [1.5, -1.5]})
    rows = collect(pairs(encoded, batch_size=2, max_history_length=1, shuffle=False))
    assert [(row["weight"], row["age"]) for row in rows] == [(0.5, 1.5), (2.0, 1.5), (3.0, -1.5)]


def test_refuses_what_gives_no_example() -> None:
    with pytest.raises(ValueError, match="at least one interaction of a known item"):
        pairs(encoded_from_lists([[1], []]), batch_size=2, max_history_length=1)
    with pytest.raises(UnknownNameError, match="Did you mean 'past'"):
        pairs(encoded_from_lists(USERS), batch_size=2, max_history_length=1, history_scope="pas")
    with pytest.raises(ValueError, match="`batch_size` must be at least 1"):
        pairs(encoded_from_lists(USERS), batch_size=0, max_history_length=1)
