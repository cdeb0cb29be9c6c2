"""From a table to a split."""

from __future__ import annotations

import pytest

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.experiment import SPLITS, Preparation

INTERACTIONS = synthetic(num_users=40, num_items=30, num_interactions=600, seed=3).interactions


def test_filters_and_cut_are_those_that_were_named() -> None:
    preparation = Preparation(minimum_rating=3.0, duplicates="last", k_core=2)
    kept, removals = preparation.filter(INTERACTIONS)
    assert (kept.rating >= 3).all()
    pairs = list(zip(kept.user_id, kept.item_id, strict=True))
    assert len(set(pairs)) == len(pairs)
    assert all(pairs and list(kept.user_id).count(user) >= 2 for user in kept.user_id)
    assert removals[0].startswith("minimum_rating: ")
    assert Preparation().filter(INTERACTIONS)[1] == []
    cut, expected = preparation.cut(kept), leave_last_out(kept)
    assert list(cut.test.item_id) == list(expected.test.item_id)


def test_the_seed_of_the_split_is_its_own() -> None:
    first, again, other = (
        list(Preparation("random", split_seed=seed).cut(INTERACTIONS).test.item_id) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_details_of_a_manifest_tell_the_same_preparation() -> None:
    details = {"split": "random", "split_seed": 7, "k_core": 3, "metrics": {}, "seed": 5}
    assert Preparation.from_details(details) == Preparation("random", split_seed=7, k_core=3)
    assert Preparation.from_details({}) == Preparation()


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown split\. Did you mean 'random'"):
        Preparation("randm")
    with pytest.raises(UnknownNameError, match="Unknown policy of duplicates"):
        Preparation(duplicates="some")


def test_a_split_from_outside_joins() -> None:
    def first_users(interactions, seed: int):
        users = sorted(set(interactions.user_id))[: 10 + seed]
        return leave_last_out(interactions.take([user in users for user in interactions.user_id]))

    SPLITS.register("first_users", first_users)
    try:
        split = Preparation("first_users", split_seed=2).cut(INTERACTIONS)
    finally:
        SPLITS.unregister("first_users")
    assert len(set(split.test.user_id)) == 12
