"""Losses of each row's item against candidates that all rows share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo.losses.accidental_hits import accidental_hits
from tfrec_zoo.losses.loss import Loss
from tfrec_zoo.losses.rows import TrainedModel, TrainingRows


class Compared(NamedTuple):
    """Scores over the temperature, of each row's own item and of the candidates.

    Example:
        >>> import tensorflow as tf
        >>> compared = Compared(tf.constant([2.0]), tf.constant([[1.0, 0.0]]), tf.constant([[True, False]]))
        >>> bpr(*compared).shape  # one row, against the one negative of its two candidates
        TensorShape([1])
    """

    target_logit: Any
    """float32 [P]."""
    logits: Any
    """float32 [P, C]."""
    negative: Any
    """bool [P, C], True where the candidate counts as a negative of the row."""


class Batch(NamedTuple):
    """What was compared, and for whom.

    Example:
        >>> Batch._fields
        ('model', 'inputs', 'rows', 'candidates', 'training')
    """

    model: TrainedModel
    inputs: Mapping[str, Any]
    rows: TrainingRows
    candidates: Any
    """Catalogue rows, int32 [C]."""
    training: bool


@dataclass(frozen=True)
class CandidateLoss(Loss):
    """A loss of each row's item against candidates.

    Example:
        >>> import tensorflow as tf
        >>> class Hinge(CandidateLoss):  # by how much the best item of all is above the row's own
        ...     name = "hinge"
        ...     def candidates(self, model, inputs, rows):
        ...         return tf.range(2, model.schema.num_items)
        ...     def compare(self, compared, batch):
        ...         return tf.nn.relu(tf.reduce_max(compared.logits, axis=1) - compared.target_logit)
        >>> inputs = model.example_inputs()  # model: any of the zoo
        >>> rows = TrainingRows(model(inputs), targets=tf.constant([2]))
        >>> Hinge(temperature=0.5)(model, inputs, rows, training=True).shape
        TensorShape([])
    """

    temperature: float = 1.0
    """Divides the scores."""
    remove_accidental_hits: bool = True
    """Whether items that the user is known to like are no negatives."""

    @property
    def needs_positives(self) -> bool:
        """Where accidental hits are to be removed."""
        return self.remove_accidental_hits

    @abstractmethod
    def candidates(self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows) -> Any:
        """Catalogue rows of the candidates, int32 [C]."""

    @abstractmethod
    def compare(self, compared: Compared, batch: Batch) -> Any:
        """The loss of each row, float32 [P]."""

    def losses(
        self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows, training: bool
    ) -> Any:
        """Score targets and candidates, and compare them."""
        candidates = self.candidates(model, inputs, rows)
        vectors = model.encode_items(tf.concat([rows.targets, candidates], axis=0), training=training)
        size = tf.shape(rows.targets)[0]
        target_logit = model.score(rows.encoded, vectors[:size, None], training=training)[:, 0]
        logits = model.score(rows.encoded, vectors[size:], training=training)
        positives = rows.positives if self.remove_accidental_hits else None
        hits = accidental_hits(rows.targets, candidates, positives, rows.owner)
        compared = Compared(target_logit / self.temperature, logits / self.temperature, tf.logical_not(hits))
        return self.compare(compared, Batch(model, inputs, rows, candidates, training))


@dataclass(frozen=True)
class DrawnLoss(CandidateLoss):
    """A loss against drawn negatives alone.

    Example:
        >>> import tensorflow as tf
        >>> class Hinge(DrawnLoss):  # by how much the best negative is above the row's own item
        ...     name = "hinge"
        ...     def compare(self, compared, batch):
        ...         logits = tf.where(compared.negative, compared.logits, compared.logits.dtype.min)
        ...         return tf.nn.relu(tf.reduce_max(logits, axis=1) - compared.target_logit)
        >>> inputs = {**model.example_inputs(), "negatives": tf.constant([3, 4])}  # model: any of the zoo
        >>> rows = TrainingRows(model(inputs), targets=tf.constant([2]))
        >>> Hinge(num_negatives=2)(model, inputs, rows, training=True).shape
        TensorShape([])
    """

    num_negatives: int = 0
    """Drawn negatives of a batch."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.num_negatives >= 1,
            f"`num_negatives` must be at least 1 with loss {self.name!r}.",
            self.num_negatives,
        )

    @property
    def needs_negatives(self) -> bool:
        """Always."""
        return True

    def candidates(self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows) -> Any:
        """The drawn ones."""
        return inputs["negatives"]
