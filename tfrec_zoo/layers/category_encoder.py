"""Bags of categories to vectors."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfrec_zoo.schema import PAD


@keras.saving.register_keras_serializable("tfrec_zoo")
class CategoryEncoder(keras.layers.Layer):
    """Sum of the embeddings of a row's categories over the root of their number; without any it is zero.

    Unlike in a mean, two categories that both suit a user count for more than one.

    Example:
        >>> import numpy as np
        >>> categories = np.array([[2, 3], [4, 0], [0, 0]])  # the last item has none
        >>> vectors = CategoryEncoder(vocabulary_size=5, embedding_dim=8)(categories)
        >>> vectors.shape, float(abs(vectors[2]).numpy().max())
        (TensorShape([3, 8]), 0.0)

    Call arguments:
        inputs: int32 [..., length], PAD where there is nothing.

    Returns:
        float [..., embedding_dim].
    """

    def __init__(self, vocabulary_size: int, embedding_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")

    def build(self, input_shape: Any) -> None:
        """Create the table."""
        self.embedding.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Pool each row."""
        real = ops.cast(ops.expand_dims(inputs != PAD, -1), self.compute_dtype)
        total = ops.sum(self.embedding(inputs) * real, axis=-2)
        return total / ops.sqrt(ops.maximum(ops.sum(real, axis=-2), 1))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
        }
