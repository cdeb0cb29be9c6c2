"""The baselines, against their formulas written out, and on real data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from tests.evaluation.arrays import encoded
from tfrec_zoo.baselines import EASE, ContentKNN, ItemKNN, Popularity, RecentPopularity
from tfrec_zoo.baselines.baseline import Baseline
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit

NUM_ITEMS = 9
ALL = [Popularity(), RecentPopularity(half_life=1), ItemKNN(), EASE()]


def random_train(seed: int, num_users: int = 25) -> EncodedInteractions:
    rng = np.random.default_rng(seed)
    part = encoded([rng.integers(1, NUM_ITEMS, rng.integers(0, 9)).tolist() for _ in range(num_users)])
    return EncodedInteractions(
        part.user_index, part.row_splits, part.item_index, timestamp=rng.random(len(part)) * 10 * 86_400
    )


def sets_of(train: EncodedInteractions) -> npt.NDArray[np.float64]:
    matrix = np.zeros((train.num_rows, NUM_ITEMS))
    matrix[train.row_of_position(), train.item_index] = 1
    matrix[:, :2] = 0
    return matrix


HISTORY = np.array([[0, 0, 2, 3], [1, 5, 5, 8], [0, 0, 0, 0]], np.int32)
HISTORY_SETS = np.zeros((3, NUM_ITEMS))
HISTORY_SETS[[0, 0, 1, 1], [2, 3, 5, 8]] = 1


def scores(model: Baseline, train: EncodedInteractions) -> npt.NDArray[np.float32]:
    found = model.fit(train, NUM_ITEMS).catalogue_scorer()({"history": HISTORY})
    assert found.dtype == np.float32
    assert found.shape == (3, NUM_ITEMS)
    return found


def test_popularity_counts_the_training_rows() -> None:
    train = random_train(0)
    expected = [0, 0] + [sum(train.item_index == item) for item in range(2, NUM_ITEMS)]
    np.testing.assert_array_equal(scores(Popularity(), train), [expected] * 3)


def test_recent_popularity_fades_or_ends() -> None:
    train = random_train(1)
    assert train.timestamp is not None
    days = (train.timestamp.max() - train.timestamp) / 86_400
    fading = [sum(0.5 ** (days[train.item_index == item] / 3)) for item in range(2, NUM_ITEMS)]
    ending = [sum(days[train.item_index == item] <= 4) for item in range(2, NUM_ITEMS)]
    found = scores(RecentPopularity(half_life=3), train)
    np.testing.assert_allclose(found, [[0, 0, *fading]] * 3, rtol=1e-6)
    np.testing.assert_array_equal(scores(RecentPopularity(window=4), train), [[0, 0, *ending]] * 3)


@pytest.mark.parametrize(("num_neighbours", "shrink"), [(100, 0.0), (3, 0.0), (2, 5.0)])
def test_item_knn_sums_the_cosines_of_near_neighbours(num_neighbours: int, shrink: float) -> None:
    train = random_train(2)
    sets = sets_of(train)
    similarity = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for item in range(2, NUM_ITEMS):
        for other in range(2, NUM_ITEMS):
            norms = np.sqrt(sets[:, item].sum()) * np.sqrt(sets[:, other].sum())
            if item != other:
                similarity[item, other] = sets[:, item] @ sets[:, other] / (norms + shrink)
        farther = np.argsort(-similarity[item], kind="stable")[num_neighbours:]
        similarity[item, farther] = 0
    expected = HISTORY_SETS @ similarity.T
    np.testing.assert_allclose(scores(ItemKNN(num_neighbours, shrink), train), expected, rtol=1e-5)


def test_item_knn_does_not_depend_on_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scores(ItemKNN(3), random_train(3))
    monkeypatch.setattr("tfrec_zoo.baselines.item_knn._BLOCK", 4)
    np.testing.assert_array_equal(scores(ItemKNN(3), random_train(3)), whole)


def test_item_knn_takes_the_first_of_equally_near_neighbours() -> None:
    num_items = 300
    train = encoded([list(range(2, num_items))] * 2)  # every two items are equally alike
    found = ItemKNN(3).fit(train, num_items).catalogue_scorer()({"history": np.arange(2, 8)[:, None]})
    for history, row in zip(range(2, 8), found, strict=True):
        first = {
            item: [other for other in range(2, num_items) if other != item][:3]
            for item in range(2, num_items)
        }
        near = [item for item in first if history in first[item]]
        assert np.flatnonzero(row).tolist() == near


@pytest.mark.parametrize("num_neighbours", [100, 2])
def test_content_knn_sums_the_cosines_of_near_trained_neighbours(num_neighbours: int) -> None:
    vectors = np.random.default_rng(5).random((NUM_ITEMS, 4)) + np.eye(NUM_ITEMS, 4)
    vectors[:2] = vectors[6] = 0
    train = encoded([[2, 3, 5], [5, 8, 1]])
    similarity = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for item in (2, 3, 4, 5, 7, 8):
        for other in {2, 3, 5, 8} - {item}:
            norms = np.linalg.norm(vectors[item]) * np.linalg.norm(vectors[other])
            similarity[item, other] = vectors[item] @ vectors[other] / norms
        farther = np.argsort(-similarity[item], kind="stable")[num_neighbours:]
        similarity[item, farther] = 0
    expected = HISTORY_SETS @ similarity.T
    assert expected[0, 4] > 0  # cold, and near to the history
    np.testing.assert_allclose(scores(ContentKNN(vectors, num_neighbours), train), expected, rtol=1e-5)


def test_ease_minimises_its_objective() -> None:
    """Each column is ridge regression on the other items: the normal equations, solved one by one."""
    train, l2 = random_train(4), 3.0
    sets = sets_of(train)
    weights = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for item in range(NUM_ITEMS):
        others = np.delete(np.arange(NUM_ITEMS), item)
        x = sets[:, others]
        weights[others, item] = np.linalg.solve(x.T @ x + l2 * np.eye(len(others)), x.T @ sets[:, item])
    np.testing.assert_allclose(scores(EASE(l2), train), HISTORY_SETS @ weights, atol=1e-6)


def test_ease_s_factors_are_its_best_weights_of_their_rank() -> None:
    model = EASE(l2=3).fit(random_train(4, 80), NUM_ITEMS)
    weights = model.catalogue_scorer()({"history": np.arange(NUM_ITEMS)[:, None]})
    left, values, right = np.linalg.svd(weights)
    for dim in (1, 3, NUM_ITEMS - 1, 20):
        of_history, of_items = model.factors(dim)
        assert of_history.shape == of_items.shape == (NUM_ITEMS, dim)
        rank = min(dim, NUM_ITEMS - 1)
        best = (left[:, :rank] * values[:rank]) @ right[:rank]
        np.testing.assert_allclose(of_history @ of_items.T, best, atol=1e-5)
    with pytest.raises(ValueError, match="`dim` must be at least 1"):
        model.factors(0)


def test_ease_refuses_a_catalogue_that_does_not_fit() -> None:
    message = r"EASE needs about 0\.0 GiB .* at most `max_items` = 8\. .* use ItemKNN\. Received: 9"
    with pytest.raises(ValueError, match=message):
        EASE(max_items=8).fit(random_train(0), NUM_ITEMS)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.name)
def test_what_cannot_be_fitted_or_scored_is_refused(model: Baseline) -> None:
    fresh = type(model)(half_life=1) if isinstance(model, RecentPopularity) else type(model)()
    with pytest.raises(
        ValueError, match=f"{type(model).__name__} must be fitted before it scores. Call `fit`"
    ):
        fresh.catalogue_scorer()
    with pytest.raises(ValueError, match="`train` must hold at least one interaction"):
        model.fit(encoded([[], []]), NUM_ITEMS)
    with pytest.raises(ValueError, match=r"must hold catalogue rows below 5. Received: 8"):
        model.fit(encoded([[2, 8]]), 5)


def test_recent_popularity_needs_times() -> None:
    with pytest.raises(ValueError, match=r"needs `timestamp`\. Received: None\. Use Popularity"):
        RecentPopularity(window=1).fit(encoded([[2]]), NUM_ITEMS)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RecentPopularity(), "Exactly one of `half_life` and `window`"),
        (lambda: RecentPopularity(half_life=1, window=1), "Exactly one of `half_life` and `window`"),
        (lambda: RecentPopularity(window=0), "must be above 0 days. Received: 0"),
        (lambda: ItemKNN(num_neighbours=0), "`num_neighbours` must be at least 1"),
        (lambda: ItemKNN(shrink=-1), "`shrink` must be at least 0"),
        (lambda: ContentKNN(np.zeros(3)), "`vectors` must be a matrix"),
        (lambda: ContentKNN(np.zeros((3, 2)), 0), "`num_neighbours` must be at least 1"),
        (lambda: EASE(l2=0), "`l2` must be above 0"),
        (lambda: EASE(max_items=0), "`max_items` must be at least 1"),
    ],
)
def test_hyper_parameters_out_of_range_are_refused(build: Callable[[], Baseline], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def movielens(frame: pd.DataFrame) -> EncodedInteractions:
    """Rows of u.data on the axis of all 943 users, items as id + 1."""
    frame = frame.sort_values(["user", "time"], kind="stable")
    return EncodedInteractions(
        user_index=np.arange(943, dtype=np.int32) + 2,
        row_splits=np.append(0, np.cumsum(np.bincount(frame["user"] - 1, minlength=943))),
        item_index=(frame["item"] + 1).to_numpy(np.int32),
        timestamp=frame["time"].to_numpy(np.float64),
    )


@pytest.fixture(scope="module")
def ratings(shared_data: Callable[[str], Path]) -> pd.DataFrame:
    path = shared_data("movielens-100k") / "u.data"
    return pd.read_csv(path, sep="\t", names=["user", "item", "rating", "time"])


def test_movielens_last_item_out(ratings: pd.DataFrame) -> None:
    ordered = ratings.sort_values(["user", "time"], kind="stable")
    back = ordered.groupby("user").cumcount(ascending=False)
    parts = [movielens(ordered[rows]) for rows in (back >= 2, back == 1, back == 0)]
    split = EncodedSplit("leave_last_out", *parts, num_items=1684)
    found = {
        model.name: evaluate(model.fit(split.train, 1684), split, num_bootstrap=0, slices=False).metrics
        for model in (Popularity(), ItemKNN(num_neighbours=100), EASE())
    }
    # The target of a user is in the ten best that they have not seen: counted here with sets and sorting.
    counts = split.train.item_counts(1684)
    hits = 0
    for user in range(943):
        seen = {*items(split.train, user), *items(split.validation, user)}
        (target,) = items(split.test, user)
        hits += sum(counts[item] >= counts[target] for item in set(range(2, 1684)) - seen - {target}) < 10
    assert found["popularity"]["hr@10"] == pytest.approx(hits / 943)
    # RecBole 1.2.1 reports .1145/.0629 with the same neighbours.
    assert found["item_knn"]["hr@10"] == pytest.approx(0.1145, abs=0.005)
    assert found["item_knn"]["ndcg@10"] == pytest.approx(0.0629, abs=0.003)
    assert found["ease"]["hr@10"] > found["item_knn"]["hr@10"] > found["popularity"]["hr@10"]


def items(part: EncodedInteractions, user: int) -> list[int]:
    return part.item_index[part.row_splits[user] : part.row_splits[user + 1]].tolist()


def test_movielens_random_split_with_seen_items_left_in(ratings: pd.DataFrame) -> None:
    """The protocol of the TFRS tutorial, whose own two-tower model reaches .19 to .29."""
    order = np.random.default_rng(42).permutation(len(ratings))
    train, test = (movielens(ratings.iloc[rows]) for rows in (order[:80_000], order[80_000:]))
    split = EncodedSplit("random", train, movielens(ratings.iloc[:0]), test, num_items=1684)
    model = Popularity().fit(split.train, 1684)
    found = evaluate(model, split, exclude_seen=False, num_bootstrap=0, slices=False).metrics
    counts = split.train.item_counts(1684)
    at_least = np.array([(counts[2:] >= count).sum() for count in counts])
    assert found["target_hr@100"] == pytest.approx((at_least[test.item_index] <= 100).mean(), abs=0.003)
