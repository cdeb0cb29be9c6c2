"""Squared error of an interaction's rating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfrec_zoo.losses.pointwise_loss import PointwiseLoss


@dataclass(frozen=True)
class RatingLoss(PointwiseLoss):
    """Squared error of the rating."""

    name: ClassVar[str] = "rating"

    def start_bias(self, ratings: Any) -> float:
        """The mean rating."""
        return float(np.mean(ratings))

    def compare(self, scores: Any, ratings: Any) -> Any:
        """Squared errors."""
        return tf.square(scores - ratings)
