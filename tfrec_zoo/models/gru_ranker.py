"""Gated recurrent units over the history (GRU4Rec: Hidasi et al. 2016; Hidasi and Karatzoglou 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import keras

from tfrec_zoo._errors import require
from tfrec_zoo.models.base import Inputs
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.models.sequence_model import SequenceConfig, SequenceModel
from tfrec_zoo.schema import NUM_RESERVED


@dataclass(frozen=True)
class GRURankerConfig(SequenceConfig):
    """Hyper-parameters of GRURanker.

    Example:
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=12)
        >>> create_model("gru_ranker", schema, hidden_dim=32).config == GRURankerConfig(hidden_dim=32)
        True
    """

    num_layers: int = 1
    """Recurrent layers."""
    hidden_dim: int = 128
    """Width of their state."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("num_layers", "hidden_dim"):
            require(getattr(self, name) >= 1, f"`{name}` must be at least 1.", getattr(self, name))


@keras.saving.register_keras_serializable("tfrec_zoo")
class GRURanker(SequenceModel):
    """A stack of gated recurrent units: the state after each item asks for the item that follows.

    Example:
        >>> import numpy as np
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=12)
        >>> model = GRURanker(schema, GRURankerConfig(embedding_dim=8, hidden_dim=16))
        >>> model({"history": np.array([[0, 3, 2]]), "user_index": np.array([4])})["query"].shape
        TensorShape([1, 8])
    """

    config_class: ClassVar[type[ModelConfig]] = GRURankerConfig
    config: GRURankerConfig
    example_settings: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {"two_layers": {"num_layers": 2, "hidden_dim": 10, "use_user_id": True}}
    )

    def build_query_encoder(self) -> None:
        """Create the recurrent layers and the projection to item vectors."""
        super().build_query_encoder()
        config = self.config
        self.dropouts = [keras.layers.Dropout(config.dropout) for _ in range(config.num_layers + 1)]
        self.layers_of_units = [
            keras.layers.GRU(config.hidden_dim, return_sequences=True, name=f"gru_{number}")
            for number in range(config.num_layers)
        ]
        self.projection = keras.layers.Dense(config.embedding_dim, name="projection")
        width = config.embedding_dim
        for layer in self.layers_of_units:
            layer.build((None, None, width))
            width = config.hidden_dim
        self.projection.build((None, None, width))

    def encode_positions(
        self, inputs: Inputs, training: bool = False, item_vectors: Any = None, newest_only: bool = False
    ) -> Any:
        """Encode each position by the state after it, float [B, T, D]."""
        history = inputs["history"]
        hidden = self.history_vectors(history, training, item_vectors) * self.config.embedding_dim**0.5
        real = history >= NUM_RESERVED
        for units, drop in zip(self.layers_of_units, self.dropouts, strict=False):
            hidden = units(drop(hidden, training=training), mask=real, training=training)
        hidden = hidden[:, -1:] if newest_only else hidden
        return self.projection(self.dropouts[-1](hidden, training=training))
