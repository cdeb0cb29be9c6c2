"""Softmax over the items of the batch, corrected for how often each is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import keras
import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo.layers.item_frequency import ItemFrequency
from tfrec_zoo.losses.candidate_loss import Batch, CandidateLoss, Compared
from tfrec_zoo.losses.comparisons import candidate_softmax
from tfrec_zoo.losses.rows import TrainedModel, TrainingRows
from tfrec_zoo.schema import Schema

LogQ = Literal["none", "streaming", "counted"]


@dataclass(frozen=True)
class InBatchLoss(CandidateLoss):
    """Softmax over the batch's items, with drawn ones mixed in where `num_negatives` is above 0.

    Yi et al. 2019, "Sampling-bias-corrected neural modeling for large corpus item recommendations"
    (section 3); Yang et al. 2020, "Mixed negative sampling" (section 3.3).
    """

    name: ClassVar[str] = "in_batch"
    couples_rows: ClassVar[bool] = True
    label_smoothing: float = 0.0
    """Share of the target's probability that goes to all candidates alike."""
    log_q: LogQ = "streaming"
    """Where the sampling-bias correction takes the items' frequency."""
    num_negatives: int = 0
    """Drawn negatives that are mixed in."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.num_negatives >= 0, "`num_negatives` must be at least 0.", self.num_negatives)

    @property
    def needs_negatives(self) -> bool:
        """Where some are mixed in."""
        return self.num_negatives > 0

    def state(self, schema: Schema) -> keras.layers.Layer | None:
        """The items' frequency, where scores are corrected by it."""
        if self.log_q == "none":
            return None
        return ItemFrequency(schema.num_items, self.log_q, name="item_frequency")

    def prepare(self, state: Any, item_counts: Any) -> None:
        """Set "counted" frequencies."""
        if self.log_q == "counted":
            state.set_counts(item_counts)

    def require_ready(self, state: Any) -> None:
        """Refuse "counted" frequencies that were never set."""
        if state is not None:
            state.require_counts()

    def candidates(self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows) -> Any:
        """The batch's distinct items, then the drawn ones."""
        distinct, _ = tf.unique(rows.targets)
        return tf.concat([distinct, inputs["negatives"]], axis=0) if self.needs_negatives else distinct

    def compare(self, compared: Compared, batch: Batch) -> Any:
        """Cross-entropy of each row; an item that the batch holds c times is scored once, counted c times."""
        target_logit, logits, negative = compared
        if batch.model.loss_state is not None:
            target_log_q, log_q = self._log_q(batch)
            target_logit, logits = target_logit - target_log_q, logits - log_q[None, :]
        _, _, counts = tf.unique_with_counts(batch.rows.targets)
        log_count = tf.math.log(tf.cast(counts, tf.float32))
        if self.needs_negatives:
            log_count = tf.concat([log_count, tf.zeros(tf.shape(batch.inputs["negatives"]))], axis=0)
        return candidate_softmax(target_logit, logits + log_count[None, :], negative, self.label_smoothing)

    def _log_q(self, batch: Batch) -> tuple[Any, Any]:
        """Log of the expected number of times that each target and each candidate is a candidate."""
        frequency, rows = batch.model.loss_state, batch.rows
        if batch.training and self.log_q == "streaming":
            frequency.update(rows.targets)
        size = tf.shape(rows.targets)[0]
        target_log_q, log_q = (
            frequency(items, batch_size=size) for items in (rows.targets, batch.candidates)
        )
        if not self.needs_negatives:
            return target_log_q, log_q
        # The expected draws of the batch's distinct items, then of the negatives.
        distinct, first = tf.unique(rows.targets)
        of_distinct = tf.math.unsorted_segment_max(rows.targets_log_q, first, tf.shape(distinct)[0])
        drawn = tf.concat([of_distinct, batch.inputs["negatives_log_q"]], axis=0)
        return _log_add(target_log_q, rows.targets_log_q), _log_add(log_q, drawn)


def _log_add(left: Any, right: Any) -> Any:
    return tf.reduce_logsumexp(tf.stack([left, right]), axis=0)
