"""A user's state and one item that followed it: the input of retrieval training."""

from __future__ import annotations

from typing import get_args

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.features.encoded import EncodedInteractions
from tfrec_zoo.pipelines.order import batched_positions
from tfrec_zoo.schema import PAD, HistoryScope


def pairs(
    interactions: EncodedInteractions,
    *,
    batch_size: int,
    max_history_length: int,
    history_scope: HistoryScope = "past",
    with_positives: bool = False,
    max_positives: int = 1000,
    with_rating: bool = False,
    with_times: bool = False,
    shuffle: bool = True,
    seed: int = 0,
) -> tf.data.Dataset:
    """One example per interaction: what the user did besides it, and its item.

    Every batch is gathered from flat arrays by one vectorised step; nothing is copied for each example.

    Args:
        interactions: U users with n items in all.
        batch_size: B; the last batch of an epoch is smaller.
        max_history_length: T.
        history_scope: "past" for the T items before the interaction, as a served model sees them; "others"
            for the user's newest T items besides it, for splits that ignore time.
        with_positives: whether to add "positives" [B, P], the items of the user, padded to the longest of the
            batch, by which accidental hits are recognised.
        max_positives: the most P: of a longer user, the newest, so that no single user sets a batch's cost.
        with_rating: whether to add "rating" [B], what the user gave the item.
        with_times: whether to add "history_time" int64 [B, T], seconds, 0 at padding.
        shuffle: whether each epoch has an order of its own.
        seed: of the orders.

    Returns:
        A data set of (inputs, item_index [B] int32) or, where the interactions have weights,
        (inputs, item_index, weight [B]). The inputs are "history" int32 [B, T] (padded at the left),
        "user_index" int32 [B], the profile features, and "positives" and "rating" if asked for.

    Raises:
        ValueError: no interaction of a known item, no ratings or times where they are asked for, or an
            argument out of its range.
    """
    require(batch_size >= 1, "`batch_size` must be at least 1.", batch_size)
    require(max_history_length >= 1, "`max_history_length` must be at least 1.", max_history_length)
    if history_scope not in get_args(HistoryScope):
        raise UnknownNameError("history_scope", history_scope, get_args(HistoryScope))
    interactions = interactions.known_only
    require(len(interactions) > 0, "Training needs at least one interaction of a known item.", 0)

    require(
        not with_rating or interactions.rating is not None,
        "`with_rating`, and a loss of ratings, needs a rating for each interaction.",
        "no ratings",
    )

    times = times_of(interactions) if with_times else None
    item_index = tf.constant(interactions.item_index)
    row_splits = tf.constant(interactions.row_splits)
    row_of_position = tf.constant(interactions.row_of_position().astype(np.int32))
    user_index = tf.constant(interactions.user_index)
    weight = None if interactions.weight is None else tf.constant(interactions.weight)
    rating = tf.constant(interactions.rating) if with_rating else None
    profile = {name: tf.constant(values) for name, values in interactions.profile.items()}
    steps = tf.range(max_history_length, dtype=tf.int64)[None, :]

    def gather(position: tf.Tensor) -> tuple[tf.Tensor, ...]:
        row = tf.gather(row_of_position, position)
        start = tf.gather(row_splits, row)[:, None]
        if history_scope == "past":
            source = position[:, None] - max_history_length + steps
        else:
            source = tf.gather(row_splits, row + 1)[:, None] - 1 - max_history_length + steps
            source += tf.cast(source >= position[:, None], tf.int64)
        real = source >= start
        history = tf.where(real, tf.gather(item_index, tf.where(real, source, 0)), PAD)
        inputs = {"history": history, "user_index": tf.gather(user_index, row)}
        inputs |= {name: tf.gather(values, row) for name, values in profile.items()}
        if times is not None:
            inputs["history_time"] = tf.where(real, tf.gather(times, tf.where(real, source, 0)), 0)
        if with_positives:
            inputs["positives"] = _items_of(row)
        if rating is not None:
            inputs["rating"] = tf.gather(rating, position)
        target = tf.gather(item_index, position)
        return (inputs, target) if weight is None else (inputs, target, tf.gather(weight, position))

    def _items_of(row: tf.Tensor) -> tf.Tensor:
        stops = tf.gather(row_splits, row + 1)
        positions = tf.ragged.range(tf.maximum(tf.gather(row_splits, row), stops - max_positives), stops)
        return tf.gather(item_index, positions).to_tensor(PAD)

    positions = batched_positions(len(interactions), batch_size, shuffle=shuffle, seed=seed)
    return positions.map(gather, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def times_of(interactions: EncodedInteractions) -> tf.Tensor:
    """Seconds of each interaction, int64 [n].

    Raises:
        ValueError: interactions without times.
    """
    require(
        interactions.timestamp is not None,
        "`with_times`, and a model that reads times, needs a time for each interaction.",
        "no times",
    )
    return tf.constant(np.asarray(interactions.timestamp).astype(np.int64))
