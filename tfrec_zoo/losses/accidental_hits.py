"""Which candidates are no negatives."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfrec_zoo.schema import NUM_RESERVED


def accidental_hits(targets: Any, candidates: Any, positives: Any = None, owner: Any = None) -> Any:
    """Mark the candidates that are the row's own item, or another item that the user is known to like.

    Args:
        targets: item of each row, int32 [B].
        candidates: items that serve as negatives, int32 [C].
        positives: items of each user, int32 [U, P], padded with PAD anywhere.
        owner: the user of each row, int32 [B]; user and row are the same where left out.

    Returns:
        bool [B, C], True where the candidate must not count as a negative. PAD and OOV never count.
    """
    hits = tf.logical_or(targets[:, None] == candidates[None, :], candidates[None, :] < NUM_RESERVED)
    if positives is None:
        return hits
    # Each positive looks its column up among the sorted distinct candidates, so the cost is B P log C + B C
    # and not the B P C of comparing every positive with every candidate.
    distinct, column = tf.unique(candidates)
    order = tf.argsort(distinct)
    ascending = tf.gather(distinct, order)
    place = tf.minimum(tf.searchsorted(ascending, tf.reshape(positives, [-1])), tf.size(distinct) - 1)
    found = tf.gather(ascending, place) == tf.reshape(positives, [-1])
    row = tf.repeat(tf.range(tf.shape(positives)[0]), tf.shape(positives)[1])
    cells = tf.boolean_mask(tf.stack([row, tf.gather(order, place)], axis=1), found)
    shape = tf.stack([tf.shape(positives)[0], tf.size(distinct)])
    liked = tf.scatter_nd(cells, tf.ones([tf.shape(cells)[0]], tf.int32), shape) > 0
    liked = tf.gather(liked, column, axis=1)
    return tf.logical_or(hits, liked if owner is None else tf.gather(liked, owner))
