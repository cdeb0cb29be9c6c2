"""The encoder that suits a feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras

from tfrec_zoo.layers.audio_encoder import AudioEncoder
from tfrec_zoo.layers.category_encoder import CategoryEncoder
from tfrec_zoo.layers.image_encoder import ImageEncoder
from tfrec_zoo.layers.text_encoder import TextEncoder
from tfrec_zoo.layers.vector_encoder import VectorEncoder
from tfrec_zoo.schema import Feature, FeatureKind

_ENCODERS: Mapping[FeatureKind, Callable[[Feature, int, str], keras.layers.Layer]] = {
    "category": lambda feature, dim, _: CategoryEncoder(feature.vocabulary_size or 0, dim, name=feature.name),
    "text": lambda feature, dim, _: TextEncoder(feature.vocabulary_size or 0, dim, name=feature.name),
    "number": lambda feature, dim, _: VectorEncoder(dim, name=feature.name),
    "vector": lambda feature, dim, _: VectorEncoder(dim, name=feature.name),
    "image": lambda feature, dim, backbone: ImageEncoder(dim, backbone, name=feature.name),
    "audio": lambda feature, dim, _: AudioEncoder(dim, name=feature.name),
}


def feature_encoder(
    feature: Feature, embedding_dim: int, image_backbone: str = "plain"
) -> keras.layers.Layer:
    """A built layer from the feature's encoded values [n, *shape] to float [n, embedding_dim]."""
    layer = _ENCODERS[feature.kind](feature, embedding_dim, image_backbone)
    layer.build((None, *feature.shape))
    return layer
