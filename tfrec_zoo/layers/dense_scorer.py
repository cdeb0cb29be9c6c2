"""How well a query and an item go together, by dense layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfrec_zoo")
class DenseScorer(keras.layers.Layer):
    """Dense layers over query, item and their product, added to the dot product (He et al. 2017, figure 3).

    The first layer is split by its inputs, so that only the product's part is computed for each pair.

    Call arguments:
        query: float [B, D].
        vectors: float [C, D] for items that all rows share, or [B, C, D].
        training: whether dropout is on.

    Returns:
        float [B, C].
    """

    def __init__(self, hidden_dim: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden_dim = hidden_dim
        self.rate = dropout
        self.dropout = keras.layers.Dropout(dropout)

    def build(self, input_shape: Any) -> None:
        """Create the kernels."""
        self.of_query = keras.layers.Dense(self.hidden_dim, name="of_query")
        self.of_item = keras.layers.Dense(self.hidden_dim, use_bias=False, name="of_item")
        self.of_product = keras.layers.Dense(self.hidden_dim, use_bias=False, name="of_product")
        self.preference = keras.layers.Dense(1, use_bias=False, name="preference")
        for layer in (self.of_query, self.of_item, self.of_product):
            layer.build(input_shape)
        self.preference.build((None, self.hidden_dim))
        self.built = True

    def call(self, query: Any, vectors: Any, training: bool = False) -> Any:
        """Score each pair."""
        if len(vectors.shape) == 2:
            vectors = ops.expand_dims(vectors, 0)
        product = ops.expand_dims(query, 1) * vectors
        hidden = ops.relu(
            ops.expand_dims(self.of_query(query), 1) + self.of_item(vectors) + self.of_product(product)
        )
        hidden = self.dropout(hidden, training=training)
        return ops.sum(product, axis=-1) + self.preference(hidden)[..., 0]

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "hidden_dim": self.hidden_dim, "dropout": self.rate}
