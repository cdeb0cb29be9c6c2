"""Numbers and ready-made vectors to vectors."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfrec_zoo")
class VectorEncoder(keras.layers.Layer):
    """A dense layer over a vector or a single number.

    Example:
        >>> import numpy as np
        >>> VectorEncoder(embedding_dim=8)(np.zeros((3, 16), np.float32)).shape
        TensorShape([3, 8])

    Call arguments:
        inputs: float [n, dim] or [n].

    Returns:
        float [n, embedding_dim].
    """

    def __init__(self, embedding_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embedding_dim = embedding_dim
        self.projection = keras.layers.Dense(embedding_dim, name="projection")

    def build(self, input_shape: Any) -> None:
        """Create the kernel."""
        self.projection.build(tuple(input_shape) if len(input_shape) > 1 else (None, 1))
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Project each row."""
        values = ops.cast(inputs, self.compute_dtype)
        return self.projection(values if len(values.shape) > 1 else ops.expand_dims(values, -1))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "embedding_dim": self.embedding_dim}
