"""Binary cross-entropy of having liked an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from tfrec_zoo.losses.pointwise_loss import PointwiseLoss


@dataclass(frozen=True)
class LikeLoss(PointwiseLoss):
    """Binary cross-entropy of a rating of at least the threshold; scores are log-odds."""

    name: ClassVar[str] = "like"
    like_threshold: float = 4.0
    """Least rating that counts as a like."""

    def compare(self, scores: Any, ratings: Any) -> Any:
        """Cross-entropies."""
        liked = tf.cast(ratings >= self.like_threshold, tf.float32)
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=liked, logits=scores)
