"""One layer of a self-attention model."""

from __future__ import annotations

from typing import Any

import keras

from tfrec_zoo.layers.feed_forward import FeedForward, FeedForwardKind
from tfrec_zoo.layers.self_attention import Attention, SelfAttention


@keras.saving.register_keras_serializable("tfrec_zoo")
class TransformerBlock(keras.layers.Layer):
    """Self-attention and feed-forward, each normalised before and added to its input.

    With `residual_gate`, what is added is multiplied by a learned sigmoid of the input (the gated residuals
    of LiGR: Borisyuk et al. 2025, section 3.2). `attention` "pointwise" has its own gate and takes the
    place of both parts, as in HSTU, so that there is no feed-forward; `max_length` is
    `SelfAttention`'s.

    Call arguments:
        inputs: float [B, T, D].
        padding_mask: bool [B, T], True = real.
        bias: of `SelfAttention`.
        training: whether dropout is on.
        newest_only: whether the last position alone is asked for.

    Returns:
        float [B, T, D], or [B, 1, D].
    """

    def __init__(
        self,
        num_heads: int,
        hidden_dim: int,
        *,
        attention: Attention = "softmax",
        feed_forward: FeedForwardKind = "gelu",
        residual_gate: bool = False,
        dropout: float = 0.0,
        max_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.arguments = {
            "num_heads": num_heads,
            "hidden_dim": hidden_dim,
            "attention": attention,
            "feed_forward": feed_forward,
            "residual_gate": residual_gate,
            "dropout": dropout,
            "max_length": max_length,
        }
        self.attention = SelfAttention(num_heads, attention, max_length, name="attention")
        parts = ["attention"]
        self.feed_forward = None
        if attention == "softmax":
            self.feed_forward = FeedForward(hidden_dim, feed_forward, dropout, name="feed_forward")
            parts.append("feed_forward")
        self.norms = [keras.layers.LayerNormalization(name=f"{part}_norm") for part in parts]
        self.residual_gates: list[Any] = [None for _ in parts]
        self.residual_dropout = keras.layers.Dropout(dropout)

    def build(self, input_shape: Any) -> None:
        """Create the weights of all parts."""
        if self.arguments["residual_gate"]:
            # Biased so that a fresh block lets most of each part through.
            self.residual_gates = [
                keras.layers.Dense(
                    input_shape[-1],
                    activation="sigmoid",
                    bias_initializer=keras.initializers.Constant(1.0),
                    name=f"{norm.name}_gate",
                )
                for norm in self.norms
            ]
        for layer in (self.attention, self.feed_forward, *self.norms, *self.residual_gates):
            if layer is not None:
                layer.build(input_shape)
        self.built = True

    def call(
        self,
        inputs: Any,
        padding_mask: Any,
        bias: Any = None,
        training: bool = False,
        newest_only: bool = False,
    ) -> Any:
        """Apply the block."""
        normal = self.norms[0](inputs)
        found = self.attention(normal, padding_mask=padding_mask, bias=bias, newest_only=newest_only)
        if newest_only:
            inputs, normal = inputs[:, -1:], normal[:, -1:]
        hidden = inputs + self._gated(0, normal, found, training)
        if self.feed_forward is None:
            return hidden
        normal = self.norms[1](hidden)
        return hidden + self._gated(1, normal, self.feed_forward(normal, training=training), training)

    def _gated(self, part: int, normal: Any, found: Any, training: bool) -> Any:
        found = self.residual_dropout(found, training=training)
        gate = self.residual_gates[part]
        return found if gate is None else found * gate(normal)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), **self.arguments}
