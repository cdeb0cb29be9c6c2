"""Which metrics of the recommended lists an evaluation computes, and what it hands them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.evaluation.ranks import TargetRanks
from tfrec_zoo.evaluation.scorer import model_name
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.metrics.list_metric import ItemsOfUsers, ListMetric, Need, RecommendedLists, Result
from tfrec_zoo.metrics.registry import LIST_METRICS

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class WantedListMetrics:
    """Metrics of lists to compute, and what the caller gave of the items for those that need it."""

    metrics: Mapping[str, tuple[ListMetric, int]]
    """ "coverage@10" -> the metric and the length of its lists."""
    item_vectors: Array | None
    """By whose cosine two items are alike, [num_items, D]; None for the model's own where they are needed."""
    categories: Any
    """Whether each item is in each category, [num_items, C], dense or scipy.sparse, or None."""

    @classmethod
    def of(
        cls,
        names: Iterable[str] | None,
        list_k: int | None,
        item_vectors: Array | None = None,
        categories: Any = None,
    ) -> Self:
        """Choose by name.

        Args:
            names: "coverage" for lists of `list_k` items, or "coverage@20"; None for all of `LIST_METRICS`
                that need nothing but the split and what is given here.
            list_k: length of the lists where a name has none; with None for both there are no metrics.
            item_vectors: see the class.
            categories: see the class.

        Raises:
            UnknownNameError: a metric that does not exist, or one that needs what does not exist.
            ValueError: a length that is missing or below 1.
        """
        require(not isinstance(names, str), "`list_metrics` must hold names.", names)
        require(list_k is None or list_k >= 1, "`list_k` must be at least 1, or None.", list_k)
        if names is None:
            given = {"item_vectors": item_vectors is not None, "categories": categories is not None}
            names = [] if list_k is None else _without_missing_needs(given)
        return cls(dict(_by_name(name, list_k) for name in names), item_vectors, categories)

    @property
    def longest(self) -> int:
        """Length of the longest lists; 0 without metrics."""
        return max((k for _, k in self.metrics.values()), default=0)

    def check(self, model: object, num_items: int) -> None:
        """Refuse before the work what could not be computed after it.

        Raises:
            ValueError: a metric that needs vectors of a model without, or categories that were not given;
                vectors or categories that do not go row by row with the catalogue.
        """
        for name in ("item_vectors", "categories"):
            given = getattr(self, name)
            shape = (num_items, 0) if given is None else getattr(given, "shape", np.shape(given))
            require(
                len(shape) == 2 and shape[0] == num_items,
                f"`{name}` must have one row for each of the {num_items} rows of the catalogue.",
                shape,
            )
        for name, (metric, _) in self.metrics.items():
            if "categories" in metric.needs and self.categories is None:
                raise ValueError(
                    f"{name} needs the categories of each item: give `categories` to `evaluate` or "
                    "`RankingMetrics`, e.g. `features.item_categories(dataset.items)`. Received: None"
                )
            own = hasattr(model, "item_vectors")
            if "item_vectors" in metric.needs and self.item_vectors is None and not own:
                raise ValueError(
                    f"{name} needs a vector of each item, and {model_name(model)!r} has no `item_vectors()`: "
                    "give `item_vectors` [num_items, D] to `evaluate` or `RankingMetrics`. Received: None"
                )

    def results(
        self, ranked: TargetRanks, split: EncodedSplit, part: str, model: object, train_counts: Array
    ) -> dict[str, Result]:
        """Compute each metric on the first k of the lists; what none of them needs is not gathered."""
        needs = {need for metric, _ in self.metrics.values() for need in metric.needs}
        found: dict[str, Any] = {"train_counts": train_counts}
        found["targets"] = ItemsOfUsers(ranked.item_index, ranked.row_splits)
        if "histories" in needs:
            found["histories"] = _rows_of(split.history_of(part), ranked.rows)
        if "item_vectors" in needs:
            found["item_vectors"] = _vectors(model) if self.item_vectors is None else self.item_vectors
        if "categories" in needs:
            found["categories"] = sparse.csr_array(self.categories).astype(np.bool_)
        lengths = {k for _, k in self.metrics.values()}
        given = {k: RecommendedLists(ranked.lists[:, :k], split.num_items, **found) for k in lengths}
        return {name: metric.compute(given[k]) for name, (metric, k) in self.metrics.items()}


def _without_missing_needs(given: Mapping[str, bool]) -> list[str]:
    return [
        name for name, metric in LIST_METRICS.items() if all(given.get(need, True) for need in metric.needs)
    ]


def _by_name(entry: str, list_k: int | None) -> tuple[str, tuple[ListMetric, int]]:
    name, at, length = entry.partition("@")
    metric = LIST_METRICS.find(name)
    for need in metric.needs:
        if need not in get_args(Need):
            raise UnknownNameError(f"need of the metric {name!r}", need, get_args(Need))
    k = list_k if not at else int(length) if length.isdecimal() else 0
    if not k:
        raise ValueError(
            f"The metric {name!r} must have a list length: give `list_k`, or write '{name}@10'. "
            f"Received: {entry!r} and list_k={list_k}"
        )
    return f"{name}@{k}", (metric, k)


def _vectors(model: Any) -> Array:
    """By which the model itself holds two items alike."""
    vectors = np.asarray(model.item_vectors())
    alike = getattr(model, "similarity_vectors", None)
    return vectors if alike is None else np.asarray(alike(vectors))


def _rows_of(part: EncodedInteractions, rows: Array) -> ItemsOfUsers:
    """The items of some of the users, in their order."""
    starts, lengths = part.row_splits[rows], part.lengths()[rows]
    row_splits = np.append(0, np.cumsum(lengths))
    positions = np.arange(row_splits[-1]) + np.repeat(starts - row_splits[:-1], lengths)
    return ItemsOfUsers(part.item_index[positions], row_splits)
