"""Convolutions over what items are made of, so that an item that nobody has touched is ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import keras
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.layers.attention_pooling import AttentionPooling
from tfrec_zoo.layers.dense_scorer import DenseScorer
from tfrec_zoo.layers.dense_stack import dense_stack
from tfrec_zoo.models.base import Inputs
from tfrec_zoo.models.catalogue.blocks_of_items import in_blocks_of_items
from tfrec_zoo.models.config import LossName, ModelConfig
from tfrec_zoo.models.sequence_model import SequenceConfig, SequenceModel
from tfrec_zoo.schema import NUM_RESERVED, OOV, HistoryScope

Score = Literal["dense", "dot"]
Profile = Literal["content", "id", "both"]


@dataclass(frozen=True)
class CNNRankerConfig(SequenceConfig):
    """Hyper-parameters of CNNRanker.

    Example:
        >>> CNNRankerConfig(score="dot").use_item_id  # by content alone, unless told otherwise
        False
    """

    renamed_fields: ClassVar[Mapping[str, str]] = MappingProxyType({"context": "history_scope"})

    loss: LossName = "in_batch"

    use_item_id: bool = False
    """Whether the item encoder has an id embedding beside the content."""
    profile_of: Profile = "content"
    """What an item of the history adds to the profile: its content, a vector of its own by its id, or both.
    Items that training never saw have content alone; candidates are judged by content in any case."""
    history_scope: HistoryScope = "past"
    """What a profile is made of in training: the items before the target; or all others of the window, where
    what goes together matters more than what comes next."""
    score: Score = "dense"
    """Dense layers over query, item and their product; or the dot product, which an index can serve."""
    hidden_dim: int = 64
    """Width of the dense layers of the score."""
    query_hidden_dims: tuple[int, ...] = ()
    """Widths of the query's dense layers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.hidden_dim >= 1, "`hidden_dim` must be at least 1.", self.hidden_dim)


@keras.saving.register_keras_serializable("tfrec_zoo")
class CNNRanker(SequenceModel):
    """Ranking by content: CNNs over text, image and audio, the user's content profile, dense layers.

    A schema without content needs `use_item_id=True`.

    Example:
        >>> import numpy as np
        >>> genres = Feature("genres", "category", shape=(2,), vocabulary_size=6)
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=12, item_features=(genres,))
        >>> model = CNNRanker(schema)
        >>> model.set_content({"genres": np.ones((12, 2), np.int32)})
        >>> model.scores_by_dot_product, model.item_vectors().shape
        (False, (12, 64))
    """

    config_class: ClassVar[type[ModelConfig]] = CNNRankerConfig
    config: CNNRankerConfig
    # A step encodes the content of every item in it, and dense layers score each position with each target.
    run_defaults: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"epochs": 50, "batch_size": 32, "learning_rate": 2e-3, "patience": 5}
    )
    example_settings: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {
            "dot": {"score": "dot", "query_hidden_dims": (6,)},
            "both_profiles": {"profile_of": "both", "use_user_id": True},
            "others": {"profile_of": "id", "history_scope": "others"},
        }
    )

    @property
    def scores_by_dot_product(self) -> bool:
        """Only the dot-product variant's."""
        return self.config.score == "dot"

    def build_query_encoder(self) -> None:
        """Create pooling, dense layers and scorer."""
        super().build_query_encoder()
        config = self.config
        dim = config.embedding_dim
        self.pooling = AttentionPooling(
            config.max_history_length, config.history_scope, name="history_pooling"
        )
        self.pooling.build((None, None, dim))
        self.history_embedding = None
        if config.profile_of != "content":
            self.history_embedding = keras.layers.Embedding(
                self.schema.num_trained_items,
                dim,
                embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
                name="history_embedding",
            )
            self.history_embedding.build((None, None))
        self.hidden = dense_stack(dim, config.query_hidden_dims, config.dropout, name="query_hidden")
        self.query_dropout = keras.layers.Dropout(config.dropout)
        self.scorer = None
        if config.score == "dense":
            self.scorer = DenseScorer(config.hidden_dim, config.dropout, name="scorer")
            self.scorer.build((None, dim))

    @property
    def can_take_factors(self) -> bool:
        """Whether a query is a mean over the history of vectors that `set_history_vectors` sets."""
        config = self.config
        by_content = config.profile_of == "id" and not config.use_item_id and not config.use_user_id
        plain = config.score == "dot" and not config.normalize and not config.query_hidden_dims
        return by_content and plain and not self.needs_rating

    def set_history_vectors(self, vectors: Any) -> None:
        """Make a profile the plain mean of given vectors of the history's items, [num_trained_items, D]."""
        assert self.history_embedding is not None
        self.pooling.weigh_alike()
        self.history_embedding.embeddings.assign(vectors)

    def encode_positions(
        self, inputs: Inputs, training: bool = False, item_vectors: Any = None, newest_only: bool = False
    ) -> Any:
        """Encode the content profile of the items up to each position, float [B, T, D]."""
        history = inputs["history"]
        mask, vectors = history >= NUM_RESERVED, 0.0
        if self.config.profile_of != "id":
            vectors = self.history_vectors(history, training, item_vectors)
        if self.history_embedding is not None:
            known = history < self.schema.num_trained_items
            own = self.history_embedding(ops.where(known, history, OOV))
            vectors += own * ops.cast(known[..., None], own.dtype)
            mask = ops.logical_and(mask, known) if self.config.profile_of == "id" else mask
        query = self.pooling(vectors, padding_mask=mask, newest_only=newest_only)
        if self.hidden is not None:
            query = self.hidden(query, training=training)
        return self.query_dropout(query, training=training)

    def score(self, encoded: Mapping[str, Any], vectors: Any, training: bool = False) -> Any:
        """Score items by the dense layers, or the dot product."""
        if self.scorer is None:
            return super().score(encoded, vectors, training)
        query, scorer = encoded["query"], self.scorer
        if len(vectors.shape) == 2:
            scores = in_blocks_of_items(lambda block: scorer(query, block, training=training), vectors, query)
        else:
            scores = scorer(query, vectors, training=training)
        return self.with_bias(scores)
