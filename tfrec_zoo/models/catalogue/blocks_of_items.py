"""Scores that are no dot products, over a catalogue whose pairs would not fit in memory at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def in_blocks_of_items(score: Callable[[Any], Any], vectors: Any, query: Any, block_size: int = 256) -> Any:
    """Score the items block by block; at once where the graph is of a single query.

    Args:
        score: from vectors float [block, D] to scores float [B, block].
        vectors: float [N, D].
        query: of which only the batch is read, [B, ...].
        block_size: items scored at once.

    Returns:
        float32 [B, N].
    """
    num_items = tf.shape(vectors)[0]
    if query.shape[0] == 1:
        # LiteRT has no such loop, and its converter would keep what it can compute of a constant table as
        # tables more: it must not know that these rows begin at 0.
        start = tf.cast(tf.minimum(tf.reduce_max(tf.abs(query)), 0.0), tf.int32)
        return score(tf.gather(vectors, tf.range(start, start + num_items)))
    num_blocks = (num_items + block_size - 1) // block_size
    padded = tf.pad(vectors, [[0, num_blocks * block_size - num_items], [0, 0]])
    blocks = tf.reshape(padded, [num_blocks, block_size, vectors.shape[-1]])
    # [num_blocks, B, block]
    scores = tf.map_fn(
        lambda block: tf.cast(score(block), tf.float32),
        blocks,
        parallel_iterations=1,
        fn_output_signature=tf.float32,
    )
    return tf.reshape(tf.transpose(scores, [1, 0, 2]), [-1, num_blocks * block_size])[:, :num_items]
