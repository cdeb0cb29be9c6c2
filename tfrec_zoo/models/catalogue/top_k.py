"""The best of a whole catalogue."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_BLOCK = 128
_SMALL = 2**15
"""Items below which blocks save nothing."""


def catalogue_top_k(scores: Any, k: Any, num_items: int) -> tuple[Any, Any]:
    """The k best scores of each row and their columns, equal scores in the order of the columns.

    As `tf.math.top_k`, which goes through a row element by element. Here the maximum of each block, which is
    quick to find, says which k blocks can hold the best: an element of another block stands behind one of
    each of these.

    Args:
        scores: float32 [B, num_items], without NaN.
        k: int32, at most num_items.
        num_items: rows of the catalogue.

    Returns:
        Scores float32 and columns int32, [B, k].
    """
    if num_items < _SMALL:
        return tf.math.top_k(scores, k)  # type: ignore[no-any-return]
    size, num_blocks = tf.shape(scores)[0], -(-num_items // _BLOCK)
    padding = [[0, 0], [0, num_blocks * _BLOCK - num_items]]
    padded = tf.pad(scores, padding, constant_values=float("-inf"))
    blocks = tf.reshape(padded, [size, num_blocks, _BLOCK])
    _, chosen = tf.math.top_k(tf.reduce_max(blocks, axis=2), tf.minimum(k, num_blocks))
    chosen = tf.sort(chosen, axis=1)
    held = tf.reshape(tf.gather(blocks, chosen, batch_dims=1), [size, tf.shape(chosen)[1] * _BLOCK])
    best, place = tf.math.top_k(held, k)
    return best, tf.gather(chosen, place // _BLOCK, batch_dims=1) * _BLOCK + place % _BLOCK
