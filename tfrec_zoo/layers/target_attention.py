"""A candidate looks at the history."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfrec_zoo.layers.masking import masked_softmax


@keras.saving.register_keras_serializable("tfrec_zoo")
class TargetAttention(keras.layers.Layer):
    """Each candidate weighs the positions of the history by how they fit it, and gets their mean.

    Deep Interest Network (Zhou et al. 2018, section 4.3), with the scaled dot products and the softmax of the
    Behavior Sequence Transformer (Chen et al. 2019) in place of its activation unit.

    Call arguments:
        vectors: candidates, float [C, D] for items that all rows share, or [B, C, D].
        states: float [B, T, D].
        padding_mask: bool [B, T], True = real.

    Returns:
        float [B, C, D]; zero for a history without real positions.
    """

    def build(self, input_shape: Any) -> None:
        """Create the projections."""
        dim = input_shape[-1]
        self.query = keras.layers.Dense(dim, use_bias=False, name="query")
        self.key = keras.layers.Dense(dim, use_bias=False, name="key")
        self.value = keras.layers.Dense(dim, use_bias=False, name="value")
        for layer in (self.query, self.key, self.value):
            layer.build(input_shape)
        self.built = True

    def call(self, vectors: Any, states: Any, padding_mask: Any) -> Any:
        """Attend from candidates to states."""
        query, key = self.query(vectors), self.key(states)
        if len(query.shape) == 2:
            query = ops.expand_dims(query, 0)
        logits = ops.matmul(query * query.shape[-1] ** -0.5, ops.transpose(key, (0, 2, 1)))
        real = padding_mask[:, None, :]
        weights = ops.where(real, masked_softmax(real, logits), 0)
        return ops.matmul(weights, self.value(states))
