"""Users to vectors."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfrec_zoo.schema import NUM_RESERVED


@keras.saving.register_keras_serializable("tfrec_zoo")
class UserEmbedding(keras.layers.Layer):
    """One vector per known user; unknown ones, and in training a share of all, are zero.

    Call arguments:
        inputs: int32 [B].
        training: whether users are hidden.

    Returns:
        float [B, embedding_dim].
    """

    def __init__(self, num_users: int, embedding_dim: int, user_dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_users = num_users
        self.embedding_dim = embedding_dim
        self.user_dropout = user_dropout
        self.seed_generator = keras.random.SeedGenerator()
        self.embedding = keras.layers.Embedding(
            num_users,
            embedding_dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="embedding",
        )

    def build(self, input_shape: Any) -> None:
        """Create the table."""
        self.embedding.build(input_shape)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Look up each user."""
        known = inputs >= NUM_RESERVED
        if training and self.user_dropout > 0:
            draw = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator)
            known = ops.logical_and(known, draw >= self.user_dropout)
        vectors = self.embedding(inputs)
        return vectors * ops.cast(ops.expand_dims(known, -1), vectors.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "num_users": self.num_users,
            "embedding_dim": self.embedding_dim,
            "user_dropout": self.user_dropout,
        }
