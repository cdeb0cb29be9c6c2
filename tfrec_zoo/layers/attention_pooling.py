"""A history of vectors to one vector, by what the vectors hold."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfrec_zoo.layers.masking import masked_softmax
from tfrec_zoo.layers.position_ages import position_ages


@keras.saving.register_keras_serializable("tfrec_zoo")
class AttentionPooling(keras.layers.Layer):
    """The mean over the real positions, weighted by a softmax of learned scores of vector and age.

    The score of a vector is that of Yang et al. 2016, "Hierarchical attention networks" (section 2.2),
    tanh(W v) times a learned query; each age, counted from the newest item, adds a learned number. An empty
    history is zero.

    Call arguments:
        vectors: float [B, T, D], oldest first.
        padding_mask: bool [B, T], True = real.

    Returns:
        float [B, D].
    """

    def __init__(self, max_history_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_history_length = max_history_length

    def build(self, input_shape: Any) -> None:
        """Create the scoring layers and the number of each age."""
        self.hidden = keras.layers.Dense(input_shape[-1], activation="tanh", name="hidden")
        self.score = keras.layers.Dense(1, use_bias=False, name="score")
        self.hidden.build(input_shape)
        self.score.build(input_shape)
        self.age_logits = self.add_weight(
            name="age_logits", shape=(self.max_history_length,), initializer="zeros"
        )
        self.built = True

    def call(self, vectors: Any, padding_mask: Any) -> Any:
        """Pool each history."""
        length = ops.shape(vectors)[1]
        age = position_ages(length, self.max_history_length)
        logits = self.score(self.hidden(vectors))[..., 0] + ops.take(self.age_logits, age)[None, :]
        weights = masked_softmax(padding_mask, logits)
        weights = ops.where(padding_mask, weights, 0)
        return ops.sum(vectors * ops.expand_dims(weights, -1), axis=1)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "max_history_length": self.max_history_length}
