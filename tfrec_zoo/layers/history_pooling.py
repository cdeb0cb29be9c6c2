"""A history of vectors to one vector."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.layers.masking import masked_softmax
from tfrec_zoo.layers.position_ages import position_ages

Pooling = Literal["mean", "recency"]


@keras.saving.register_keras_serializable("tfrec_zoo")
class HistoryPooling(keras.layers.Layer):
    """The weighted mean over the real positions; an empty history is zero.

    "mean" weighs all alike (Covington et al. 2016, section 3.2); "recency" learns one logit per place
    counted from the newest item, from which a softmax over the real places gives the weights.

    Example:
        >>> import numpy as np
        >>> vectors = np.array([[[9.0], [1.0], [3.0]]], np.float32)  # the first is padding
        >>> pooling = HistoryPooling(max_history_length=3, pooling="mean")
        >>> pooling(vectors, np.array([[False, True, True]])).numpy().tolist()
        [[2.0]]

    Call arguments:
        vectors: float [B, T, D], oldest first.
        padding_mask: bool [B, T], True = real.

    Returns:
        float [B, D].
    """

    def __init__(self, max_history_length: int, pooling: Pooling = "recency", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pooling not in ("mean", "recency"):
            raise UnknownNameError("pooling", pooling, ("mean", "recency"))
        self.max_history_length = max_history_length
        self.pooling = pooling

    def build(self, input_shape: Any = None) -> None:
        """Create the logits of the places; place 0 is the newest."""
        if self.pooling == "recency":
            self.recency_logits = self.add_weight(
                name="recency_logits", shape=(self.max_history_length,), initializer="zeros"
            )
        self.built = True

    def call(self, vectors: Any, padding_mask: Any) -> Any:
        """Pool each history."""
        length = ops.shape(vectors)[1]
        if self.pooling == "recency":
            age = position_ages(length, self.max_history_length)
            logits = ops.take(self.recency_logits, age)[None, :]
        else:
            logits = ops.zeros((1, length), dtype=self.compute_dtype)
        weights = masked_softmax(padding_mask, logits)
        weights = ops.where(padding_mask, weights, 0)
        return ops.sum(vectors * ops.expand_dims(ops.cast(weights, vectors.dtype), -1), axis=1)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "max_history_length": self.max_history_length,
            "pooling": self.pooling,
        }
