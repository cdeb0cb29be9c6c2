"""A new order of the examples in every epoch, in constant memory."""

from __future__ import annotations

import tensorflow as tf


def batched_positions(n: int, batch_size: int, *, shuffle: bool, seed: int) -> tf.data.Dataset:
    """The numbers 0 to n - 1 in batches, the last one ragged.

    The order is a pseudo-random permutation computed number by number, so nothing is buffered however
    large n is. The same seed gives the same sequence of epochs; each iteration over the data set is the
    next epoch.

    Args:
        n: how many.
        batch_size: B.
        shuffle: whether to permute, anew in every epoch.
        seed: of the permutations.

    Returns:
        A data set of int64 [B] with a known cardinality.
    """
    num_batches = -(-n // batch_size)

    def epoch(key: tf.Tensor) -> tf.data.Dataset:
        batches = tf.data.Dataset.range(n).batch(batch_size)
        if not shuffle:
            return batches
        keys = tf.cast(tf.stack([key % 2**31, key // 2**31]), tf.int32)
        return batches.map(lambda numbers: tf.random.experimental.index_shuffle(numbers, keys, n - 1))

    epochs = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).take(1)
    return epochs.flat_map(epoch).apply(tf.data.experimental.assert_cardinality(num_batches))
