"""TFRS's metric over a model's vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.evaluation.ranks import PARTS, distinct_targets, query_batch
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.interop.tfrs.keras_2 import load_tfrs
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.schema import NUM_RESERVED

_BATCH = 1024

_tfrs = load_tfrs()


def factorized_top_k(
    model: RecommenderModel,
    encoded: EncodedSplit,
    part: str = "test",
    ks: Sequence[int] = (1, 5, 10, 20, 100),
) -> dict[str, float]:
    """Evaluate a part by TFRS's FactorizedTopK, over our vectors and by id.

    Where no scores tie these are the "target_hr@k" of `evaluate(model, encoded, part, ks=ks,
    exclude_seen=False)`; where they do, TFRS takes the item that stands first, and ours counts against the
    target.

    Args:
        model: trained, one whose scores are inner products.
        encoded: the parts.
        part: "validation" or "test".
        ks: lengths of the lists, none above the number of candidates.

    Returns:
        "target_hr@k" for each k, the share of targets within the first k.

    Raises:
        UnknownNameError: another part.
        ValueError: no target in the part, a k out of range, or a model whose scores are not inner products.
    """
    if part not in PARTS:
        raise UnknownNameError("part", part, PARTS)
    require(model.scores_by_dot_product, "The model must score by inner products.", model.name)
    owner, item = distinct_targets(getattr(encoded, part), encoded.num_items)
    require(len(owner) > 0, f"`{part}` must have at least one interaction to evaluate on.", 0)
    of_part = encoded.candidates_of(part)
    candidates = np.arange(NUM_RESERVED, encoded.num_items) if of_part is None else of_part
    within = bool(ks) and min(ks) >= 1 and max(ks) <= len(candidates)
    require(within, f"`ks` must be from 1 to the {len(candidates)} candidates.", ks)
    table = tf.constant(model.item_vectors())
    index = _tfrs.layers.factorized_top_k.BruteForce(k=max(ks)).index(
        tf.gather(table, candidates), tf.constant(candidates, tf.int32)
    )
    metric = _tfrs.metrics.FactorizedTopK(index, ks=list(ks))
    history = encoded.history_of(part)
    for start in range(0, len(owner), _BATCH):
        rows, targets = owner[start : start + _BATCH], item[start : start + _BATCH]
        batch = query_batch(history, rows, model.max_history_length, model.reads_times)
        inputs = {name: tf.constant(values) for name, values in batch.items()}
        query = model.encode(inputs, item_vectors=table)["query"]
        metric.update_state(query, tf.gather(table, targets), true_candidate_ids=tf.constant(targets))
    return {f"target_hr@{k}": float(value) for k, value in zip(ks, metric.result(), strict=True)}
