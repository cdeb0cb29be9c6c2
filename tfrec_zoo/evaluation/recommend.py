"""Recommendations from a model in memory, by raw ids or by indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.evaluation.scorer import Scorer, SelectiveScorer, check_scorer
from tfrec_zoo.evaluation.top_k import TopK, top_k
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.recommendation import (
    Recommendation,
    check_times,
    history_strings,
    id_string,
    id_strings,
    list_length,
)
from tfrec_zoo.reranking import ReRanker, reranker_of
from tfrec_zoo.schema import NUM_RESERVED, PAD, Feature

Array = npt.NDArray[Any]


def recommend(
    model: Scorer,
    features: FeatureSpace,
    history: Sequence[str | int] | None = (),
    user_id: str | int | None = None,
    k: int = 10,
    profile: Mapping[str, Any] | None = None,
    history_time: Sequence[int] | None = None,
    *,
    exclude: Sequence[str | int] = (),
    allow: Sequence[str | int] = (),
    exclude_seen: bool = True,
    reranker: ReRanker | None = None,
) -> list[Recommendation]:
    """The k best items for one person, by the arguments of an export's `Recommender.recommend`.

    Args:
        model: a Keras model of the zoo or a baseline.
        features: the features that the model was trained on.
        history: raw item ids, oldest first, integers as their decimal strings; items outside the catalogue
            are passed over.
        user_id: raw user id, with the profile that `features` knows; unknown or None is nobody in particular.
        k: length of the list.
        profile: raw values of profile features, in place of what `features` knows of the user; None is
            unknown. An export knows no user's profile: there, what is left out is unknown.
        history_time: when each item of the history was, in whole seconds; for a model that reads times, and
            for no other.
        exclude: raw ids of items that must not come.
        allow: raw ids of the only items that may come; all, where it names none.
        exclude_seen: whether items of the history must not come.
        reranker: what stands between scores and list; nothing where left out. An export has its own.

    Returns:
        At most k items, best first; fewer where the catalogue runs out.

    Raises:
        ValueError: k below 1, times that are missing, too many, or given to a model that reads none.
        TypeError: a model that is no `Scorer`, or ids that are neither strings nor whole numbers.
        UnknownNameError: a profile feature that the model does not have.
    """
    check_scorer(model)
    k = list_length(k)
    names = history_strings(() if history is None else history)
    times = None if history_time is None else [history_time]
    check_times([len(names)], times, getattr(model, "reads_times", False))
    seen = _rows(features, names)
    known = seen >= NUM_RESERVED
    inputs = {
        **_newest(seen[known], None if times is None else np.asarray(history_time)[known], model),
        **_user(model, features, user_id, profile or {}),
    }
    never = [_rows(features, id_strings(exclude, "exclude")), seen if exclude_seen else seen[:0]]
    only = _rows(features, id_strings(allow, "allow"))
    best = recommend_indices(
        model,
        inputs,
        k,
        exclude_seen=exclude_seen,
        exclude=np.concatenate(never),
        allow=only if (only != PAD).any() else None,
        reranker=reranker,
    )
    found = best.indices[0] >= NUM_RESERVED
    strings = features.item_vocabulary.strings(best.indices[0][found])
    return [
        Recommendation(str(name), float(score))
        for name, score in zip(strings, best.scores[0][found], strict=True)
    ]


def _rows(features: FeatureSpace, names: Sequence[str]) -> Array:
    """Catalogue rows of raw ids; PAD for "", OOV for unknown ones."""
    return features.item_vocabulary.lookup(np.array(names, dtype=object))


def _newest(rows: Array, times: Array | None, model: Scorer) -> dict[str, Array]:
    """The items that the model reads, padded at the left, and their times."""
    longest = model.max_history_length or max(len(rows), 1)

    def padded(values: Array, dtype: npt.DTypeLike) -> Array:
        read: Array = values[-longest:].astype(dtype)
        return np.concatenate([np.zeros(longest - len(read), dtype), read])[None, :]

    inputs = {"history": padded(rows, np.int32)}
    return inputs if times is None else {**inputs, "history_time": padded(times, np.int64)}


def _user(
    model: Scorer, features: FeatureSpace, user_id: str | int | None, profile: Mapping[str, Any]
) -> dict[str, Array]:
    """Index of the user, and their profile: what is given, else what is known."""
    read: tuple[Feature, ...] = getattr(model, "profile_features", features.schema.user_features)
    names = [feature.name for feature in read]
    for name in profile:
        if name not in names:
            raise UnknownNameError("profile feature", name, names)
    users = np.array(["" if user_id is None else id_string(user_id, "user_id")], dtype=object)
    given = features.encode_profile({name: [value] for name, value in profile.items() if value is not None})
    return {
        # An empty id would be PAD, which no training example has.
        "user_index": np.maximum(features.user_vocabulary.lookup(users), 1).astype(np.int32),
        **features.profiles(users),
        **{name: given[name] for name in profile},
    }


def recommend_indices(
    model: Scorer,
    inputs: Mapping[str, Array],
    k: int = 10,
    exclude_seen: bool = True,
    exclude: Array | None = None,
    allow: Array | None = None,
    reranker: ReRanker | None = None,
) -> TopK:
    """The k best catalogue rows for each row of a batch.

    Args:
        model: a Keras model of the zoo or a baseline.
        inputs: "history" int32 [B, T] (oldest first, padded at the left), "user_index" int32 [B], and the
            profile features.
        k: length of the lists.
        exclude_seen: whether items of `inputs["history"]` are left out.
        exclude: more catalogue rows to leave out, [E] for all rows alike or [B, E] (PAD where there are
            fewer).
        allow: the only catalogue rows that may come, [A], for all rows alike; all where None.
        reranker: what stands between scores and lists; nothing where left out.

    Returns:
        Lists in which PAD and OOV never stand as items; PAD with -inf fills a short one.

    Raises:
        ValueError: k below 1, rows outside the catalogue, or NaN among the scores.
        TypeError: a model that is no `Scorer`.
    """
    check_scorer(model)
    history = np.asarray(inputs["history"])
    never = [history] if exclude_seen else []
    never += [] if exclude is None else [np.asarray(exclude)]
    score: Any = model.catalogue_scorer()
    if isinstance(score, SelectiveScorer):
        allowed = _allowed(len(history), score.num_items, never, allow)
        scores = np.array(score.among(inputs, allowed), dtype=np.float32)
    else:
        scores = np.array(score(inputs), dtype=np.float32)
        allowed = _allowed(len(scores), scores.shape[1], never, allow)
    scores[~allowed] = -np.inf
    return top_k(reranker_of(reranker).apply(scores, inputs=inputs, k=k), k)


def _allowed(size: int, num_items: int, never: Sequence[Array], allow: Array | None) -> npt.NDArray[np.bool_]:
    """True for what may come, bool [size, num_items]."""
    for rows in (*never, *([] if allow is None else [allow])):
        inside = rows.size == 0 or (rows.min() >= 0 and rows.max() < num_items)
        require(inside, f"Rows to leave out or to allow must be from 0 to {num_items - 1}.", rows)
    allowed = np.full((size, num_items), allow is None)
    if allow is not None:
        allowed[:, allow] = True
    for rows in never:
        columns = np.broadcast_to(rows, (size, rows.shape[-1])).astype(np.int64)
        np.put_along_axis(allowed, columns, False, axis=1)
    allowed[:, :NUM_RESERVED] = False
    return allowed
