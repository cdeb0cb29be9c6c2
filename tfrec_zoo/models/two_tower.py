"""Two-tower retrieval: a user tower and an item tower (Covington et al. 2016; Yi et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import keras
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.layers.dense_stack import dense_stack
from tfrec_zoo.layers.feature_encoder import feature_encoder
from tfrec_zoo.layers.history_pooling import HistoryPooling, Pooling
from tfrec_zoo.layers.user_embedding import UserEmbedding
from tfrec_zoo.models.base import Inputs, RecommenderModel
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.schema import NUM_RESERVED, Feature


@dataclass(frozen=True)
class TwoTowerConfig(ModelConfig):
    """Hyper-parameters of TwoTower.

    Example:
        >>> TwoTowerConfig(embedding_dim=16, user_hidden_dims=(32,)).history_pooling
        'recency'
    """

    use_user_id: bool = True
    """Whether the user tower has an id embedding."""
    use_profile: bool = True
    """Whether the user tower reads the schema's profile features."""
    use_history: bool = True
    """Whether the user tower reads the pooled history."""
    history_pooling: Pooling = "recency"
    """How the history's vectors become one."""
    tie_history: bool = True
    """Whether the history is read with the item tower's vectors, or with an embedding of its own."""
    user_hidden_dims: tuple[int, ...] = ()
    """Widths of the user tower's dense layers; without any, the tower is the sum of its parts."""
    user_dropout: float = 0.0
    """Share of users whose id is hidden in training, so that the history alone can place them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.use_user_id or self.use_profile or self.use_history,
            "One of `use_user_id`, `use_profile` and `use_history` must be on.",
            self,
        )
        require(0 <= self.user_dropout < 1, "`user_dropout` must be in [0, 1).", self.user_dropout)


@keras.saving.register_keras_serializable("tfrec_zoo")
class TwoTower(RecommenderModel):
    """Retrieval by dot product: user tower (id, profile, pooled history), item tower (id, content).

    Example:
        >>> import numpy as np
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=12)
        >>> model = TwoTower(schema, TwoTowerConfig(embedding_dim=8))
        >>> inputs = {"history": np.array([[0, 3, 2]]), "user_index": np.array([4])}
        >>> model({**inputs, "candidates": np.array([[5, 6]])})["scores"].shape
        TensorShape([1, 2])
    """

    config_class: ClassVar[type[ModelConfig]] = TwoTowerConfig
    config: TwoTowerConfig
    example_settings: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {
            "own_history": {"tie_history": False, "user_hidden_dims": (9,), "user_dropout": 0.2},
            "user_alone": {"use_history": False},
        }
    )

    @property
    def profile_features(self) -> tuple[Feature, ...]:
        """All of the schema's, unless switched off."""
        return self.schema.user_features if self.config.use_profile else ()

    def build_query_encoder(self) -> None:
        """Create the parts of the user tower."""
        config, schema = self.config, self.schema
        require(
            config.use_user_id or config.use_history or bool(schema.user_features),
            "A user tower of the profile alone needs profile features in the schema.",
            schema.user_features,
        )
        if config.use_user_id:
            self.user_embedding = UserEmbedding(
                schema.num_users, config.embedding_dim, config.user_dropout, name="user_embedding"
            )
            self.user_embedding.build((None,))
        self.profile_encoders = {
            feature.name: feature_encoder(feature, config.embedding_dim) for feature in self.profile_features
        }
        if config.use_history:
            self.history_pooling = HistoryPooling(
                config.max_history_length, config.history_pooling, name="history_pooling"
            )
            if not config.tie_history:
                self.history_embedding = keras.layers.Embedding(
                    schema.num_items,
                    config.embedding_dim,
                    embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
                    name="history_embedding",
                )
            self.history_dropout = keras.layers.Dropout(config.dropout)
        self.hidden = dense_stack(
            config.embedding_dim, config.user_hidden_dims, config.dropout, name="user_hidden"
        )

    def encode_query(self, inputs: Inputs, training: bool = False, item_vectors: Any = None) -> Any:
        """Encode users as float [B, D]."""
        parts = [encoder(inputs[name]) for name, encoder in self.profile_encoders.items()]
        if self.config.use_user_id:
            parts.append(self.user_embedding(inputs["user_index"], training=training))
        if self.config.use_history:
            parts.append(self._encode_history(inputs["history"], training, item_vectors))
        if self.hidden is not None:
            return self.hidden(ops.concatenate(parts, axis=-1), training=training)
        return sum(parts[1:], parts[0])

    def _encode_history(self, history: Any, training: bool, item_vectors: Any) -> Any:
        if self.config.tie_history:
            vectors = self.history_vectors(history, training, item_vectors)
        else:
            vectors = self.history_embedding(history)
        pooled = self.history_pooling(vectors, padding_mask=history >= NUM_RESERVED)
        return self.history_dropout(pooled, training=training)
