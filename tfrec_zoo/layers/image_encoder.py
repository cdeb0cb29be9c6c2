"""Pictures to vectors by 2-D convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfrec_zoo")
class ImageEncoder(keras.layers.Layer):
    """Strided convolutions, the mean over the places, a dense layer.

    Call arguments:
        inputs: uint8 [n, height, width, channels].

    Returns:
        float [n, embedding_dim].
    """

    def __init__(self, embedding_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embedding_dim = embedding_dim
        self.filters = (16, 32, 64)
        self.convolutions = [
            keras.layers.Conv2D(f, 3, strides=2, padding="same", activation="relu", name=f"convolution_{f}")
            for f in self.filters
        ]
        self.projection = keras.layers.Dense(embedding_dim, name="projection")

    def build(self, input_shape: Any) -> None:
        """Create the kernels."""
        shape = tuple(input_shape)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        self.projection.build((None, shape[-1]))
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Encode each picture."""
        maps = ops.cast(inputs, self.compute_dtype) / 127.5 - 1
        for convolution in self.convolutions:
            maps = convolution(maps)
        return self.projection(ops.mean(maps, axis=(1, 2)))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "embedding_dim": self.embedding_dim}
