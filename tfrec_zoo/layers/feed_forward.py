"""The position-wise layers of a transformer block."""

from __future__ import annotations

from typing import Any, Literal

import keras

from tfrec_zoo._errors import UnknownNameError

FeedForwardKind = Literal["relu", "gelu", "swiglu"]


@keras.saving.register_keras_serializable("tfrec_zoo")
class FeedForward(keras.layers.Layer):
    """Two dense layers with an activation between them, or the gated form "swiglu" (Shazeer 2020).

    Call arguments:
        inputs: float [..., D].

    Returns:
        float [..., D].
    """

    def __init__(
        self, hidden_dim: int, kind: FeedForwardKind = "gelu", dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if kind not in ("relu", "gelu", "swiglu"):
            raise UnknownNameError("feed-forward", kind, ("relu", "gelu", "swiglu"))
        self.hidden_dim = hidden_dim
        self.kind = kind
        self.rate = dropout
        self.dropout = keras.layers.Dropout(dropout)

    def build(self, input_shape: Any) -> None:
        """Create the kernels."""
        activation = "silu" if self.kind == "swiglu" else self.kind
        self.inner = keras.layers.Dense(self.hidden_dim, activation=activation, name="inner")
        self.outer = keras.layers.Dense(input_shape[-1], name="outer")
        self.gate = keras.layers.Dense(self.hidden_dim, name="gate") if self.kind == "swiglu" else None
        self.inner.build(input_shape)
        self.outer.build((*input_shape[:-1], self.hidden_dim))
        if self.gate is not None:
            self.gate.build(input_shape)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Transform each position."""
        hidden = self.inner(inputs)
        if self.gate is not None:
            hidden *= self.gate(inputs)
        return self.outer(self.dropout(hidden, training=training))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "kind": self.kind,
            "dropout": self.rate,
        }
