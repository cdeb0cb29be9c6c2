"""Negatives drawn for each batch, with the chance of every candidate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo.schema import NUM_RESERVED


def with_negatives(
    dataset: tf.data.Dataset,
    *,
    num_negatives: int,
    item_counts: npt.NDArray[Any],
    power: float = 0.0,
    seed: int = 0,
) -> tf.data.Dataset:
    """Add "negatives", shared by the whole batch, to a data set of (inputs, item_index, ...).

    An item is drawn, with replacement, with a probability that goes with count ** power: 0 draws all
    items that occur alike, 1 by popularity, 0.75 as word2vec does (Mikolov et al. 2013, section 2.2).

    Args:
        dataset: batches of (inputs, targets int32 [B] or [B, L], ...).
        num_negatives: S.
        item_counts: training interactions of each catalogue row, [N]; rows with 0 are never drawn.
        power: exponent of the count.
        seed: of the draws.

    Returns:
        The data set with the inputs "negatives" int32 [S], "negatives_log_q" float32 [S] and
        "targets_log_q" float32 (the targets' shape): log of the expected number of draws of that item.

    Raises:
        ValueError: no item to draw, or an argument out of its range.
    """
    require(num_negatives >= 1, "`num_negatives` must be at least 1.", num_negatives)
    counts = np.asarray(item_counts, dtype=np.float64).copy()
    counts[:NUM_RESERVED] = 0
    drawn = np.flatnonzero(counts)
    require(len(drawn) > 0, "`item_counts` must have an item that occurs.", counts.sum())
    probability = counts[drawn] ** power
    probability /= probability.sum()
    log_q = np.full(len(counts), np.log(num_negatives) + np.log(probability.min()))
    log_q[drawn] = np.log(num_negatives) + np.log(probability)

    rows = tf.constant(drawn.astype(np.int32))
    cumulative = tf.constant(np.cumsum(probability))
    log_q_table = tf.constant(log_q.astype(np.float32))
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

    def add(example: tuple[Any, ...], key: tf.Tensor) -> tuple[Any, ...]:
        inputs, targets, *rest = example
        uniform = tf.random.stateless_uniform([num_negatives], key, dtype=tf.float64)
        place = tf.searchsorted(cumulative, uniform, side="right")
        negatives = tf.gather(rows, tf.minimum(place, len(drawn) - 1))
        added = {
            "negatives": negatives,
            "negatives_log_q": tf.gather(log_q_table, negatives),
            "targets_log_q": tf.gather(log_q_table, targets),
        }
        return ({**inputs, **added}, targets, *rest)

    zipped = tf.data.Dataset.zip((dataset, seeds))
    return zipped.map(lambda example, key: add(example, key), num_parallel_calls=tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )
