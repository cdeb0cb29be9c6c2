"""Drawn requests to an export, and what the Keras model answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfrec_zoo.bundle import (
    ENCODE_ITEM_SIGNATURE,
    ENCODE_QUERY_SIGNATURE,
    RECOMMEND_SIGNATURE,
    SCORE_SIGNATURE,
    SERVING_SIGNATURE,
    SIMILAR_SIGNATURE,
)
from tfrec_zoo.feature_kind import FeatureKind
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.reranking import ReRanker, reranker_of
from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]

_NUM_CANDIDATES = 20


@dataclass(frozen=True)
class Golden:
    """A request to one signature, and the answer to expect."""

    inputs: Mapping[str, Array]
    """Arrays by the names of the signature, strings as str."""
    values: Array
    """Scores of the whole catalogue [B, num_items], -inf for what must not come, where the answer is a list;
    else the answer itself."""
    output: str
    """Name of the output that holds `values`; "item_ids" for a list."""
    allowed: Array | None = None
    """Of a list: what may come, bool [B, num_items]; more than has a score where a first stage retrieves."""


@dataclass(frozen=True)
class Difference:
    """How an answer differs from the one to expect."""

    largest: float
    """Of a score or a value; infinite where an item came that must not, or anything is NaN."""
    reordered: int
    """Rows whose items stand in another order, exact ties aside."""
    rows: int
    """Rows compared."""
    scale: float
    """The largest absolute value to expect, 1 at the least."""

    @property
    def relative(self) -> float:
        """The largest difference over the scale."""
        return self.largest / self.scale


def golden_requests(
    model: RecommenderModel, features: FeatureSpace, n: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Drawn people, raw (as a server gets them) and encoded (as the model does); always the same."""
    generator = np.random.default_rng(0)
    length = model.max_history_length
    history = generator.integers(NUM_RESERVED, model.schema.num_items, size=(n, length)).astype(np.int32)
    history[np.arange(length) < generator.integers(0, length + 1, size=n)[:, None]] = 0
    users = generator.integers(1, model.schema.num_users, size=n).astype(np.int32)
    user_ids = features.user_vocabulary.strings(users)
    user_ids[users < NUM_RESERVED] = "somebody new"
    users = features.user_vocabulary.lookup(user_ids)
    raw = {
        "history": features.item_vocabulary.strings(history).astype(str),
        "user_id": user_ids.astype(str),
    }
    inputs = {"history": history, "user_index": users}
    if model.reads_times:
        times = np.sort(generator.integers(0, 10**8, size=history.shape), axis=1)
        raw["history_time"] = inputs["history_time"] = np.where(history == 0, 0, times)
    for feature in model.profile_features:
        raw[feature.name], inputs[feature.name] = _drawn(features.user_transforms[feature.name], generator, n)
    return raw, inputs


