"""Evaluation over the full catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import require
from tfrec_zoo.evaluation.bootstrap import bootstrap_intervals
from tfrec_zoo.evaluation.list_metrics import WantedListMetrics
from tfrec_zoo.evaluation.ranks import TargetRanks, target_ranks
from tfrec_zoo.evaluation.report import EvaluationReport, Slice
from tfrec_zoo.evaluation.scorer import Scorer, model_name
from tfrec_zoo.evaluation.slices import POPULARITY_LABELS, history_groups, popularity_groups
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.metrics.list_metric import UserValues
from tfrec_zoo.metrics.ranking import rank_columns
from tfrec_zoo.reranking import ReRanker
from tfrec_zoo.schema import OOV

Array = npt.NDArray[Any]
_Columns = dict[str, UserValues]
"""Metric -> value and weight of each user."""


def evaluate(
    model: Scorer,
    split: EncodedSplit,
    part: str = "test",
    *,
    ks: Iterable[int] = (1, 5, 10, 20, 100),
    exclude_seen: bool = True,
    candidates: Array | None = None,
    block_size: int = 1024,
    num_bootstrap: int = 1000,
    seed: int = 0,
    slices: bool = True,
    list_k: int | None = 10,
    reranker: ReRanker | None = None,
    list_metrics: Iterable[str] | None = None,
    item_vectors: Array | None = None,
    categories: Any = None,
) -> EvaluationReport:
    """Rank the catalogue for every user of a part and measure where the held-out items stand.

    The history of a user is what comes before the part. Ranks are those of `target_ranks`: ties count
    against the target, and with `exclude_seen` the items of the history leave the ranking: a target that is
    one of them is a miss. Means are over users, but for "target_hr@k", the share of all targets within the
    first k (what TFRS calls top-k categorical accuracy). Formulas: `tfrec_zoo.metrics`.

    Args:
        model: a Keras model of the zoo, a baseline, or anything with the members of `Scorer`.
        split: the encoded parts.
        part: "validation" or "test".
        ks: lengths of the lists for "hr", "ndcg", "mrr", "recall", "map", "target_hr" and what else is in
            `metrics.RANK_METRICS`.
        exclude_seen: whether items of the history leave the ranking.
        candidates: catalogue rows [C] that alone are ranked; a target that is none of them counts as a miss.
            None for those of the split: all, or the part's own items where it holds out items.
        block_size: users scored at once; bounds the memory to about 3 float32 [block_size, num_items].
        num_bootstrap: draws for the 95 % intervals; 0 for none.
        seed: of the draws.
        slices: whether to report by popularity of the target and by length of the history. The slices by
            popularity keep the ranks and look at the targets in the slice alone; unknown targets are in
            none of them.
        list_k: length of the lists behind `list_metrics` whose name has none; None for no such lists.
        list_metrics: names of `metrics.LIST_METRICS`, e.g. ("coverage", "diversity@20"). None for all that
            need nothing more than is given: "coverage", "gini", "novelty", "popularity", "serendipity",
            with `item_vectors` "diversity", with `categories` "calibration".
        item_vectors: by whose cosine two items are alike, float [num_items, D]; where a metric asks for it
            by name, those of the model if left out.
        categories: whether each item is in each category, [num_items, C], dense or scipy.sparse, as
            `FeatureSpace.item_categories` gives it.
        reranker: what stands between scores and ranks; nothing where left out.

    Returns:
        The report.

    Raises:
        ValueError: an argument out of range, a split of other features than the model's, a part without
            targets, a metric of lists without what it needs, or scores that are NaN or +inf.
        UnknownNameError: a part that a split does not have, or a metric that does not exist.
        TypeError: a model that is no `Scorer`.
    """
    started = time.perf_counter()
    ks = sorted(set(ks))
    require(bool(ks) and ks[0] >= 1, "`ks` must hold list lengths of at least 1.", ks)
    require(num_bootstrap >= 0, "`num_bootstrap` must be at least 0.", num_bootstrap)
    wanted = WantedListMetrics.of(list_metrics, list_k, item_vectors, categories)
    wanted.check(model, split.num_items)
    ranked = target_ranks(
        model,
        split,
        part,
        exclude_seen=exclude_seen,
        candidates=candidates,
        block_size=block_size,
        list_k=wanted.longest,
        reranker=reranker,
        k=max(ks[-1], wanted.longest),
    )
    train_counts = split.train.item_counts(split.num_items)
    of_lists = wanted.results(ranked, split, part, model, train_counts)
    columns = _accuracy(ranked.ranks, ranked.row_splits, ks)
    columns |= {name: found for name, found in of_lists.items() if isinstance(found, UserValues)}
    whole = {name: float(found) for name, found in of_lists.items() if not isinstance(found, UserValues)}
    return EvaluationReport(
        model=model_name(model),
        split=split.name,
        part=part,
        exclude_seen=exclude_seen,
        num_users=len(ranked.rows),
        num_targets=len(ranked.ranks),
        num_candidates=ranked.num_candidates,
        unknown_targets=int((ranked.item_index == OOV).sum()),
        seen_targets=ranked.seen_targets,
        metrics=_means(columns) | whole,
        intervals=_intervals(columns, num_bootstrap, seed) if num_bootstrap else {},
        slices=_slices(ranked, train_counts, ks) if slices else {},
        seconds=time.perf_counter() - started,
    )


def _accuracy(ranks: Array, row_splits: Array, ks: list[int]) -> _Columns:
    weights = {"users": np.ones(len(row_splits) - 1), "targets": np.diff(row_splits)}
    found = rank_columns(ranks, row_splits, ks)
    return {name: UserValues(values, weights[over]) for name, (values, over) in found.items()}


def _means(columns: _Columns) -> dict[str, float]:
    return {
        name: float((values * weights).sum() / max(weights.sum(), 1))
        for name, (values, weights) in columns.items()
    }


def _intervals(columns: _Columns, num_bootstrap: int, seed: int) -> dict[str, tuple[float, float]]:
    values, weights = (np.stack(side, axis=1) for side in zip(*columns.values(), strict=True))
    bounds = bootstrap_intervals(values, weights, num_bootstrap, seed=seed)
    return {name: (float(low), float(high)) for name, low, high in zip(columns, *bounds, strict=True)}


def _slices(ranked: TargetRanks, train_counts: Array, ks: list[int]) -> dict[str, Slice]:
    owner = np.repeat(np.arange(len(ranked.rows)), np.diff(ranked.row_splits))
    group = popularity_groups(train_counts)[ranked.item_index]
    masks = {f"items {label}": group == number for number, label in enumerate(POPULARITY_LABELS)}
    masks |= {label: users[owner] for label, users in history_groups(ranked.history_lengths).items()}
    return {label: _slice(ranked.ranks, owner, mask, ks) for label, mask in masks.items() if mask.any()}


def _slice(ranks: Array, owner: Array, mask: Array, ks: list[int]) -> Slice:
    users, first = np.unique(owner[mask], return_index=True)
    columns = _accuracy(ranks[mask], np.append(first, mask.sum()), ks)
    return Slice(len(users), int(mask.sum()), _means(columns))
