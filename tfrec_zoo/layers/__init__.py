"""Keras layers: one class per file."""

from tfrec_zoo.layers.audio_encoder import AudioEncoder
from tfrec_zoo.layers.category_encoder import CategoryEncoder
from tfrec_zoo.layers.feature_encoder import feature_encoder
from tfrec_zoo.layers.history_pooling import HistoryPooling
from tfrec_zoo.layers.image_encoder import ImageEncoder
from tfrec_zoo.layers.item_encoder import ItemEncoder
from tfrec_zoo.layers.item_frequency import ItemFrequency
from tfrec_zoo.layers.location_encoder import LocationEncoder
from tfrec_zoo.layers.text_encoder import TextEncoder
from tfrec_zoo.layers.vector_encoder import VectorEncoder

__all__ = [
    "AudioEncoder",
    "CategoryEncoder",
    "HistoryPooling",
    "ImageEncoder",
    "ItemEncoder",
    "ItemFrequency",
    "LocationEncoder",
    "TextEncoder",
    "VectorEncoder",
    "feature_encoder",
]