def golden_answers(
    model: RecommenderModel,
    features: FeatureSpace,
    n: int,
    k: int = 10,
    retired: Sequence[str] = (),
    reranker: ReRanker | None = None,
) -> dict[str, Golden]:
    """A request of n rows to each signature, with the Keras model's answer.

    Args:
        model: of the export.
        features: of the model.
        n: number of people.
        k: length of the lists asked for.
        retired: raw ids of items that are never recommended.
        reranker: of the export.
    """
    raw, encoded = golden_requests(model, features, n)
    inputs = {name: tf.constant(values) for name, values in encoded.items()}
    vectors = tf.constant(model.item_vectors())
    generator = np.random.default_rng(1)
    num_items = model.schema.num_items

    def drawn(size: Any) -> Array:
        return np.asarray(generator.integers(NUM_RESERVED, num_items, size=size), np.int32)

    open_to_all = np.ones((n, num_items), bool)
    open_to_all[:, :NUM_RESERVED] = False
    open_to_all[:, features.item_vocabulary.lookup(np.array(list(retired), dtype=object))] = False
    unseen = _without(open_to_all, encoded["history"])
    exclude, allow = drawn((n, 3)), drawn(max(1, num_items // 2))
    limited = _without(unseen, exclude)
    limited[:, np.setdiff1d(np.arange(num_items), allow)] = False
    candidates, items = drawn((n, _NUM_CANDIDATES)), drawn(n)
    names = features.item_vocabulary.strings
    similar = np.asarray(tf.math.l2_normalize(model.similarity_vectors(vectors), axis=-1))
    query = model.encode(inputs, item_vectors=vectors)

    def ranked(allowed: Array) -> Array:
        scores = model.catalogue_scores(inputs, vectors, tf.constant(allowed))
        scores = np.where(allowed, scores, np.float32(-np.inf))
        return np.asarray(reranker_of(reranker).apply(scores, inputs=encoded, k=k))

    return {
        SERVING_SIGNATURE: Golden(raw, ranked(unseen), "item_ids", unseen),
        RECOMMEND_SIGNATURE: Golden(
            {
                **raw,
                "k": np.array(k, np.int32),
                "exclude": names(exclude).astype(str),
                "allow": names(allow).astype(str),
                "exclude_seen": np.array(True),
            },
            ranked(limited),
            "item_ids",
            limited,
        ),
        SCORE_SIGNATURE: Golden(
            {**raw, "candidates": names(candidates).astype(str)},
            np.asarray(model.score(query, tf.gather(vectors, candidates))),
            "scores",
        ),
        SIMILAR_SIGNATURE: Golden(
            {"item_id": names(items).astype(str), "k": np.array(k, np.int32)},
            np.where(_without(open_to_all, items[:, None]), similar[items] @ similar.T, -np.inf),
            "item_ids",
        ),
        ENCODE_QUERY_SIGNATURE: Golden(raw, np.asarray(query["query"]), "query"),
        ENCODE_ITEM_SIGNATURE: _golden_items(model, features, vectors, items),
    }


def _golden_items(model: RecommenderModel, features: FeatureSpace, vectors: Any, items: Array) -> Golden:
    """A request to `encode_item`: drawn content, or the given rows where the model reads none."""
    if not model.schema.item_features:
        names = features.item_vocabulary.strings(items).astype(str)
        return Golden({"item_id": names}, np.asarray(tf.gather(vectors, items)), "vectors")
    generator = np.random.default_rng(2)
    drawn = {
        feature.name: _drawn(features.item_transforms[feature.name], generator, len(items))
        for feature in model.schema.item_features
    }
    content = {name: tf.constant(encoded) for name, (_, encoded) in drawn.items()}
    raw = {name: values for name, (values, _) in drawn.items()}
    return Golden(raw, np.asarray(model.encode_content(content)), "vectors")


def _drawn(transform: FeatureKind, generator: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Raw values of n rows, and the same encoded."""
    raw = transform.draw(generator, n)
    return raw, transform(raw.astype(object) if raw.dtype.kind == "U" else raw)


def compare(
    golden: Golden, answer: Mapping[str, Array], features: FeatureSpace, rounded: bool = False
) -> Difference:
    """How an engine's answer differs from the Keras model's.

    Args:
        golden: the request.
        answer: one array per named output; strings as str.
        features: of the model.
        rounded: whether the engine's weights are rounded, so that a first stage may retrieve other items.
    """
    finite = golden.values[np.isfinite(golden.values)]
    scale = max(1.0, float(np.abs(finite).max(initial=0.0)))
    rows = len(golden.values)
    if golden.output != "item_ids":
        return Difference(_largest_gap(answer[golden.output], golden.values), 0, rows, scale)
    # LiteRT's converter writes the lowest number where a graph has -inf.
    scores = np.where(answer["scores"] <= np.finfo(np.float32).min, -np.inf, answer["scores"])
    index = features.item_vocabulary.lookup(answer["item_ids"].astype(object)).astype(np.int64)
    of_item = np.where(index >= NUM_RESERVED, np.take_along_axis(golden.values, index, axis=1), -np.inf)
    if rounded and golden.allowed is not None:
        retrieved_otherwise = np.isneginf(of_item) & np.take_along_axis(golden.allowed, index, axis=1)
        of_item = np.where(retrieved_otherwise, scores, of_item)
    best = -np.sort(-golden.values, axis=1)[:, : scores.shape[1]]
    best = np.pad(best, ((0, 0), (0, scores.shape[1] - best.shape[1])), constant_values=-np.inf)
    twice = any(len(set(row := own[own >= NUM_RESERVED])) < len(row) for own in index)
    largest = max(_largest_gap(scores, of_item), _largest_gap(scores, best))
    reordered = int((of_item != best).any(axis=1).sum())
    return Difference(float("inf") if twice else largest, reordered, rows, scale)


def _without(allowed: Array, rows: Array) -> Array:
    """`allowed` [B, num_items] less each row's columns [B, N]."""
    kept = allowed.copy()
    np.put_along_axis(kept, rows.astype(np.int64), False, axis=1)
    return kept


def _largest_gap(left: Array, right: Array) -> float:
    """Largest difference, infinite where only one is infinite, anything is NaN, or shapes differ."""
    if left.shape != right.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        gaps = np.where(left == right, 0.0, np.abs(left - right))
    return float(np.where(np.isnan(gaps), np.inf, gaps).max(initial=0.0))
