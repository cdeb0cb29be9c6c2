"""The report: means, slices, lists, intervals."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.evaluation.arrays import TableModel, encoded, random_split
from tests.evaluation.test_ranks import items_of, ranks_by_loop, tied_table
from tests.metrics.test_ranking import by_loop
from tfrec_zoo.evaluation import evaluate, target_ranks
from tfrec_zoo.evaluation.bootstrap import bootstrap_intervals
from tfrec_zoo.evaluation.slices import history_groups, popularity_groups
from tfrec_zoo.features.encoded import EncodedSplit

KS = (1, 3, 10)


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_means_agree_with_loops_from_scores_to_metrics(exclude_seen: bool) -> None:
    split = random_split(1)
    table = tied_table(1, split)
    report = evaluate(TableModel(table), split, ks=KS, exclude_seen=exclude_seen, num_bootstrap=0)
    users = [user for user in range(split.test.num_rows) if items_of(split.test, user)]
    ranks = [[rank for rank, _ in ranks_by_loop(table, split, user, exclude_seen)] for user in users]
    for k in KS:
        per_user = [by_loop(own, k) for own in ranks]
        for name in per_user[0]:
            assert report.metrics[f"{name}@{k}"] == pytest.approx(np.mean([user[name] for user in per_user]))
        targets = [rank for own in ranks for rank in own]
        assert report.metrics[f"target_hr@{k}"] == pytest.approx(np.mean([rank <= k for rank in targets]))
    assert report.num_users == len(users)
    assert report.num_targets == len(targets)
    assert report.unknown_targets == (split.test.item_index == 1).sum() > 0
    assert (report.split, report.part, report.model) == ("random", "test", "table")
    assert report.exclude_seen is exclude_seen
    assert report.intervals == {}


def test_a_constant_model_hits_nothing() -> None:
    split = random_split(2, unknown=0, longest=1)
    report = evaluate(TableModel(np.zeros((60, 30), np.float32)), split, ks=(10,), num_bootstrap=0)
    assert all(report.metrics[f"{name}@10"] == 0 for name in ("hr", "ndcg", "mrr", "recall", "map"))


def test_lists_are_described_by_what_they_hold() -> None:
    train = encoded([[2, 2, 2, 3], [3, 4]])
    split = EncodedSplit("s", train, encoded([[], []]), encoded([[5], [6]]), 8)
    table = np.array([[0, 0, 9, 9, 3, 2, 1, 0], [0, 0, 5, 9, 9, 1, 2, 3]], np.float32)
    metrics = evaluate(TableModel(table), split, list_k=2, num_bootstrap=0).metrics  # lists: [4, 5], [2, 7]
    assert metrics["coverage@2"] == pytest.approx(4 / 6)
    assert metrics["popularity@2"] == pytest.approx((1 + 0 + 3 + 0) / 4)
    assert metrics["novelty@2"] == pytest.approx((3 * math.log2(6) + math.log2(6 / 3)) / 4)
    assert metrics["gini@2"] == pytest.approx(1 / 3)


def test_no_lists_no_list_metrics() -> None:
    split = random_split(3)
    report = evaluate(TableModel(tied_table(3, split)), split, list_k=None, slices=False, num_bootstrap=2)
    assert not any(name.startswith(("coverage", "gini", "novelty", "popularity")) for name in report.metrics)
    assert report.slices == {}
    assert set(report.intervals) == set(report.metrics)


def test_popularity_groups_cut_the_interactions_in_thirds() -> None:
    counts = np.array([0, 0, 1, 9, 0, 5, 4, 2, 6, 3])
    # Sorted: 9 | 6 5 | 4 3 2 1 of 30; before each: 0, 9, 15, 20, 24, 27, 29.
    assert popularity_groups(counts).tolist() == [-1, -1, 2, 0, 3, 1, 2, 2, 0, 2]


def test_history_groups_are_quartiles_named_by_their_bounds() -> None:
    lengths = np.array([5, 1, 2, 9, 3, 7, 2, 8])
    groups = history_groups(lengths)
    assert {label: lengths[mask].tolist() for label, mask in groups.items()} == {
        "history 1-2": [1, 2, 2],
        "history 3": [3],
        "history 5-7": [5, 7],
        "history 8-9": [9, 8],
    }
    assert list(history_groups(np.full(3, 4))) == ["history 4"]


def test_slices_hold_their_own_targets_at_the_ranks_of_the_whole() -> None:
    split = random_split(4)
    model = TableModel(tied_table(4, split))
    report = evaluate(model, split, ks=(5,), num_bootstrap=0)
    ranked = target_ranks(model, split)
    groups = popularity_groups(split.train.item_counts(split.num_items))
    owner = np.repeat(ranked.rows, np.diff(ranked.row_splits))
    for number, label in enumerate(("head", "mid", "tail")):
        inside = groups[ranked.item_index] == number
        own = [ranked.ranks[inside & (owner == user)].tolist() for user in np.unique(owner[inside])]
        found = report.slices[f"items {label}"]
        assert (found.num_users, found.num_targets) == (len(own), inside.sum())
        for name in ("hr", "ndcg", "recall"):
            expected = np.mean([by_loop(user, 5)[name] for user in own])
            assert found.metrics[f"{name}@5"] == pytest.approx(expected)
    by_history = [group for label, group in report.slices.items() if label.startswith("history")]
    assert sum(group.num_users for group in by_history) == report.num_users
    assert sum(group.num_targets for group in by_history) == report.num_targets
    weighted = sum(group.num_users * group.metrics["ndcg@5"] for group in by_history) / report.num_users
    assert weighted == pytest.approx(report.metrics["ndcg@5"])


def test_cold_targets_have_a_slice() -> None:
    split = EncodedSplit("s", encoded([[2, 3]]), encoded([[]]), encoded([[2, 5]]), 7)
    report = evaluate(TableModel(np.zeros((1, 7), np.float32)), split, num_bootstrap=0)
    assert report.slices["items cold"].num_targets == 1
    assert "items tail" not in report.slices


def test_intervals_hold_the_mean_and_come_from_the_seed() -> None:
    split = random_split(5, num_users=300)
    model = TableModel(tied_table(5, split))
    first, again = (evaluate(model, split, seed=1) for _ in range(2))
    other = evaluate(model, split, seed=2)
    assert first.intervals == again.intervals != other.intervals
    assert set(first.metrics) - set(first.intervals) == {"coverage@10", "gini@10"}
    for name, (low, high) in first.intervals.items():
        assert low <= first.metrics[name] <= high, name
    low, high = first.intervals["hr@10"]
    mean = first.metrics["hr@10"]
    normal = 1.96 * math.sqrt(mean * (1 - mean) / first.num_users)
    assert high - low == pytest.approx(2 * normal, rel=0.15)


def test_bootstrap_agrees_with_drawing_users_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.random((40, 2)), rng.integers(1, 5, (40, 2))
    monkeypatch.setattr("tfrec_zoo.evaluation.bootstrap._DRAWS_AT_ONCE", 40 * 7)  # several chunks, one ragged
    found = bootstrap_intervals(values, weights, 100, seed=3, level=0.9)
    draws = np.random.default_rng(3)
    chunks = [draws.integers(40, size=(size, 40), dtype=np.int32) for size in [7] * 14 + [2]]
    means = [np.average(values[drawn], axis=0, weights=weights[drawn]) for drawn in np.concatenate(chunks)]
    np.testing.assert_allclose(found, np.quantile(means, [0.05, 0.95], axis=0))


def test_the_report_becomes_json_and_a_table() -> None:
    split = random_split(6)
    report = evaluate(TableModel(tied_table(6, split)), split, ks=(10,), num_bootstrap=20)
    saved = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert saved["metrics"] == report.metrics
    assert saved["intervals"]["hr@10"] == list(report.intervals["hr@10"])
    assert saved["slices"]["items head"]["num_users"] == report.slices["items head"].num_users
    frame = report.to_frame()
    assert frame.loc["ndcg@10", "value"] == report.metrics["ndcg@10"]
    assert frame.loc["ndcg@10", "low"] == report.intervals["ndcg@10"][0]
    assert math.isnan(frame.loc["coverage@10", "high"])
    assert frame.loc["hr@10", "items head"] == report.slices["items head"].metrics["hr@10"]


def test_bad_arguments_are_refused() -> None:
    split = random_split(0)
    model = TableModel(tied_table(0, split))
    with pytest.raises(ValueError, match=r"`ks` must hold list lengths of at least 1. Received: \[0, 5\]"):
        evaluate(model, split, ks=(5, 0))
    with pytest.raises(ValueError, match="`num_bootstrap` must be at least 0"):
        evaluate(model, split, num_bootstrap=-1)
    with pytest.raises(ValueError, match="`list_k` must be at least 1, or None"):
        evaluate(model, split, list_k=0)
