from __future__ import annotations

import numpy as np
import pytest

from tests.encoded_examples import encoded_from_lists
from tfrec_zoo.pipelines import sequences


def rows_of(dataset) -> dict[int, tuple[list[int], list[int]]]:
    rows = {}
    for inputs, targets, _ in dataset:
        assert inputs["history"].shape == targets.shape
        for user, history, target in zip(
            inputs["user_index"].numpy(), inputs["history"].numpy(), targets.numpy(), strict=True
        ):
            assert user not in rows
            rows[int(user)] = (history.tolist(), target.tolist())
    return rows


def test_targets_are_the_histories_shifted_and_both_are_padded_at_the_left() -> None:
    users = [[2, 3, 4], [5], [6, 7], [2, 1, 3], list(range(2, 12))]
    rows = rows_of(sequences(encoded_from_lists(users), batch_size=8, max_history_length=4, buckets=(2,)))
    expected = {2: [2, 3, 4], 4: [6, 7], 5: [2, 3], 6: [7, 8, 9, 10, 11]}
    assert set(rows) == set(expected), "users with one known item teach nothing"
    for user, items in expected.items():
        history, target = rows[user]
        padding = [0] * (len(history) - len(items) + 1)
        assert history == padding + items[:-1]
        assert target == padding + items[1:]


def test_no_batch_is_wider_than_its_bucket() -> None:
    generator = np.random.default_rng(0)
    users = [generator.integers(2, 50, size=n).tolist() for n in generator.integers(2, 60, size=200)]
    bounds = (8, 16, 32)
    for _, targets, _ in sequences(
        encoded_from_lists(users), batch_size=16, max_history_length=50, buckets=bounds
    ):
        lengths = (targets.numpy() != 0).sum(axis=1)
        bucket = next((bound for bound in bounds if lengths.max() <= bound), 50)
        narrower = max((bound for bound in bounds if bound < bucket), default=0)
        assert (lengths > narrower).all()
        assert targets.shape[1] <= bucket


def test_epochs_differ_and_the_seed_repeats_them() -> None:
    encoded = encoded_from_lists([[2, 3, 4]] * 40)

    def epochs(seed: int) -> list[list[int]]:
        dataset = sequences(encoded, batch_size=4, max_history_length=5, seed=seed)
        return [[int(u) for inputs, *_ in dataset for u in inputs["user_index"]] for _ in range(2)]

    assert epochs(1) == epochs(1)
    assert epochs(1)[0] != epochs(1)[1]
    assert epochs(1) != epochs(2)


def test_refuses_users_without_a_pair() -> None:
    with pytest.raises(ValueError, match="a user with at least two known items"):
        sequences(encoded_from_lists([[2], [3, 1]]), batch_size=2, max_history_length=4)
    with pytest.raises(ValueError, match="`buckets` must be ascending"):
        sequences(encoded_from_lists([[2, 3]]), batch_size=2, max_history_length=40, buckets=(16, 8))
    with pytest.raises(ValueError, match="random"):
        sequences(encoded_from_lists([[2, 3]]), batch_size=2, max_history_length=4, window="rndom")


def test_every_position_weighs_alike_whatever_its_batch_holds() -> None:
    users = [list(range(2, 2 + n)) for n in (3, 9, 9, 4, 2, 9, 9)]
    encoded = encoded_from_lists(users, weight=np.arange(1, 46) / 10)
    dataset = sequences(encoded, batch_size=2, max_history_length=8, buckets=(4,))
    batches = list(dataset)
    assert len(batches) == int(dataset.cardinality())
    expected = 2 * np.mean([min(len(items) - 1, 8) for items in users])
    for inputs, targets, weights in batches:
        real = targets.numpy() != 0
        assert (weights.numpy()[~real] == 0).all()
        for user, row, weight in zip(inputs["user_index"].numpy(), real, weights.numpy(), strict=True):
            stop = encoded.row_splits[user - 1]
            own = encoded.weight[stop - row.sum() : stop]
            np.testing.assert_allclose(weight[row] * expected / real.sum(), own, rtol=1e-5)


def test_a_batch_larger_than_the_users_has_the_mean_loss() -> None:
    encoded = encoded_from_lists([list(range(2, 2 + n)) for n in (3, 9, 4)])
    ((_, targets, weights),) = list(sequences(encoded, batch_size=1000, max_history_length=8, buckets=()))
    np.testing.assert_allclose(weights.numpy()[targets.numpy() != 0], 1, rtol=1e-5)


def test_a_random_window_reads_other_stretches_of_long_histories_in_each_epoch() -> None:
    users = [list(range(2, 32)), [2, 3, 4]] * 5
    seen = set()

    def rows(epochs: int, seed: int) -> list[list[list[int]]]:
        dataset = sequences(
            encoded_from_lists(users), batch_size=4, max_history_length=5, window="random", seed=seed
        )
        return [
            [
                h + t[-1:]
                for x, y, _ in dataset
                for h, t in zip(x["history"].numpy().tolist(), y.numpy().tolist(), strict=True)
            ]
            for _ in range(epochs)
        ]

    for row in rows(20, 1):
        for items in row:
            real = [item for item in items if item]
            assert real == list(range(real[0], real[0] + len(real)))
            assert len(real) == 6 or real == [2, 3, 4]
            seen.add(real[0])
    assert seen == set(range(2, 27)), "every stretch turns up"
    assert rows(2, 3) == rows(2, 3)
    assert rows(2, 3)[0] != rows(2, 3)[1]
