"""Causal multi-head self-attention over the history (SASRec: Kang and McAuley 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import keras
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.layers.feed_forward import FeedForwardKind
from tfrec_zoo.layers.position_ages import position_ages
from tfrec_zoo.layers.relative_bias import RelativePositionBias
from tfrec_zoo.layers.relative_time_bias import RelativeTimeBias
from tfrec_zoo.layers.self_attention import Attention
from tfrec_zoo.layers.target_attention import TargetAttention
from tfrec_zoo.layers.transformer_block import TransformerBlock
from tfrec_zoo.models.base import Inputs
from tfrec_zoo.models.catalogue.blocks_of_items import in_blocks_of_items
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.models.sequence_model import SequenceConfig, SequenceModel
from tfrec_zoo.schema import NUM_RESERVED

Positions = Literal["learned", "relative", "none"]


@dataclass(frozen=True)
class AttentionRankerConfig(SequenceConfig):
    """Hyper-parameters of AttentionRanker.

    Example:
        >>> AttentionRankerConfig(embedding_dim=16, num_heads=4, positions="learned").num_layers
        2
        >>> AttentionRankerConfig(embedding_dim=10, num_heads=4)
        Traceback (most recent call last):
            ...
        ValueError: `embedding_dim` must be a multiple of `num_heads`. Received: (10, 4)
    """

    num_layers: int = 2
    """Transformer blocks."""
    num_heads: int = 2
    """Heads of each block; `embedding_dim` is a multiple of it."""
    hidden_dim: int = 128
    """Width of the feed-forward layers."""
    positions: Positions = "relative"
    """One vector per place counted from the newest item, one bias per distance, or only the causal mask."""
    time_bias: bool = False
    """Whether attention knows how long ago each item was, by one bias per span; needs times."""
    attention: Attention = "softmax"
    """Scaled dot products, or HSTU's pointwise form, which has no feed-forward."""
    feed_forward: FeedForwardKind = "gelu"
    """Activation of the feed-forward layers."""
    residual_gate: bool = False
    """Whether what a layer adds is gated, as in LiGR."""
    target_attention: bool = False
    """Whether each candidate attends to the history as well: for the second stage, since no index can serve
    it. Such a model trains on pairs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("num_layers", "num_heads", "hidden_dim"):
            require(getattr(self, name) >= 1, f"`{name}` must be at least 1.", getattr(self, name))
        require(
            self.embedding_dim % self.num_heads == 0,
            "`embedding_dim` must be a multiple of `num_heads`.",
            (self.embedding_dim, self.num_heads),
        )


@keras.saving.register_keras_serializable("tfrec_zoo")
class AttentionRanker(SequenceModel):
    """Causal multi-head self-attention: each position of a history asks for the item that follows.

    Example:
        >>> import numpy as np
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=12)
        >>> model = AttentionRanker(schema, AttentionRankerConfig(embedding_dim=8, num_layers=1))
        >>> model({"history": np.array([[0, 3, 2]]), "user_index": np.array([4])})["query"].shape
        TensorShape([1, 8])
    """

    config_class: ClassVar[type[ModelConfig]] = AttentionRankerConfig
    config: AttentionRankerConfig
    example_settings: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {
            "served": {"target_attention": True},
            "learned_positions": {"positions": "learned", "feed_forward": "swiglu", "residual_gate": True},
            "pointwise": {"positions": "none", "attention": "pointwise"},
            "time_bias": {"time_bias": True},
        }
    )

    def build_query_encoder(self) -> None:
        """Create positions, blocks and the final norm."""
        super().build_query_encoder()
        config = self.config
        dim = config.embedding_dim
        if config.positions == "learned":
            self.position_embedding = keras.layers.Embedding(
                config.max_history_length,
                dim,
                embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
                name="position_embedding",
            )
        self.input_dropout = keras.layers.Dropout(config.dropout)
        self.blocks = [
            TransformerBlock(
                config.num_heads,
                config.hidden_dim,
                attention=config.attention,
                feed_forward=config.feed_forward,
                residual_gate=config.residual_gate,
                dropout=config.dropout,
                max_length=config.max_history_length,
                name=f"block_{number}",
            )
            for number in range(config.num_layers)
        ]
        self.biases = [
            RelativePositionBias(config.num_heads, config.max_history_length, name=f"position_bias_{number}")
            for number in range(config.num_layers if config.positions == "relative" else 0)
        ]
        self.time_biases = [
            RelativeTimeBias(config.num_heads, name=f"time_bias_{number}")
            for number in range(config.num_layers if config.time_bias else 0)
        ]
        self.final_norm = keras.layers.LayerNormalization(name="final_norm")
        self.target_attention = TargetAttention(name="target_attention") if config.target_attention else None
        for layer in (*self.blocks, *self.biases, *self.time_biases, self.final_norm, self.target_attention):
            if layer is not None:
                layer.build((None, None, dim))

    @property
    def reads_times(self) -> bool:
        """With the time bias."""
        return self.config.time_bias

    @property
    def trains_on(self) -> Literal["pairs", "sequences"]:
        """Pairs with target attention, since candidates then differ from position to position."""
        return "pairs" if self.config.target_attention else super().trains_on

    @property
    def scores_by_dot_product(self) -> bool:
        """Whether there is no target attention."""
        return not self.config.target_attention

    def encode(self, inputs: Inputs, training: bool = False, item_vectors: Any = None) -> dict[str, Any]:
        """As the base class; for target attention, "states" [B, T, D] and "padding_mask" [B, T] as well."""
        if self.target_attention is None:
            return super().encode(inputs, training, item_vectors)
        real = inputs["history"] >= NUM_RESERVED
        states = self.encode_positions(inputs, training, item_vectors)
        return {
            "query": self._unit(self.query_of(inputs, states, training)),
            "states": states,
            "padding_mask": real,
        }

    def score(self, encoded: Mapping[str, Any], vectors: Any, training: bool = False) -> Any:
        """Score items by the dot product with the query, to which target attention adds its mean."""
        if self.target_attention is None:
            return super().score(encoded, vectors, training)
        if len(vectors.shape) == 2:
            query = encoded["query"]
            scores = in_blocks_of_items(lambda block: self._attended(encoded, block), vectors, query)
            return self.with_bias(scores)
        return self.with_bias(self._attended(encoded, vectors))

    def _attended(self, encoded: Mapping[str, Any], vectors: Any) -> Any:
        assert self.target_attention is not None
        found = self.target_attention(vectors, states=encoded["states"], padding_mask=encoded["padding_mask"])
        attended = encoded["query"][:, None] + found
        return ops.sum(attended * ops.cast(vectors, attended.dtype), axis=-1)

    def encode_positions(
        self, inputs: Inputs, training: bool = False, item_vectors: Any = None, newest_only: bool = False
    ) -> Any:
        """Encode each position by attention to the items up to it, float [B, T, D]."""
        config, history = self.config, inputs["history"]
        hidden = self.history_vectors(history, training, item_vectors) * config.embedding_dim**0.5
        length = ops.shape(history)[1]
        if config.positions == "learned":
            hidden += self.position_embedding(position_ages(length, config.max_history_length))
        hidden = self.input_dropout(hidden, training=training)
        real = history >= NUM_RESERVED
        for number, block in enumerate(self.blocks):
            newest = newest_only and number == config.num_layers - 1
            bias = self._bias(number, inputs, newest)
            hidden = block(hidden, padding_mask=real, bias=bias, training=training, newest_only=newest)
        return self.final_norm(hidden)

    def _bias(self, number: int, inputs: Inputs, newest_only: bool) -> Any:
        """The bias of a block, broadcast to [B, num_heads, T, T]; None where there is none."""
        of_places = [layer(inputs["history"], newest_only=newest_only) for layer in self.biases[number:][:1]]
        of_times = [
            layer(inputs["history_time"], newest_only=newest_only) for layer in self.time_biases[number:][:1]
        ]
        both = of_places + of_times
        return sum(both[1:], both[0]) if both else None
