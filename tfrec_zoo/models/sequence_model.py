"""What sequence models share: one pass over a history trains all of its positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import tensorflow as tf
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.layers.user_embedding import UserEmbedding
from tfrec_zoo.losses import TrainingRows
from tfrec_zoo.models.base import Inputs, RecommenderModel
from tfrec_zoo.models.config import LossName, ModelConfig
from tfrec_zoo.schema import NUM_RESERVED, PAD


@dataclass(frozen=True)
class SequenceConfig(ModelConfig):
    """Hyper-parameters of sequence models."""

    loss: LossName = "full"
    dropout: float = 0.1
    """Share of entries dropped in training, after the item vectors and within each layer."""
    use_user_id: bool = False
    """Whether the query has an id embedding of the user beside what is read from the history."""
    user_dropout: float = 0.0
    """Share of users whose id is hidden in training, so that the history alone can place them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.user_dropout < 1, "`user_dropout` must be in [0, 1).", self.user_dropout)


class SequenceModel(RecommenderModel):
    """A model whose query at each position is read from the items up to it.

    `encode_positions` is all that a subclass adds; to each position, `use_user_id` adds the user (Wu et al.
    2020, "SSE-PT", in the additive form). Given targets [B, T] as of `pipelines.sequences`, the loss
    compares every real position with the item that followed it; given targets [B], as of `pipelines.pairs`,
    the newest position alone.

    Example:
        >>> class NewestItem(SequenceModel):  # each position asks for what is like its item
        ...     def encode_positions(self, inputs, training=False, item_vectors=None, newest_only=False):
        ...         vectors = self.history_vectors(inputs["history"], training, item_vectors)
        ...         return vectors[:, -1:] if newest_only else vectors
        >>> model = NewestItem(Schema(num_users=5, num_items=12, num_trained_items=12))
        >>> model(model.example_inputs(batch_size=3), training=True)["positions"].shape
        TensorShape([3, 50, 64])
    """

    config_class: ClassVar[type[ModelConfig]] = SequenceConfig
    config: SequenceConfig
    run_defaults: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"epochs": 100, "batch_size": 128, "learning_rate": 1e-3, "patience": 10}
    )

    def build_query_encoder(self) -> None:
        """Create the user embedding, where there is one; a subclass adds its layers."""
        config = self.config
        self.user_embedding = None
        if config.use_user_id:
            self.user_embedding = UserEmbedding(
                self.schema.num_users, config.embedding_dim, config.user_dropout, name="user_embedding"
            )
            self.user_embedding.build((None,))

    @property
    def trains_on(self) -> Literal["pairs", "sequences"]:
        """Sequences, unless the loss is one of ratings."""
        return "pairs" if self.needs_rating else "sequences"

    def encode_positions(
        self, inputs: Inputs, training: bool = False, item_vectors: Any = None, newest_only: bool = False
    ) -> Any:
        """Encode each position of the histories by the items up to it.

        Args:
            inputs: the model's inputs.
            training: whether dropout is on.
            item_vectors: as of `encode_query`.
            newest_only: whether the last position alone is asked for.

        Returns:
            float [B, T, D], or [B, 1, D] for the newest only; without meaning where the history is padding.
        """
        raise NotImplementedError

    def encode_query(self, inputs: Inputs, training: bool = False, item_vectors: Any = None) -> Any:
        """Encode the newest position, float [B, D]; of a history without known items, the user alone."""
        newest = self.encode_positions(inputs, training, item_vectors, newest_only=True)
        return self.query_of(inputs, newest, training)

    def query_of(self, inputs: Inputs, positions: Any, training: bool = False) -> Any:
        """The query of the last of the encoded positions, float [B, T, D] to [B, D]."""
        newest = positions[:, -1]
        known = ops.any(inputs["history"] >= NUM_RESERVED, axis=1)
        newest = newest * ops.cast(known[:, None], newest.dtype)
        if self.user_embedding is None:
            return newest
        return newest + self.user_embedding(inputs["user_index"], training=training)

    def _queries(self, inputs: Inputs, training: bool = False) -> Any:
        """The queries of all positions, float [B, T, D]."""
        positions = self.encode_positions(inputs, training)
        if self.user_embedding is not None:
            positions += self.user_embedding(inputs["user_index"], training=training)[:, None]
        return self._unit(positions)

    def call(self, inputs: Inputs, training: bool = False) -> dict[str, Any]:
        """As the base class; in training on sequences, the queries of all "positions" as well."""
        if not training or "candidates" in inputs or self.trains_on == "pairs":
            return super().call(inputs, training=training)
        positions = self._queries(inputs, training)
        return {"query": positions[:, -1], "positions": positions}

    def training_rows(self, x: Inputs, y: Any, y_pred: Mapping[str, Any], sample_weight: Any) -> TrainingRows:
        """One row per real position."""
        if len(y.shape) == 1:
            return super().training_rows(x, y, y_pred, sample_weight)
        positions = y_pred.get("positions")
        if positions is None:
            positions = self._queries(x)
        targets, weights = ops.convert_to_tensor(y), sample_weight
        if weights is not None and len(weights.shape) == 1:
            weights = ops.broadcast_to(ops.expand_dims(weights, -1), ops.shape(y))
        if self.jit_compile:
            return _padded_rows(positions, targets, weights)
        positives = ops.concatenate([x["history"][:, :1], targets], axis=1)
        real = tf.where(tf.not_equal(targets, PAD))

        def of_rows(values: Any) -> Any:
            return None if values is None else tf.gather_nd(values, real)

        return TrainingRows(
            {"query": of_rows(positions)},
            of_rows(targets),
            of_rows(weights),
            positives,
            tf.cast(real[:, 0], tf.int32),
            of_rows(x.get("targets_log_q")),
        )


def _padded_rows(positions: Any, targets: Any, weights: Any) -> TrainingRows:
    """One row per position, padding without weight: XLA's shapes cannot depend on the data."""
    real = tf.reshape(tf.not_equal(targets, PAD), [-1])
    of_rows = tf.cast(real, tf.float32)
    return TrainingRows(
        {"query": tf.reshape(positions, [-1, positions.shape[-1]])},
        tf.reshape(tf.maximum(targets, NUM_RESERVED), [-1]),
        of_rows if weights is None else of_rows * tf.reshape(tf.cast(weights, tf.float32), [-1]),
        count=tf.reduce_sum(tf.cast(real, tf.int32)),
    )
