"""Metrics of lists by name: chosen, given what they need, refused without it, joined from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import pytest

from tests.evaluation.arrays import TableModel, encoded, random_split
from tests.evaluation.test_ranks import items_of, tied_table
from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.evaluation import RankingMetrics, evaluate, plot_training, target_ranks
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.metrics import (
    LIST_METRICS,
    RANK_METRICS,
    ItemsOfUsers,
    ListMetric,
    RankMetric,
    RecommendedLists,
    intra_list_diversity,
    miscalibration,
    serendipitous_share,
)

RNG = np.random.default_rng(8)
VECTORS = RNG.normal(size=(30, 4)).astype(np.float32)
CATEGORIES = RNG.random((30, 5)) < 0.3
TODAYS = {"coverage@10", "gini@10", "novelty@10", "popularity@10"}
SPLIT = random_split(7)
MODEL = TableModel(tied_table(7, SPLIT))


class WithVectors(TableModel):
    """A model that has item vectors, half of which say how alike items are."""

    vectors = np.concatenate([VECTORS, RNG.normal(size=(30, 3))], axis=1)

    def item_vectors(self) -> np.ndarray:
        return self.vectors

    def similarity_vectors(self, item_vectors: np.ndarray) -> np.ndarray:
        return item_vectors[:, :4]


def list_metrics_of(**options: Any) -> dict[str, float]:
    metrics = evaluate(MODEL, SPLIT, ks=(10,), num_bootstrap=0, slices=False, **options).metrics
    return {name: value for name, value in metrics.items() if name.partition("@")[0] in LIST_METRICS}


def test_what_is_given_decides_which_join() -> None:
    always = TODAYS | {"serendipity@10"}
    assert set(list_metrics_of()) == always
    assert set(list_metrics_of(item_vectors=VECTORS)) == always | {"diversity@10"}
    assert set(list_metrics_of(categories=CATEGORIES)) == always | {"calibration@10"}
    assert set(list_metrics_of(list_metrics=["gini", "coverage@3"])) == {"gini@10", "coverage@3"}
    assert set(list_metrics_of(list_metrics=["coverage@3"], list_k=None)) == {"coverage@3"}
    assert list_metrics_of(list_metrics=()) == list_metrics_of(list_k=None) == {}


def test_values_are_those_of_the_functions() -> None:
    ranked = target_ranks(MODEL, SPLIT, list_k=10)
    names = ["diversity@10", "serendipity@10", "calibration@10", "diversity@3", "coverage@3"]
    found = list_metrics_of(list_metrics=names, item_vectors=VECTORS, categories=CATEGORIES)
    for k in (10, 3):
        diverse = intra_list_diversity(ranked.lists[:, :k], VECTORS)
        assert found[f"diversity@{k}"] == pytest.approx(diverse[(ranked.lists[:, :k] > 1).sum(1) > 1].mean())
    counts = SPLIT.train.item_counts(30)
    targets = ItemsOfUsers(ranked.item_index, ranked.row_splits)
    assert found["serendipity@10"] == pytest.approx(serendipitous_share(ranked.lists, targets, counts).mean())
    before = [items_of(SPLIT.train, user) + items_of(SPLIT.validation, user) for user in ranked.rows]
    splits = np.append(0, np.cumsum([len(items) for items in before]))
    histories = ItemsOfUsers(np.array([item for items in before for item in items], int), splits)
    assert found["calibration@10"] == pytest.approx(
        np.nanmean(miscalibration(ranked.lists, histories, CATEGORIES))
    )
    assert found["coverage@3"] == len(set(ranked.lists[:, :3].ravel().tolist()) - {0}) / 28


def test_means_have_intervals_and_totals_have_none() -> None:
    report = evaluate(MODEL, SPLIT, ks=(10,), num_bootstrap=200, item_vectors=VECTORS, categories=CATEGORIES)
    assert set(report.metrics) - set(report.intervals) == {"coverage@10", "gini@10"}
    for name in ("diversity@10", "serendipity@10", "calibration@10"):
        low, high = report.intervals[name]
        assert low < report.metrics[name] < high


def test_vectors_of_the_model_are_taken_when_asked_for_by_name() -> None:
    model = WithVectors(MODEL.table)
    assert "diversity@10" not in evaluate(model, SPLIT, num_bootstrap=0).metrics, "encoding items costs"
    found = evaluate(model, SPLIT, num_bootstrap=0, list_metrics=["diversity"]).metrics["diversity@10"]
    assert found == pytest.approx(list_metrics_of(item_vectors=VECTORS)["diversity@10"])


def test_what_is_missing_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"diversity@10 needs a vector of each item, and 'table' has no"):
        list_metrics_of(list_metrics=["diversity"])
    with pytest.raises(ValueError, match=r"calibration@10 needs the categories .*features.item_categories"):
        list_metrics_of(list_metrics=["calibration"])
    with pytest.raises(ValueError, match=r"`item_vectors` must have one row for each of the 30 rows"):
        list_metrics_of(item_vectors=VECTORS[2:])
    with pytest.raises(ValueError, match=r"`categories` must have one row for each of the 30 rows"):
        list_metrics_of(categories=CATEGORIES[:, 0])
    with pytest.raises(UnknownNameError, match=r"Unknown metric of lists. Did you mean 'diversity'"):
        list_metrics_of(list_metrics=["diversty"])
    with pytest.raises(ValueError, match=r"`list_metrics` must hold names. Received: 'gini'"):
        list_metrics_of(list_metrics="gini")
    for name, k in (("gini", None), ("gini@", 10), ("gini@0", 10), ("gini@x", 10)):
        with pytest.raises(ValueError, match="'gini' must have a list length"):
            list_metrics_of(list_metrics=[name], list_k=k)


class Watched(keras.Model):
    """A model whose scores are a new random table after each epoch."""

    max_history_length = None

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.tables: list[np.ndarray] = []

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def item_vectors(self) -> np.ndarray:
        return VECTORS * (1 + len(self.tables))

    def catalogue_scorer(self) -> Callable[[Mapping[str, Any]], np.ndarray]:
        self.tables.append(np.random.default_rng(len(self.tables)).random((60, 30), np.float32))
        return lambda batch: self.tables[-1][batch["user_index"] - 2]


def fit(*callbacks: keras.callbacks.Callback, epochs: int = 3) -> Watched:
    model = Watched()
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(np.zeros((4, 1)), np.zeros((4, 1)), epochs=epochs, verbose=0, callbacks=list(callbacks))
    return model


def test_they_are_watched_in_fit(tmp_path) -> None:
    names = ("hr@10", "coverage@10", "gini@5", "diversity@10", "calibration@3")
    watch = RankingMetrics(SPLIT, metrics=names, categories=CATEGORIES)
    stop = keras.callbacks.EarlyStopping("val_gini@5", mode="min", patience=9)
    model = fit(watch, stop)
    history = model.history.history
    for epoch, table in enumerate(model.tables):
        expected = evaluate(
            TableModel(table),
            SPLIT,
            "validation",
            ks=(10,),
            num_bootstrap=0,
            list_metrics=[name for name in names if name != "hr@10"],
            item_vectors=VECTORS,
            categories=CATEGORIES,
        ).metrics
        for name in names:
            assert history[f"val_{name}"][epoch] == pytest.approx(expected[name])
    assert stop.best == min(history["val_gini@5"])
    plot_training(history, tmp_path / "training.png")


def test_metrics_of_lists_can_be_watched_alone() -> None:
    history = fit(RankingMetrics(SPLIT, metrics=["coverage@10"]), epochs=1).history.history
    assert set(history) == {"loss", "val_coverage@10"}


def test_what_is_missing_is_refused_before_training() -> None:
    trained: list[int] = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: trained.append(epoch))
    with pytest.raises(ValueError, match=r"calibration@10 needs the categories of each item"):
        fit(RankingMetrics(SPLIT, metrics=["calibration@10"]), watch)
    with pytest.raises(ValueError, match=r"diversity@10 needs a vector of each item, and 'table' has no"):
        fit(RankingMetrics(SPLIT, metrics=["diversity@10"], scorer=MODEL), watch)
    assert trained == []


class FirstItem(ListMetric):
    """Mean catalogue row of the first item, which anybody might make up."""

    needs = ("train_counts",)
    higher_is_better = False

    def compute(self, given: RecommendedLists) -> float:
        assert given.train_counts is not None
        assert given.train_counts.sum() == len(SPLIT.train.known_only)
        return float(given.lists[:, 0].mean())


def mean_rank(ranks: np.ndarray, row_splits: np.ndarray, k: int) -> np.ndarray:
    return np.minimum(ranks[row_splits[:-1]], k)


@pytest.fixture
def outsiders() -> Iterator[None]:
    LIST_METRICS.register("first_item", FirstItem())
    RANK_METRICS.register("mean_rank", RankMetric(mean_rank, higher_is_better=False))
    yield
    LIST_METRICS.unregister("first_item")
    RANK_METRICS.unregister("mean_rank")


@pytest.mark.usefixtures("outsiders")
def test_an_outsider_s_metrics_join_evaluate_and_fit() -> None:
    report = evaluate(MODEL, SPLIT, ks=(5,), num_bootstrap=10)
    ranked = target_ranks(MODEL, SPLIT, list_k=1)
    assert report.metrics["first_item@10"] == ranked.lists.mean()
    assert report.metrics["mean_rank@5"] == np.minimum(ranked.ranks[ranked.row_splits[:-1]], 5).mean()
    assert "mean_rank@5" in report.intervals
    assert "mean_rank@5" in next(iter(report.slices.values())).metrics
    names = ("mean_rank@7", "first_item@2")
    history = fit(RankingMetrics(SPLIT, metrics=names), epochs=2).history.history
    assert set(history) == {"loss", "val_mean_rank@7", "val_first_item@2"}


def test_gone_again_they_are_unknown() -> None:
    with pytest.raises(UnknownNameError):
        RankingMetrics(SPLIT, metrics=["first_item@2"])


def test_a_metric_that_needs_what_does_not_exist_says_so(outsiders: None) -> None:
    class Wrong(FirstItem):
        needs = ("prices",)  # type: ignore[assignment]

    LIST_METRICS.register("wrong", Wrong())
    try:
        with pytest.raises(UnknownNameError, match="Unknown need of the metric 'wrong'"):
            list_metrics_of(list_metrics=["wrong"])
    finally:
        LIST_METRICS.unregister("wrong")


def test_a_short_list_and_an_unknown_history() -> None:
    """Two users: one whose list has one item, one of whom nothing is known."""
    split = EncodedSplit("s", encoded([[2, 3], [1]]), encoded([[], []]), encoded([[4], [3]]), 5)
    metrics = evaluate(
        TableModel(np.ones((2, 5), np.float32)),
        split,
        num_bootstrap=10,
        item_vectors=np.eye(5, 3),
        categories=np.eye(5, dtype=bool)[:, 2:],
    ).metrics
    assert metrics["diversity@10"] == pytest.approx(1), "of the second user's list alone"
    assert metrics["calibration@10"] == pytest.approx(np.log(100)), "of the first user's alone"
    assert metrics["serendipity@10"] == 0, "all are among the ten most popular"
