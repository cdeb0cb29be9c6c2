"""Softmax cross-entropy over the whole catalogue, in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfrec_zoo.schema import NUM_RESERVED


def full_softmax(
    query: Any,
    item_vectors: Any,
    targets: Any,
    weights: Any = None,
    *,
    temperature: float = 1.0,
    block_size: int = 512,
) -> Any:
    """Weighted sum of the cross-entropies against every item of the catalogue.

    The scores of `block_size` rows at a time are all that is held; the gradient is taken in the same pass,
    so nothing is kept for, or computed again in, the backward one.

    Args:
        query: float [P, D].
        item_vectors: vectors of all catalogue rows, float [N, D]; PAD and OOV take no part.
        targets: int32 [P], no PAD or OOV.
        weights: of the rows, float [P]; ones where left out. They are constants to the gradient.
        temperature: divides the scores.
        block_size: most rows whose scores are held at once.

    Returns:
        float32 [].
    """
    weights = tf.ones(tf.shape(targets)[:1]) if weights is None else tf.cast(weights, tf.float32)
    # The scores divided by the temperature, at the cost of P D instead of P N.
    scaled = query / tf.cast(temperature, query.dtype)
    return _blockwise(scaled, item_vectors[NUM_RESERVED:], targets - NUM_RESERVED, weights, block_size)


def _blockwise(query: Any, items: Any, targets: Any, weights: Any, block_size: int) -> Any:
    @tf.custom_gradient
    def loss_of(query: Any, items: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        num_rows, num_items = tf.shape(targets)[0], tf.shape(items)[0]
        # Blocks of one size, as XLA asks for; rows of zeros fill the last.
        num_blocks = (num_rows + block_size - 1) // block_size
        size = -(-num_rows // tf.maximum(num_blocks, 1))
        filling = num_blocks * size - num_rows
        columns = tf.transpose(items)
        weighted = query * tf.cast(weights[:, None], query.dtype)
        queries, weighted_queries = (
            tf.reshape(tf.pad(rows, [[0, filling], [0, 0]]), [num_blocks, size, query.shape[1]])
            for rows in (query, weighted)
        )

        # With p the softmax of a block's scores, the gradient of a row's loss by its scores is p - one-hot.
        # The one-hot part needs no block.
        def block(number: Any, log_sums: Any, expected: Any, d_items: Any) -> tuple[Any, Any, Any, Any]:
            logits = tf.cast(tf.matmul(queries[number], columns), tf.float32)
            probability = tf.nn.softmax(logits)
            log_sum = tf.reduce_max(logits, axis=1) - tf.math.log(tf.reduce_max(probability, axis=1))
            probability = tf.cast(probability, query.dtype)
            d_items += tf.cast(tf.matmul(probability, weighted_queries[number], transpose_a=True), tf.float32)
            expected = expected.write(number, tf.matmul(probability, items))
            return number + 1, log_sums.write(number, log_sum), expected, d_items

        start = (
            0,
            tf.TensorArray(tf.float32, num_blocks, element_shape=[None]),
            tf.TensorArray(query.dtype, num_blocks, element_shape=[None, query.shape[1]]),
            tf.zeros(tf.shape(items)),
        )
        _, log_sums, expected, d_items = tf.while_loop(
            lambda number, *_: number < num_blocks, block, start, parallel_iterations=1
        )
        own = tf.gather(items, targets)
        target_logit = tf.cast(tf.reduce_sum(query * own, axis=1), tf.float32)
        log_sum = tf.reshape(log_sums.stack(), [-1])[:num_rows]
        mean_item = tf.reshape(expected.stack(), [-1, query.shape[1]])[:num_rows]
        loss = tf.reduce_sum(weights * (log_sum - target_logit))
        d_query = tf.cast(weights[:, None], query.dtype) * (mean_item - own)
        d_items -= tf.math.unsorted_segment_sum(tf.cast(weighted, tf.float32), targets, num_items)

        def gradient(upstream: Any) -> tuple[Any, Any]:
            return tf.cast(upstream, query.dtype) * d_query, tf.cast(upstream * d_items, items.dtype)

        return loss, gradient

    return loss_of(query, items)
