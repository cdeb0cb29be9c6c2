"""Recommendations from a model in memory, by raw ids or by indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import require
from tfrec_zoo.evaluation.scorer import Scorer, check_scorer
from tfrec_zoo.evaluation.top_k import TopK, top_k
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.recommendation import Recommendation, history_strings, id_string, list_length
from tfrec_zoo.reranking import ReRanker
from tfrec_zoo.schema import NUM_RESERVED, PAD

Array = npt.NDArray[Any]


def recommend(
    model: Scorer,
    features: FeatureSpace,
    *,
    history: Sequence[str | int] | None = None,
    history_time: Sequence[int] | None = None,
    user_id: str | int | None = None,
    k: int = 10,
    exclude_seen: bool = True,
    reranker: ReRanker | None = None,
) -> list[Recommendation]:
    """The k best items for one person.

    Args:
        model: a Keras model of the zoo or a baseline.
        features: the features that the model was trained on.
        history: raw item ids, oldest first, integers as their decimal strings; items outside the catalogue
            are passed over.
        history_time: when each item of the history was, in whole seconds; for a model that reads times.
        user_id: raw user id, with the profile that `features` knows; unknown or None is nobody in particular.
        k: length of the list.
        exclude_seen: whether items of the history are left out.
        reranker: what stands between scores and list; nothing where left out.

    Returns:
        At most k items, best first; fewer where the catalogue runs out.

    Raises:
        ValueError: k below 1, or another number of times than of items.
        TypeError: a model that is no `Scorer`, or ids that are neither strings nor whole numbers.
    """
    check_scorer(model)
    k = list_length(k)
    indices = features.item_vocabulary.lookup(
        np.array(history_strings(() if history is None else history), dtype=object)
    )
    known = indices >= NUM_RESERVED
    indices = indices[known]
    users = np.array(["" if user_id is None else id_string(user_id, "user_id")], dtype=object)
    longest = model.max_history_length or max(len(indices), 1)
    read = indices[-longest:]
    inputs = {
        "history": np.concatenate([np.full(longest - len(read), PAD, np.int32), read])[None, :],
        # An empty id would be PAD, which no training example has.
        "user_index": np.maximum(features.user_vocabulary.lookup(users), 1).astype(np.int32),
        **features.profiles(users),
    }
    if history_time is not None:
        require(
            len(history_time) == len(known),
            "`history_time` must have a time for each item of the history.",
            (len(history_time), len(known)),
        )
        times = np.asarray(history_time, np.int64)[known][-longest:]
        inputs["history_time"] = np.concatenate([np.zeros(longest - len(times), np.int64), times])[None, :]
    exclude = indices if exclude_seen else None
    best = recommend_indices(model, inputs, k, exclude_seen=exclude_seen, exclude=exclude, reranker=reranker)
    found = best.indices[0] >= NUM_RESERVED
    names = features.item_vocabulary.strings(best.indices[0][found])
    return [
        Recommendation(str(name), float(score))
        for name, score in zip(names, best.scores[0][found], strict=True)
    ]


def recommend_indices(
    model: Scorer,
    inputs: Mapping[str, Array],
    k: int = 10,
    exclude_seen: bool = True,
    exclude: Array | None = None,
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
        reranker: what stands between scores and lists; nothing where left out.

    Returns:
        Lists in which PAD and OOV never stand as items; PAD with -inf fills a short one.

    Raises:
        ValueError: k below 1, rows outside the catalogue, or NaN among the scores.
        TypeError: a model that is no `Scorer`.
    """
    check_scorer(model)
    scores = np.array(model.catalogue_scorer()(inputs), dtype=np.float32)
    left_out = [np.asarray(inputs["history"])] if exclude_seen else []
    if exclude is not None:
        left_out.append(np.broadcast_to(exclude, (len(scores), np.shape(exclude)[-1])))
    scores[:, :NUM_RESERVED] = -np.inf
    for rows in left_out:
        inside = rows.size == 0 or (rows.min() >= 0 and rows.max() < scores.shape[1])
        require(inside, f"Rows to leave out must be from 0 to {scores.shape[1] - 1}.", rows)
        np.put_along_axis(scores, rows.astype(np.int64), -np.inf, axis=1)
    return top_k(np.asarray((reranker or ReRanker())(scores, inputs=inputs, k=k)), k)
