"""The planted structure is really there, and can be learned the way the docstring says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.data.tables import Dataset, Items

NUM_ITEMS = 200
Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return synthetic(images=True, audio=True)


def items_of(data: Dataset) -> Items:
    assert data.items is not None
    return data.items


def topics(data: Dataset) -> Array:
    categories = items_of(data).categories
    assert categories is not None
    return np.array([int(row[0].removeprefix("topic_")) for row in categories])


def test_shapes_and_types(data: Dataset) -> None:
    table, items, users = data.interactions, items_of(data), data.users
    assert (len(table), table.num_users, len(items)) == (20_000, 500, NUM_ITEMS)
    assert table.timestamp is not None
    assert (np.diff(table.timestamp) >= 0).all()
    assert set(np.unique(table.rating)) == {1, 2, 3, 4, 5}  # type: ignore[arg-type]
    assert np.bincount(table.user_id.codes).min() >= 3
    pairs = set(zip(table.user_id.codes, table.item_id.codes, strict=True))
    assert len(pairs) == len(table), "a user must not meet an item twice"
    for column, shape, dtype in (("image", (16, 16, 3), "uint8"), ("audio", (2000,), "int16")):
        assert getattr(items, column).shape == (NUM_ITEMS, *shape)
        assert getattr(items, column).dtype == dtype
    assert users is not None
    assert set(users.profile) == {"group", "age"}
    assert items_of(synthetic(20, 20, 60)).image is None


def test_seed_decides_everything(data: Dataset) -> None:
    again, other = synthetic(images=True, audio=True), synthetic(seed=1)
    assert data.interactions.equals(again.interactions)
    assert not data.interactions.equals(other.interactions)
    for column in ("title", "image", "audio", "vectors"):
        np.testing.assert_array_equal(getattr(data.items, column), getattr(again.items, column))


def ndcg_at_10(data: Dataset, scorer: Callable[[Array, Array], Array]) -> float:
    """Leave-last-out, seen items left out; `scorer(train items by user and time, history)` -> scores."""
    split = leave_last_out(data.interactions, validation=False)
    order = split.train.order_by_user_and_time()
    users, items = split.train.user_id.codes[order], split.train.item_id.codes[order]
    gains = []
    for user, target in zip(split.test.user_id.codes, split.test.item_id.codes, strict=True):
        history = items[users == user]
        scores = scorer(np.stack([users, items]), history).astype(float)
        scores[history] = -np.inf
        rank = int((scores >= scores[target]).sum())
        gains.append(1 / np.log2(rank + 1) if rank <= 10 else 0.0)
    return float(np.mean(gains))


def follow_counts(train: Array, distance: int) -> Array:
    counts = np.zeros((NUM_ITEMS, NUM_ITEMS))
    same = train[0, distance:] == train[0, :-distance]
    np.add.at(counts, (train[1, :-distance][same], train[1, distance:][same]), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def test_recent_history_beats_the_bag_and_the_bag_beats_popularity(data: Dataset) -> None:
    split = leave_last_out(data.interactions, validation=False)
    popularity = np.bincount(split.train.item_id.codes, minlength=NUM_ITEMS)
    seen = np.zeros((500, NUM_ITEMS))
    seen[split.train.user_id.codes, split.train.item_id.codes] = 1
    together = seen.T @ seen / np.sqrt(np.outer(popularity, popularity))
    order = split.train.order_by_user_and_time()
    follows = [
        follow_counts(
            np.stack([split.train.user_id.codes[order], split.train.item_id.codes[order]]), distance
        )
        for distance in range(1, 6)
    ]
    near = sum(follows)
    by_popularity = ndcg_at_10(data, lambda train, history: popularity)
    by_bag = ndcg_at_10(data, lambda train, history: together[history].sum(axis=0))
    by_recent_bag = ndcg_at_10(data, lambda train, history: near[history[-5:]].sum(axis=0))
    by_order = ndcg_at_10(
        data, lambda train, history: near[history[-5:]].sum(axis=0) + 10 * follows[0][history[-1]]
    )
    assert by_popularity < 0.1
    assert by_bag > 3 * by_popularity
    assert by_recent_bag > 1.3 * by_bag
    assert by_order > 1.05 * by_recent_bag


def test_content_tells_the_topic(data: Dataset) -> None:
    topic, items = topics(data), items_of(data)
    assert items.audio is not None
    assert items.image is not None
    assert items.title is not None
    words = sorted({word for title in items.title for word in title.lower().split()})
    bags = np.array([[title.lower().split().count(word) for word in words] for title in items.title])
    features = {
        "image": items.image.mean(axis=(1, 2)),
        "audio": np.abs(np.fft.rfft(items.audio.astype(float), axis=1)).argmax(axis=1)[:, None],
        "vectors": items.vectors,
        "title": bags,
    }
    known = np.arange(NUM_ITEMS) % 2 == 0
    for name, values in features.items():
        assert values is not None
        centres = np.stack([values[known & (topic == t)].mean(axis=0) for t in range(8)])
        nearest = ((values[~known, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        assert (nearest == topic[~known]).mean() > 0.9, name


def test_profile_goes_with_taste(data: Dataset) -> None:
    users, topic = data.users, topics(data)
    assert users is not None
    counts = np.zeros((500, 8))
    np.add.at(counts, (data.interactions.user_id.codes, topic[data.interactions.item_id.codes]), 1)
    favourite = counts.argmax(axis=1)
    group = np.array([int(name.removeprefix("group_")) for name in users.profile["group"]])
    assert (group == favourite).mean() > 2 / 8, "twice chance"
    assert np.corrcoef(users.profile["age"], favourite)[0, 1] > 0.2


def test_popularity_skew_and_drift_are_felt() -> None:
    def top_share(skew: float) -> float:
        counts = np.bincount(synthetic(popularity_skew=skew).interactions.item_id.codes, minlength=NUM_ITEMS)
        return float(np.sort(counts)[-20:].sum() / counts.sum())

    def dwell(drift: float) -> float:
        drawn = synthetic(drift=drift)
        order = drawn.interactions.order_by_user_and_time()
        walked = topics(drawn)[drawn.interactions.item_id.codes[order]]
        return float((walked[1:] == walked[:-1]).mean())

    assert top_share(1.5) > 1.3 * top_share(0.0)
    assert dwell(0.02) > dwell(0.3) + 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_topics": 0}, "`num_topics` must be from 1 to 500. Received: 0"),
        ({"num_items": 10}, "`num_items` must be at least twice `num_topics`"),
        ({"num_users": 0}, "`num_users` must be at least 1"),
        ({"num_interactions": 1000}, "from 3 per user to half the items per user"),
        ({"num_interactions": 10**6}, "from 3 per user to half the items per user"),
        ({"popularity_skew": -1}, "`popularity_skew` must be at least 0"),
        ({"drift": 1.1}, "`drift` must be between 0 and 1"),
    ],
)
def test_sizes_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synthetic(**arguments)


def test_the_fullest_and_the_smallest_world() -> None:
    full = synthetic(4, 20, 4 * 10)
    assert np.bincount(full.interactions.user_id.codes).tolist() == [10] * 4
    assert len(synthetic(1, 16, 3).interactions) == 3
    assert len(synthetic(5, 6, 15, num_topics=1).interactions) == 15
