"""Losses of one interaction's rating."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tfrec_zoo.losses.loss import Loss
from tfrec_zoo.losses.rows import TrainedModel, TrainingRows


@dataclass(frozen=True)
class PointwiseLoss(Loss):
    """A loss of one interaction's score and rating, which needs no negatives.

    Example:
        >>> import tensorflow as tf
        >>> class AbsoluteError(PointwiseLoss):
        ...     name = "absolute_error"
        ...     def compare(self, scores, ratings):
        ...         return tf.abs(scores - ratings)
        >>> AbsoluteError().compare(tf.constant([3.0]), tf.constant([5.0])).numpy().tolist()
        [2.0]
    """

    needs_rating: ClassVar[bool] = True
    has_score_bias: ClassVar[bool] = True

    def losses(
        self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows, training: bool
    ) -> Any:
        """Score each row's own item, and compare."""
        vectors = model.encode_items(rows.targets, training=training)
        return self.compare(
            model.score(rows.encoded, vectors[:, None], training=training)[:, 0], inputs["rating"]
        )

    @abstractmethod
    def compare(self, scores: Any, ratings: Any) -> Any:
        """The loss of each row, from float32 [P] and float32 [P]."""
