"""What a loss compares, and what it asks of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tfrec_zoo.schema import Schema


@dataclass(frozen=True)
class TrainingRows:
    """Queries and the items that followed them.

    Example:
        >>> import tensorflow as tf
        >>> inputs = model.example_inputs(batch_size=2)  # model: any of the zoo
        >>> rows = TrainingRows(model(inputs), targets=tf.constant([2, 3]), weights=tf.constant([1.0, 0.5]))
        >>> LOSSES.find("full")()(model, inputs, rows, training=True).shape
        TensorShape([])
    """

    encoded: Mapping[str, Any]
    """Of the model's `encode`, P rows."""
    targets: Any
    """Catalogue rows, int32 [P]."""
    weights: Any = None
    """Importance, float [P]; None for ones."""
    positives: Any = None
    """Known items of each user, int32 [U, H], PAD where there is nothing; None where not known."""
    owner: Any = None
    """The user of each row, int32 [P]; None where rows are users."""
    targets_log_q: Any = None
    """Log of the expected number of draws of each target, float [P]."""
    count: Any = None
    """Rows that are no padding, int32 []; None for all."""


class TrainedModel(Protocol):
    """What a loss asks of the model that it trains.

    Example:
        >>> import numpy as np, tensorflow as tf
        >>> class DotProduct:
        ...     schema = Schema(num_users=5, num_items=4, num_trained_items=4)
        ...     loss_state, scores_by_dot_product = None, True
        ...     def encode_items(self, item_index, training=False):
        ...         return tf.gather(np.eye(4, dtype=np.float32), item_index)
        ...     def score(self, encoded, vectors, training=False):
        ...         return tf.linalg.matvec(vectors, encoded["query"])
        >>> rows = TrainingRows({"query": np.array([[0, 0, 3, 0]], np.float32)}, targets=tf.constant([2]))
        >>> RatingLoss = LOSSES.find("rating")
        >>> RatingLoss()(DotProduct(), {"rating": tf.constant([5.0])}, rows, training=True).numpy().item()
        4.0
    """

    schema: Schema
    loss_state: Any
    """What `Loss.state` gave the model, or None."""

    @property
    def scores_by_dot_product(self) -> bool:
        """Whether a score is the product of "query" and the item's vector."""

    def encode_items(self, item_index: Any, training: bool = False) -> Any:
        """Encode catalogue rows, int32 [...], as float [..., D]."""

    def score(self, encoded: Mapping[str, Any], vectors: Any, training: bool = False) -> Any:
        """Scores float32 [P, C] of items that all rows share [C, D], or of items of each row [P, C, D]."""
