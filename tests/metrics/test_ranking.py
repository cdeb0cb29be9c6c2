"""The arithmetic from ranks, against loops written here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tfrec_zoo.metrics import ranking_metrics

KS = (1, 2, 5, 10, 50)


def by_loop(ranks: list[float], k: int) -> dict[str, float]:
    """The metrics of one user from the definitions, rank by rank."""
    relevant = [rank in ranks for rank in range(1, k + 1)]
    dcg = sum(1 / math.log2(place + 1) for place, hit in enumerate(relevant, 1) if hit)
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(ranks)) + 1))
    precisions = [sum(relevant[:place]) / place for place, hit in enumerate(relevant, 1) if hit]
    return {
        "hr": float(any(relevant)),
        "ndcg": dcg / ideal,
        "mrr": next((1 / place for place, hit in enumerate(relevant, 1) if hit), 0.0),
        "recall": sum(relevant) / len(ranks),
        "map": sum(precisions) / min(k, len(ranks)),
    }


def test_every_metric_agrees_with_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    users = [sorted(rng.choice(60, rng.integers(1, 15), replace=False) + 1.0) for _ in range(200)]
    users += [[math.inf], [3.0, math.inf, math.inf], [1.0], list(np.arange(1.0, 13.0))]
    row_splits = np.append(0, np.cumsum([len(user) for user in users]))
    found = ranking_metrics(np.concatenate(users), row_splits, KS)
    assert set(found) == {f"{name}@{k}" for name in ("hr", "ndcg", "mrr", "recall", "map") for k in KS}
    for k in KS:
        expected = [by_loop(list(user), k) for user in users]
        for name in expected[0]:
            np.testing.assert_allclose(found[f"{name}@{k}"], [user[name] for user in expected], atol=1e-12)


def test_a_perfect_ranking_scores_one() -> None:
    found = ranking_metrics(np.array([1.0, 2.0, 3.0, 1.0]), np.array([0, 3, 4]), [2, 5])
    for name, values in found.items():
        np.testing.assert_allclose(values, [2 / 3, 1] if name == "recall@2" else [1, 1])


def test_nobody_gives_empty_columns() -> None:
    found = ranking_metrics(np.zeros(0), np.zeros(1, int), [10])
    assert all(values.shape == (0,) for values in found.values())


@pytest.mark.parametrize("ks", [[], [0], [5, -1]])
def test_list_lengths_below_one_are_refused(ks: list[int]) -> None:
    with pytest.raises(ValueError, match=r"`ks` must hold list lengths of at least 1. Received"):
        ranking_metrics(np.ones(1), np.array([0, 1]), ks)


def test_a_user_without_targets_is_refused() -> None:
    with pytest.raises(ValueError, match="Every user must have at least one target"):
        ranking_metrics(np.ones(1), np.array([0, 0, 1]), [1])
