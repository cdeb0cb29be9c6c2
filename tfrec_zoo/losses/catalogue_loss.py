"""Softmax over the whole catalogue, as a setting of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from tfrec_zoo.losses.candidate_loss import Batch, CandidateLoss, Compared
from tfrec_zoo.losses.comparisons import candidate_softmax
from tfrec_zoo.losses.full_softmax import full_softmax
from tfrec_zoo.losses.rows import TrainedModel, TrainingRows
from tfrec_zoo.schema import NUM_RESERVED


@dataclass(frozen=True)
class CatalogueLoss(CandidateLoss):
    """Softmax cross-entropy over every item that training saw; in blocks where scores are dot products."""

    name: ClassVar[str] = "full"
    is_static: ClassVar[bool] = True
    label_smoothing: float = 0.0
    """Share of the target's probability that goes to all items alike."""

    @property
    def needs_positives(self) -> bool:
        """Never: pipelines need not bring what every row would have to look up among all items."""
        return False

    def candidates(self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows) -> Any:
        """All trained rows: an item that training never saw is no negative."""
        return tf.range(model.schema.num_trained_items)

    def compare(self, compared: Compared, batch: Batch) -> Any:
        """Cross-entropy of each row."""
        return candidate_softmax(*compared, self.label_smoothing)

    def __call__(
        self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows, training: bool
    ) -> Any:
        """The weighted mean over the rows, float32 []."""
        if not model.scores_by_dot_product:
            return super().__call__(model, inputs, rows, training)
        query = rows.encoded["query"]
        vectors = model.encode_items(self.candidates(model, inputs, rows), training=training)
        total = full_softmax(query, vectors, rows.targets, rows.weights, temperature=self.temperature)
        if self.label_smoothing:
            # Mixing the target with the uniform distribution adds a term that is linear in the scores.
            away = tf.gather(vectors, rows.targets) - tf.reduce_mean(vectors[NUM_RESERVED:], axis=0)
            gaps = tf.cast(tf.reduce_sum(query * away, axis=-1), tf.float32) / self.temperature
            gaps = gaps if rows.weights is None else gaps * tf.cast(rows.weights, gaps.dtype)
            total += self.label_smoothing * tf.reduce_sum(gaps)
        count = tf.shape(rows.targets)[0] if rows.count is None else rows.count
        return total / tf.cast(tf.maximum(count, 1), total.dtype)
