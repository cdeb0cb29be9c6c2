"""Words to vectors by 1-D convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfrec_zoo.schema import PAD


@keras.saving.register_keras_serializable("tfrec_zoo")
class TextEncoder(keras.layers.Layer):
    """Convolutions of several widths over word embeddings, pooled over the words, and a dense layer.

    Kim 2014, "Convolutional neural networks for sentence classification" (section 2), but for the pooling:
    the sum over the root of the number of words in place of the maximum, so that two words that both suit a
    user count for more than one. Without convolutions it is that sum of the word embeddings themselves.

    Example:
        >>> import numpy as np
        >>> words = np.array([[2, 3, 4], [3, 0, 0]])  # one text of three words, one of one
        >>> TextEncoder(vocabulary_size=5, embedding_dim=8)(words).shape
        TensorShape([2, 8])

    Call arguments:
        inputs: int32 [n, length], PAD where there is nothing.

    Returns:
        float [n, embedding_dim].
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int,
        kernel_sizes: Sequence[int] = (1, 2, 3),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.kernel_sizes = tuple(kernel_sizes)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")
        self.convolutions = [
            keras.layers.Conv1D(
                embedding_dim, size, padding="same", activation="relu", name=f"convolution_{size}"
            )
            for size in self.kernel_sizes
        ]
        self.projection = keras.layers.Dense(embedding_dim, name="projection") if self.kernel_sizes else None

    def build(self, input_shape: Any) -> None:
        """Create the tables and kernels."""
        words = (*input_shape, self.embedding_dim)
        self.embedding.build(input_shape)
        for convolution in self.convolutions:
            convolution.build(words)
        if self.projection is not None:
            self.projection.build((None, self.embedding_dim * len(self.kernel_sizes)))
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Encode each row."""
        real = ops.cast(ops.expand_dims(inputs != PAD, -1), self.compute_dtype)
        words = self.embedding(inputs) * real
        root = ops.sqrt(ops.maximum(ops.sum(real, axis=-2), 1))
        if self.projection is None:
            return ops.sum(words, axis=-2) / root
        pooled = [ops.sum(convolution(words) * real, axis=-2) / root for convolution in self.convolutions]
        return self.projection(ops.concatenate(pooled, axis=-1))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "kernel_sizes": self.kernel_sizes,
        }
