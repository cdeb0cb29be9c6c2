"""How long one item lies behind another, as a bias of attention."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

_NUM_BUCKETS = 64


@keras.saving.register_keras_serializable("tfrec_zoo")
class RelativeTimeBias(keras.layers.Layer):
    """A learned number for each head and span of time, which attention adds to its scores.

    Spans are put into buckets that grow as powers of the square root of two, from less than a second to
    decades: the time part of the bias of Zhai et al. 2024, "Actions speak louder than words" (section 3.1).
    It looks at the asking item's own time, never at the next one's.

    Call arguments:
        times: int64 [B, T], seconds from any origin.
        newest_only: whether the last position alone asks.

    Returns:
        float [B, num_heads, T, T], or [B, num_heads, 1, T]; cells after the asking position mean nothing.
    """

    def __init__(self, num_heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads

    def build(self, input_shape: Any = None) -> None:
        """Create the table."""
        self.table = self.add_weight(name="table", shape=(_NUM_BUCKETS, self.num_heads), initializer="zeros")
        self.built = True

    def call(self, times: Any, newest_only: bool = False) -> Any:
        """Spread the table over the pairs of positions."""
        asking = times[:, -1:] if newest_only else times
        spans = tf.cast(tf.maximum(asking[:, :, None] - times[:, None, :], 0), tf.float32)
        bucket = tf.cast(2 * tf.math.log1p(spans) / tf.math.log(2.0), tf.int32)
        bias = ops.take(self.table, tf.minimum(bucket, _NUM_BUCKETS - 1), axis=0)
        return ops.transpose(bias, (0, 3, 1, 2))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "num_heads": self.num_heads}
