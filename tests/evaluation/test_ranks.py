"""Ranks of held-out items, against a loop over candidates written here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.evaluation.arrays import TableModel, encoded, random_split
from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.evaluation import evaluate, target_ranks
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit


def items_of(part: EncodedInteractions, user: int) -> list[int]:
    return part.item_index[part.row_splits[user] : part.row_splits[user + 1]].tolist()


def ranks_by_loop(
    table: npt.NDArray[Any], split: EncodedSplit, user: int, exclude_seen: bool
) -> list[tuple[float, int]]:
    """(rank, item) of each target of one user, one candidate at a time."""
    seen = set(items_of(split.train, user) + items_of(split.validation, user)) if exclude_seen else set()
    given = items_of(split.test, user)
    row = [-math.inf if item in seen else table[user, item] for item in range(split.num_items)]
    targets = sorted({item for item in given if item > 1}, key=lambda item: -row[item])
    others = [item for item in range(2, split.num_items) if item not in targets and item not in seen]
    ranked = []
    for place, target in enumerate(targets, 1):
        score = row[target]
        ahead = sum(bool(row[other] >= score) for other in others)
        ranked.append((math.inf if score == -math.inf else float(place + ahead), target))
    return ranked + [(math.inf, 1)] * given.count(1)


def tied_table(seed: int, split: EncodedSplit) -> npt.NDArray[np.float32]:
    """Scores of few distinct values, a few of them refused."""
    rng = np.random.default_rng(seed)
    table = rng.integers(-2, 3, (split.test.num_rows, split.num_items)).astype(np.float32)
    return np.where(rng.random(table.shape) < 0.05, -np.inf, table).astype(np.float32)


@pytest.mark.parametrize("exclude_seen", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_ranks_agree_with_a_loop_over_ties_several_and_unknown_targets(seed: int, exclude_seen: bool) -> None:
    split = random_split(seed)
    table = tied_table(seed, split)
    found = target_ranks(TableModel(table), split, exclude_seen=exclude_seen, block_size=7)
    with_targets = [user for user in range(split.test.num_rows) if items_of(split.test, user)]
    assert found.rows.tolist() == with_targets
    for number, user in enumerate(with_targets):
        own = slice(found.row_splits[number], found.row_splits[number + 1])
        expected = ranks_by_loop(table, split, user, exclude_seen)
        assert found.ranks[own].tolist() == [rank for rank, _ in expected]
        assert sorted(found.item_index[own]) == sorted(item for _, item in expected)
        finite = np.isfinite(found.ranks[own])
        ranked_scores = [table[user, item] for item in found.item_index[own][finite]]
        assert ranked_scores == [table[user, item] for rank, item in expected if rank < math.inf]
        assert found.history_lengths[number] == len(items_of(split.train, user)) + len(
            items_of(split.validation, user)
        )


def test_candidates_alone_are_ranked() -> None:
    split = random_split(3)
    table, chosen = tied_table(3, split), np.array([9, 4, 5, 21, 4])
    others = np.setdiff1d(np.arange(2, split.num_items), chosen)
    refused = table.copy()
    refused[:, others] = -np.inf
    found = target_ranks(TableModel(table), split, candidates=chosen, list_k=5)
    expected = target_ranks(TableModel(refused), split, list_k=5)
    np.testing.assert_array_equal(found.ranks, expected.ranks)
    np.testing.assert_array_equal(found.lists, expected.lists)
    assert np.isfinite(found.ranks).any()
    assert not np.isfinite(found.ranks[np.isin(found.item_index, others)]).any()
    assert evaluate(TableModel(table), split, candidates=chosen).num_candidates == 4
    assert evaluate(TableModel(table), split).num_candidates == split.num_items - 2


def test_a_split_may_name_its_candidates() -> None:
    split = random_split(2)
    table = tied_table(2, split)
    own = np.setdiff1d(split.test.item_index, [1])
    found = target_ranks(TableModel(table), replace(split, candidates="part"))
    assert found.num_candidates == len(own)
    expected = target_ranks(TableModel(table), split, candidates=own)
    np.testing.assert_array_equal(found.ranks, expected.ranks)


@pytest.mark.parametrize("candidates", [[], [1, 5], [5, 30]])
def test_candidates_outside_the_catalogue_are_refused(candidates: list[int]) -> None:
    split = random_split(0)
    with pytest.raises(ValueError, match="`candidates` must be catalogue rows from 2 to 29, one or more"):
        target_ranks(TableModel(tied_table(0, split)), split, candidates=np.array(candidates))


def test_a_constant_model_gets_the_worst_rank() -> None:
    split = EncodedSplit("s", encoded([[2, 3], [4]]), encoded([[], []]), encoded([[5], [5]]), 12)
    model = TableModel(np.zeros((2, 12), np.float32))
    assert target_ranks(model, split).ranks.tolist() == [8, 9]
    assert target_ranks(model, split, exclude_seen=False).ranks.tolist() == [10, 10]


def test_a_target_that_was_met_before_is_a_counted_miss() -> None:
    split = EncodedSplit("s", encoded([[2, 3, 4]]), encoded([[]]), encoded([[3]]), 6)
    table = np.array([[9, 9, 3, 2, 1, 0]], np.float32)
    found = target_ranks(TableModel(table), split)
    assert found.ranks.tolist() == [np.inf]
    assert found.seen_targets == 1
    repeats = target_ranks(TableModel(table), split, exclude_seen=False)
    assert repeats.ranks.tolist() == [2]
    assert repeats.seen_targets == 0


def test_padding_and_unknown_are_never_candidates() -> None:
    split = EncodedSplit("s", encoded([[]]), encoded([[]]), encoded([[2]]), 5)
    table = np.array([[100, 100, 0, -1, -2]], np.float32)
    found = target_ranks(TableModel(table), split, list_k=5)
    assert found.ranks.tolist() == [1]
    assert found.lists.tolist() == [[2, 3, 4, 0, 0]]


def test_validation_history_is_train_alone() -> None:
    split = EncodedSplit("s", encoded([[2]]), encoded([[3]]), encoded([[4]]), 6)
    seen: list[Any] = []
    model = TableModel(np.zeros((1, 6), np.float32), on_batch=lambda batch: seen.append(batch["history"]))
    target_ranks(model, split, "validation")
    target_ranks(model, split, "test")
    assert [history.tolist() for history in seen] == [[[2]], [[2, 3]]]


def test_the_batch_holds_what_a_scorer_is_promised() -> None:
    split = EncodedSplit("s", encoded([[2, 3, 4], [], [5]]), encoded([[]] * 3), encoded([[6], [], [7]]), 9)
    batches: list[Mapping[str, Any]] = []
    model = TableModel(np.zeros((3, 9), np.float32), max_history_length=2, on_batch=batches.append)
    target_ranks(model, split)
    (batch,) = batches
    assert batch["history"].tolist() == [[3, 4], [0, 5]]
    assert batch["user_index"].tolist() == [2, 4]
    assert batch["age"].tolist() == [0, 2]
    assert batch["history"].dtype == batch["user_index"].dtype == np.int32


def test_the_order_of_the_catalogue_does_not_matter() -> None:
    split = random_split(5)
    table = tied_table(5, split)
    order = np.append([0, 1], 2 + np.random.default_rng(5).permutation(split.num_items - 2))
    new_row = np.argsort(order)

    def renamed(part: EncodedInteractions) -> EncodedInteractions:
        return replace(part, item_index=new_row[part.item_index].astype(np.int32))

    shuffled = EncodedSplit(
        "s", renamed(split.train), renamed(split.validation), renamed(split.test), split.num_items
    )
    np.testing.assert_array_equal(
        target_ranks(TableModel(table), split).ranks,
        target_ranks(TableModel(table[:, order]), shuffled).ranks,
    )


@pytest.mark.parametrize("block_size", [1, 13, 10_000])
def test_the_block_size_changes_nothing(block_size: int) -> None:
    split = random_split(6)
    model = TableModel(tied_table(6, split))
    expected = target_ranks(model, split, block_size=8, list_k=4)
    found = target_ranks(model, split, block_size=block_size, list_k=4)
    for name in ("rows", "row_splits", "item_index", "ranks", "lists"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)


def test_the_scores_of_the_model_are_left_alone() -> None:
    split = random_split(7)
    table = tied_table(7, split)

    class Shares(TableModel):
        def catalogue_scorer(self) -> Any:
            return lambda batch: table[: len(batch["history"])]

    before = table.copy()
    target_ranks(Shares(table), split)
    np.testing.assert_array_equal(table, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_counted_and_named(bad: float) -> None:
    split = random_split(8)
    table = tied_table(8, split)
    table[items_users(split)[:2], 4] = bad
    table[items_users(split)[0], 5] = bad
    table[:, :2] = bad  # PAD and OOV are nobody's business
    message = r"Received: 3 NaN or \+inf of .* \(for 2 of .* users\) from model 'broken'"
    with pytest.raises(ValueError, match=message):
        target_ranks(TableModel(table, name="broken"), split)


def items_users(split: EncodedSplit) -> list[int]:
    return np.flatnonzero(split.test.lengths()).tolist()


def test_scores_of_another_shape_are_refused() -> None:
    split = random_split(9)
    with pytest.raises(ValueError, match=r"Model 'table' must return scores of the shape \(\d+, 30\)"):
        target_ranks(TableModel(tied_table(9, split)[:, :-1]), split)


def test_a_model_that_cannot_score_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"'catalogue_scorer'\] missing\. Received: object\. Give it those"):
        target_ranks(object(), random_split(0))  # type: ignore[arg-type]


def test_bad_arguments_are_refused() -> None:
    split = random_split(0)
    model = TableModel(tied_table(0, split))
    with pytest.raises(UnknownNameError, match="Did you mean 'validation'"):
        target_ranks(model, split, "valid")
    with pytest.raises(ValueError, match="`block_size` must be at least 1"):
        target_ranks(model, split, block_size=0)
    with pytest.raises(ValueError, match="`list_k` must be at least 0"):
        target_ranks(model, split, list_k=-1)


@pytest.mark.parametrize(
    ("targets", "message"),
    [([[], []], "must have at least one interaction to evaluate on"), ([[30], []], "rows below 30 or OOV")],
)
def test_targets_that_cannot_be_ranked_are_refused(targets: list[list[int]], message: str) -> None:
    nothing = encoded([[], []])
    split = EncodedSplit("s", nothing, nothing, encoded(targets), 30)
    with pytest.raises(ValueError, match=message):
        target_ranks(TableModel(np.zeros((2, 30), np.float32)), split)
