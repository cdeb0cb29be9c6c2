"""The encoder that suits a feature."""

from __future__ import annotations

import keras

from tfrec_zoo.layers.audio_encoder import AudioEncoder
from tfrec_zoo.layers.category_encoder import CategoryEncoder
from tfrec_zoo.layers.image_encoder import ImageEncoder
from tfrec_zoo.layers.text_encoder import TextEncoder
from tfrec_zoo.layers.vector_encoder import VectorEncoder
from tfrec_zoo.schema import Feature


def feature_encoder(
    feature: Feature,
    embedding_dim: int,
    image_backbone: str = "plain",
    text_kernel_sizes: tuple[int, ...] = (1, 2, 3),
) -> keras.layers.Layer:
    """A built layer from the feature's encoded values [n, *shape] to float [n, embedding_dim]."""
    name, size = feature.name, feature.vocabulary_size or 0
    layer: keras.layers.Layer
    match feature.kind:
        case "category":
            layer = CategoryEncoder(size, embedding_dim, name=name)
        case "text":
            layer = TextEncoder(size, embedding_dim, text_kernel_sizes, name=name)
        case "image":
            layer = ImageEncoder(embedding_dim, image_backbone, name=name)
        case "audio":
            layer = AudioEncoder(embedding_dim, name=name)
        case "number" | "vector":
            layer = VectorEncoder(embedding_dim, name=name)
    layer.build((None, *feature.shape))
    return layer
