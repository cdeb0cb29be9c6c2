"""All positions of a user in one example: the input of sequence training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo.features.encoded import EncodedInteractions
from tfrec_zoo.pipelines.order import batched_positions
from tfrec_zoo.schema import PAD

DEFAULT_BUCKETS = (16, 32, 64, 96, 128)


def sequences(
    interactions: EncodedInteractions,
    *,
    batch_size: int,
    max_history_length: int,
    buckets: Sequence[int] = DEFAULT_BUCKETS,
    shuffle: bool = True,
    seed: int = 0,
) -> tf.data.Dataset:
    """One example a user: the newest T + 1 known items, as T inputs and the T items that follow them.

    Users of like length share a batch, which is as wide as its longest bucket's bound, so little padding
    is paid for.

    Args:
        interactions: U users.
        batch_size: B; batches of each bucket's last users are smaller.
        max_history_length: T.
        buckets: widths of the batches below T, ascending.
        shuffle: whether each epoch has an order of its own.
        seed: of the orders.

    Returns:
        A data set of (inputs, item_index [B, L] int32), L at most T. The inputs are "history" int32
        [B, L], "user_index" int32 [B] and the profile features. Position t's target is the item after
        history[t]; both are padded at the left, with PAD.

    Raises:
        ValueError: no user with two known items, or an argument out of its range.
    """
    require(batch_size >= 1, "`batch_size` must be at least 1.", batch_size)
    require(max_history_length >= 1, "`max_history_length` must be at least 1.", max_history_length)
    bounds = [width for width in buckets if width < max_history_length]
    require(bounds == sorted(set(bounds)), "`buckets` must be ascending.", buckets)

    interactions = interactions.known_only
    lengths = interactions.lengths()
    rows = np.flatnonzero(lengths >= 2)
    require(len(rows) > 0, "Sequence training needs a user with two known items or more.", 0)
    items = tf.constant(interactions.item_index)
    stops = tf.constant(np.cumsum(lengths)[rows])
    widths = tf.constant(np.minimum(lengths[rows] - 1, max_history_length))
    user_index = tf.constant(interactions.user_index[rows])
    profile = {name: tf.constant(values[rows]) for name, values in interactions.profile.items()}

    def example(number: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        stop, width = stops[number], widths[number]
        window = items[stop - width - 1 : stop]
        inputs = {"history": window[:-1], "user_index": user_index[number]}
        inputs |= {name: values[number] for name, values in profile.items()}
        return inputs, window[1:]

    def pad_left(inputs: dict[str, tf.Tensor], targets: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Move the padding, which batching puts at the right, to the left."""
        length = tf.reduce_sum(tf.cast(targets != PAD, tf.int32), axis=1)
        shift = tf.shape(targets)[1] - length
        source = tf.range(tf.shape(targets)[1])[None, :] - shift[:, None]
        real = source >= 0

        def moved(values: tf.Tensor) -> tf.Tensor:
            return tf.where(real, tf.gather(values, tf.where(real, source, 0), batch_dims=1), PAD)

        return {**inputs, "history": moved(inputs["history"])}, moved(targets)

    examples = batched_positions(len(rows), batch_size, shuffle=shuffle, seed=seed).unbatch()
    return (
        examples.map(example, num_parallel_calls=tf.data.AUTOTUNE)
        .bucket_by_sequence_length(
            lambda inputs, targets: tf.shape(targets)[0],
            bucket_boundaries=[width + 1 for width in bounds],
            bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
        )
        .map(pad_left, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
