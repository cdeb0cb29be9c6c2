from __future__ import annotations

import numpy as np
import pytest

from tests.encoded_examples import encoded_from_lists
from tfrec_zoo.pipelines import pairs, with_negatives

COUNTS = np.array([100, 100, 8, 0, 4, 1])


def drawn(power: float, seed: int = 0, epochs: int = 1, s: int = 500):
    dataset = pairs(encoded_from_lists([[2, 4, 5] * 10]), batch_size=3, max_history_length=2, shuffle=False)
    dataset = with_negatives(dataset, num_negatives=s, item_counts=COUNTS, power=power, seed=seed)
    return [(inputs, targets) for _ in range(epochs) for inputs, targets in dataset]


@pytest.mark.parametrize("power", [0.0, 0.75, 1.0])
def test_items_are_drawn_in_proportion_to_count_to_the_power(power: float) -> None:
    batches = drawn(power)
    shares = np.bincount(np.concatenate([x["negatives"] for x, _ in batches]), minlength=6) / (
        500 * len(batches)
    )
    weights = np.where(COUNTS > 0, COUNTS.astype(float) ** power, 0)
    weights[:2] = 0
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.02)
    for inputs, targets in batches:
        log_q = np.log(500 * weights / weights.sum(), where=weights > 0, out=np.full(6, np.nan))
        np.testing.assert_allclose(inputs["negatives_log_q"], log_q[inputs["negatives"]], rtol=1e-5)
        np.testing.assert_allclose(inputs["targets_log_q"], log_q[targets], rtol=1e-5)


def test_batches_and_epochs_have_draws_of_their_own_and_the_seed_repeats_them() -> None:
    first, again, other = drawn(0.0, 1, 2, 20), drawn(0.0, 1, 2, 20), drawn(0.0, 2, 2, 20)
    keys = [tuple(x["negatives"].numpy()) for x, _ in first]
    assert len(set(keys)) == len(keys)
    assert keys == [tuple(x["negatives"].numpy()) for x, _ in again]
    assert keys != [tuple(x["negatives"].numpy()) for x, _ in other]


def test_refuses_an_empty_catalogue() -> None:
    dataset = pairs(encoded_from_lists([[2]]), batch_size=1, max_history_length=1)
    with pytest.raises(ValueError, match="an item that occurs"):
        with_negatives(dataset, num_negatives=2, item_counts=np.array([5, 5, 0]))
    with pytest.raises(ValueError, match="`num_negatives` must be at least 1"):
        with_negatives(dataset, num_negatives=0, item_counts=COUNTS)
