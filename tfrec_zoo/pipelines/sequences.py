"""All positions of a user in one example: the input of sequence training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.features.encoded import EncodedInteractions
from tfrec_zoo.pipelines.order import batched_positions
from tfrec_zoo.pipelines.pairs import times_of
from tfrec_zoo.schema import PAD

Window = Literal["newest", "random"]
DEFAULT_BUCKETS = (16, 32, 64, 96, 128)


def sequences(
    interactions: EncodedInteractions,
    *,
    batch_size: int,
    max_history_length: int,
    window: Window = "newest",
    buckets: Sequence[int] = DEFAULT_BUCKETS,
    with_times: bool = False,
    shuffle: bool = True,
    seed: int = 0,
) -> tf.data.Dataset:
    """One example per user: T + 1 known items in a row, as T inputs and the T items that follow them.

    Users of like length share a batch, which is as wide as its longest bucket's bound, so little padding
    is paid for.

    Args:
        interactions: U users.
        batch_size: B; batches of each bucket's last users are smaller.
        max_history_length: T.
        window: what is read of a user with more items: the newest, or in each epoch another stretch.
        buckets: widths of the batches below T, ascending.
        with_times: whether to add "history_time" int64 [B, L], seconds, 0 at padding.
        shuffle: whether each epoch has an order of its own.
        seed: of the orders and stretches.

    Returns:
        A data set of (inputs, item_index [B, L] int32, weight [B, L] float32), L at most T. The inputs are
        "history" int32 [B, L], "user_index" int32 [B] and the profile features. Position t's target is the
        item after history[t]; all are padded at the left, with PAD and 0. The weights are those of the
        interactions, scaled so that a batch's mean over its real positions weighs a position of every batch
        alike, however many the batch has.

    Raises:
        ValueError: no user with two known items, no times where they are asked for, or an argument out of
            its range.
    """
    require(batch_size >= 1, "`batch_size` must be at least 1.", batch_size)
    require(max_history_length >= 1, "`max_history_length` must be at least 1.", max_history_length)
    if window not in ("newest", "random"):
        raise UnknownNameError("window", window, ("newest", "random"))
    bounds = [width for width in buckets if width < max_history_length]
    require(bounds == sorted(set(bounds)), "`buckets` must be ascending.", buckets)

    interactions = interactions.known_only
    lengths = interactions.lengths()
    rows = np.flatnonzero(lengths >= 2)
    require(len(rows) > 0, "Sequence training needs a user with at least two known items.", 0)
    items = tf.constant(interactions.item_index)
    times = times_of(interactions) if with_times else None
    stops = tf.constant(np.cumsum(lengths)[rows])
    width_of = np.minimum(lengths[rows] - 1, max_history_length)
    widths, spare = tf.constant(width_of), tf.constant(lengths[rows] - 1 - width_of)
    expected = min(batch_size, len(width_of)) * width_of.mean()
    in_bucket = np.bincount(np.searchsorted(bounds, width_of), minlength=len(bounds) + 1)
    num_batches = int((-(-in_bucket // batch_size)).sum())
    weight = None if interactions.weight is None else tf.constant(interactions.weight)
    user_index = tf.constant(interactions.user_index[rows])
    profile = {name: tf.constant(values[rows]) for name, values in interactions.profile.items()}

    def example(number: tf.Tensor, draw: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        stop, width = stops[number], widths[number]
        if window == "random":
            stop -= draw % (spare[number] + 1)
        window_items = items[stop - width - 1 : stop]
        inputs = {"history": window_items[:-1], "user_index": user_index[number]}
        if times is not None:
            inputs["history_time"] = times[stop - width - 1 : stop - 1]
        inputs |= {name: values[number] for name, values in profile.items()}
        weights = tf.ones([width]) if weight is None else weight[stop - width : stop]
        return inputs, window_items[1:], weights

    def finish(
        inputs: dict[str, tf.Tensor], targets: tf.Tensor, weights: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """Move the padding, which batching puts at the right, to the left; scale the weights."""
        length = tf.reduce_sum(tf.cast(targets != PAD, tf.int32), axis=1)
        shift = tf.shape(targets)[1] - length
        source = tf.range(tf.shape(targets)[1])[None, :] - shift[:, None]
        real = source >= 0

        def moved(values: tf.Tensor) -> tf.Tensor:
            shifted = tf.gather(values, tf.where(real, source, 0), batch_dims=1)
            return tf.where(real, shifted, tf.zeros([], values.dtype))

        share = tf.cast(tf.reduce_sum(length), tf.float32) / tf.constant(expected, tf.float32)
        of_positions: dict[str, tf.Tensor] = {
            name: moved(inputs[name]) for name in ("history", "history_time") if name in inputs
        }
        return {**inputs, **of_positions}, moved(targets), moved(weights) * share

    numbers = batched_positions(len(rows), batch_size, shuffle=shuffle, seed=seed).unbatch()
    draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=shuffle)
    return (
        tf.data.Dataset.zip((numbers, draws))
        .map(example, num_parallel_calls=tf.data.AUTOTUNE)
        .bucket_by_sequence_length(
            lambda inputs, targets, weights: tf.shape(targets)[0],
            bucket_boundaries=[width + 1 for width in bounds],
            bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
        )
        .map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        .apply(tf.data.experimental.assert_cardinality(num_batches))
        .prefetch(tf.data.AUTOTUNE)
    )
