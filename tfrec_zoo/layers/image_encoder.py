"""Pictures to vectors by 2-D convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfrec_zoo._errors import UnknownNameError

_FILTERS = (16, 32, 64)
_APPLICATIONS = [name for name in dir(keras.applications) if name[0].isupper()]


@keras.saving.register_keras_serializable("tfrec_zoo")
class ImageEncoder(keras.layers.Layer):
    """A network over pictures scaled to [-1, 1], the mean over the places, a dense layer.

    Example:
        >>> import numpy as np
        >>> ImageEncoder(embedding_dim=8)(np.zeros((3, 16, 16, 3), np.uint8)).shape
        TensorShape([3, 8])

    Call arguments:
        inputs: uint8 [n, height, width, 3].

    Returns:
        float [n, embedding_dim].

    Args:
        embedding_dim: width of the vectors.
        backbone: "plain" for three strided convolutions, "residual" for three residual blocks (He et al.
            2016, "Identity mappings in deep residual networks", with the group normalisation of Wu and He
            2018), or the name of a class of `keras.applications`, which starts with random weights: load
            others into the layer's `network`. Its batch normalisation keeps its statistics.

    Raises:
        UnknownNameError: another name.
    """

    def __init__(self, embedding_dim: int, backbone: str = "plain", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if backbone not in ("plain", "residual", *_APPLICATIONS):
            raise UnknownNameError("image backbone", backbone, ("plain", "residual", *_APPLICATIONS))
        self.embedding_dim = embedding_dim
        self.backbone = backbone
        self.projection = keras.layers.Dense(embedding_dim, name="projection")

    def build(self, input_shape: Any) -> None:
        """Create the kernels."""
        shape = tuple(input_shape[1:])
        if self.backbone == "plain":
            self.network = _plain(shape)
        elif self.backbone == "residual":
            self.network = _residual(shape)
        else:
            application = getattr(keras.applications, self.backbone)
            self.network = application(include_top=False, weights=None, pooling="avg", input_shape=shape)
        self.projection.build(self.network.output_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Encode each picture."""
        scaled = ops.cast(inputs, self.compute_dtype) / 127.5 - 1
        return self.projection(self.network(scaled, training=False))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "embedding_dim": self.embedding_dim, "backbone": self.backbone}


def _convolution(filters: int, strides: int = 2, size: int = 3, **options: Any) -> keras.layers.Layer:
    return keras.layers.Conv2D(filters, size, strides=strides, padding="same", **options)


def _plain(shape: tuple[int, ...]) -> keras.Model:
    layers = [_convolution(filters, activation="relu") for filters in _FILTERS]
    return keras.Sequential(
        [keras.Input(shape), *layers, keras.layers.GlobalAveragePooling2D()], name="plain"
    )


def _residual(shape: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(shape)
    maps = _convolution(_FILTERS[0])(inputs)
    for filters in _FILTERS:
        active = _normal(maps)
        inner = _normal(_convolution(filters)(active))
        maps = _convolution(filters, size=1)(active) + _convolution(filters, strides=1)(inner)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(_normal(maps)), name="residual")


def _normal(maps: Any) -> Any:
    return keras.layers.ReLU()(keras.layers.GroupNormalization(8)(maps))
