"""Sound to vectors: log-mel spectrogram, then 2-D convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfrec_zoo")
class AudioEncoder(keras.layers.Layer):
    """A log-mel spectrogram computed in the graph, strided convolutions, the mean, a dense layer.

    Example:
        >>> import numpy as np
        >>> AudioEncoder(embedding_dim=8)(np.zeros((3, 2000), np.int16)).shape
        TensorShape([3, 8])

    Call arguments:
        inputs: int16 PCM [n, samples], 256 samples or more.

    Returns:
        float [n, embedding_dim].
    """

    def __init__(
        self, embedding_dim: int, sampling_rate: int = 8000, num_mel_bins: int = 32, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.embedding_dim = embedding_dim
        self.sampling_rate = sampling_rate
        self.num_mel_bins = num_mel_bins
        self.spectrogram = keras.layers.MelSpectrogram(
            fft_length=256,
            sequence_stride=128,
            num_mel_bins=num_mel_bins,
            sampling_rate=sampling_rate,
            min_freq=20.0,
            max_freq=sampling_rate / 2,
            name="spectrogram",
        )
        self.filters = (16, 32)
        self.convolutions = [
            keras.layers.Conv2D(f, 3, strides=2, padding="same", activation="relu", name=f"convolution_{f}")
            for f in self.filters
        ]
        self.projection = keras.layers.Dense(embedding_dim, name="projection")

    def build(self, input_shape: Any) -> None:
        """Create the kernels."""
        shape: tuple[int | None, ...] = (None, self.num_mel_bins, None, 1)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = (None, None, None, convolution.filters)
        self.projection.build((None, self.filters[-1]))
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Encode each sound."""
        maps = self.spectrogram(ops.cast(inputs, "float32") / 32768.0)
        maps = ops.cast(ops.expand_dims(maps, -1), self.compute_dtype) / 20
        for convolution in self.convolutions:
            maps = convolution(maps)
        return self.projection(ops.mean(maps, axis=(1, 2)))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "embedding_dim": self.embedding_dim,
            "sampling_rate": self.sampling_rate,
            "num_mel_bins": self.num_mel_bins,
        }
