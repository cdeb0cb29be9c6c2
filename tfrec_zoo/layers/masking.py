"""Scores that a softmax must pass over."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops


def where_real(mask: Any, scores: Any) -> Any:
    """The scores where `mask` is True, the lowest number of their type elsewhere."""
    return ops.where(mask, scores, tf.as_dtype(keras.backend.standardize_dtype(scores.dtype)).min)
