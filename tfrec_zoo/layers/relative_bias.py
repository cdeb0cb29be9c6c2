"""How far one position lies behind another, as a bias of attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfrec_zoo")
class RelativePositionBias(keras.layers.Layer):
    """A learned number for each head and distance, which attention adds to its scores.

    Shaw et al. 2018 in the scalar form of Raffel et al. 2020 (section 2.1), without buckets: histories are
    short enough for one number per distance.

    Call arguments:
        inputs: any [B, T, ...]; only T is read.
        newest_only: whether the last position alone asks.

    Returns:
        float [1, num_heads, T, T], or [1, num_heads, 1, T]; cells after the asking position mean nothing.
    """

    def __init__(self, num_heads: int, max_distance: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.max_distance = max_distance

    def build(self, input_shape: Any = None) -> None:
        """Create the table."""
        self.table = self.add_weight(
            name="table", shape=(self.num_heads, self.max_distance), initializer="zeros"
        )
        self.built = True

    def call(self, inputs: Any, newest_only: bool = False) -> Any:
        """Spread the table over the pairs of positions."""
        places = ops.arange(ops.shape(inputs)[1])
        asking = places[-1:] if newest_only else places
        distance = ops.clip(asking[:, None] - places[None, :], 0, self.max_distance - 1)
        return ops.expand_dims(ops.take(self.table, distance, axis=1), 0)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "num_heads": self.num_heads, "max_distance": self.max_distance}
