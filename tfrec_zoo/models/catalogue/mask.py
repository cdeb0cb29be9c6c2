"""Which rows of the catalogue may be recommended."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfrec_zoo.schema import NUM_RESERVED


def catalogue_mask(never: Any, num_items: int) -> Any:
    """False for the rows int32 [B, N] of each request and for PAD and OOV, bool [B, num_items]."""
    size = tf.shape(never)[0]
    reserved = tf.broadcast_to(tf.range(NUM_RESERVED), [size, NUM_RESERVED])
    columns = tf.concat([never, reserved], axis=1)
    rows = tf.broadcast_to(tf.range(size)[:, None], tf.shape(columns))
    # Counted, since LiteRT's own update of a tensor adds up where a row stands twice.
    return (
        tf.scatter_nd(tf.stack([rows, columns], axis=-1), tf.ones_like(columns), tf.stack([size, num_items]))
        == 0
    )


def scattered(columns: Any, values: Any, onto: Any) -> Any:
    """`onto` [B, N] with `values` [B, C] at each row's distinct `columns` [B, C]."""
    rows = tf.broadcast_to(tf.range(tf.shape(columns)[0])[:, None], tf.shape(columns))
    return tf.tensor_scatter_nd_update(onto, tf.stack([rows, columns], axis=-1), values)
