"""An export answers as its model does, or it is not published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrec_zoo.bundle import SERVING_SIGNATURE
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.schema import NUM_RESERVED

_NUM_REQUESTS = 32
_TOLERANCE = 1e-4


def check_saved_model(folder: Path, model: RecommenderModel, features: FeatureSpace) -> float:
    """Compare the scores of a SavedModel with those of the Keras model on drawn requests.

    Args:
        folder: of the SavedModel.
        model: what it was made from.
        features: of the model.

    Returns:
        The largest difference of a score.

    Raises:
        ValueError: a recommended item whose score differs by more than 1e-4 of the largest score, an item of
            the history among the recommended, or a better item left out.
    """
    raw, inputs = golden_requests(model, features)
    answer = tf.saved_model.load(str(folder)).signatures[SERVING_SIGNATURE](
        **{name: tf.constant(values) for name, values in raw.items()}
    )
    expected = model.catalogue_scorer()(inputs)
    tolerance = _TOLERANCE * max(1.0, float(np.abs(expected).max()))
    masked = expected.copy()
    masked[:, :NUM_RESERVED] = -np.inf
    np.put_along_axis(masked, inputs["history"].astype(np.int64), -np.inf, axis=1)
    scores = answer["scores"].numpy()
    names = [[name.decode("utf-8") for name in row] for row in answer["item_ids"].numpy()]
    index = features.item_vocabulary.lookup(np.array(names, dtype=object))
    rows = np.arange(len(scores))[:, None]
    of_item = np.where(index >= NUM_RESERVED, masked[rows, index], -np.inf)
    best = -np.sort(-masked, axis=1)[:, : scores.shape[1]]
    best = np.pad(best, ((0, 0), (0, scores.shape[1] - best.shape[1])), constant_values=-np.inf)
    difference = float(max(_largest_gap(scores, of_item), _largest_gap(scores, best)))
    if not difference <= tolerance:
        raise ValueError(
            f"The SavedModel must answer as the Keras model does, within {tolerance:.2g}. "
            f"Received: a difference of {difference:.3g} over {len(scores)} requests. Nothing was published."
        )
    return difference


def golden_requests(
    model: RecommenderModel, features: FeatureSpace, n: int = _NUM_REQUESTS
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Drawn requests, raw (as a server gets them) and encoded (as the model does); always the same."""
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
        name, transform = feature.name, features.user_transforms[feature.name]
        if transform.kind == "category":
            vocabulary: Any = transform.vocabulary  # type: ignore[attr-defined]
            tokens = generator.integers(0, len(vocabulary), size=(n, transform.length))  # type: ignore[attr-defined]
            raw[name] = vocabulary.strings(tokens).astype(str)
            inputs[name] = vocabulary.lookup(raw[name].astype(object))
        else:
            raw[name] = generator.normal(size=n).astype(np.float32)
            inputs[name] = transform(raw[name])
    return raw, inputs


def _largest_gap(left: Any, right: Any) -> float:
    """Largest difference, infinite where only one is infinite or anything is NaN."""
    same = left == right
    with np.errstate(invalid="ignore"):
        gaps = np.where(same, 0.0, np.abs(left - right))
    return float(np.where(np.isnan(gaps), np.inf, gaps).max())
