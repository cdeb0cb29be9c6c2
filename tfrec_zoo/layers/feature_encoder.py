"""The encoder that suits a feature."""

from __future__ import annotations

import keras

from tfrec_zoo.feature_kind import KINDS
from tfrec_zoo.schema import Feature


def feature_encoder(
    feature: Feature,
    embedding_dim: int,
    image_backbone: str = "plain",
    text_kernel_sizes: tuple[int, ...] = (1, 2, 3),
) -> keras.layers.Layer:
    """A built layer from the feature's encoded values [n, *shape] to float [n, embedding_dim]."""
    options = {"image_backbone": image_backbone, "text_kernel_sizes": text_kernel_sizes}
    layer: keras.layers.Layer = KINDS.find(feature.kind).encoder(feature, embedding_dim, options)
    layer.build((None, *feature.shape))
    return layer
