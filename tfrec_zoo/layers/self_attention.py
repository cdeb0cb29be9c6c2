"""Causal multi-head self-attention over histories."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.layers.masking import masked_softmax

Attention = Literal["softmax", "pointwise"]


@keras.saving.register_keras_serializable("tfrec_zoo")
class SelfAttention(keras.layers.Layer):
    """Each position attends to itself and to the real positions before it.

    "softmax" is scaled dot-product attention (Vaswani et al. 2017, section 3.2). "pointwise" weighs each
    position by SiLU(score) / `max_length` by itself, normalises the sum and gates it (Zhai et al. 2024,
    "Actions speak louder than words", section 3.1), so that the strength of an interest survives. Without
    `max_length` it is T, and the answer then changes with the padding.

    Call arguments:
        inputs: float [B, T, D].
        padding_mask: bool [B, T], True = real.
        bias: added to the scores, float, broadcast to [B, num_heads, T, T]; or None.
        newest_only: whether the last position alone is asked for.

    Returns:
        float [B, T, D], or [B, 1, D].
    """

    def __init__(
        self,
        num_heads: int,
        attention: Attention = "softmax",
        max_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if attention not in ("softmax", "pointwise"):
            raise UnknownNameError("attention", attention, ("softmax", "pointwise"))
        self.num_heads = num_heads
        self.attention = attention
        self.max_length = max_length

    def build(self, input_shape: Any) -> None:
        """Create the projections."""
        dim = input_shape[-1]
        require(
            dim % self.num_heads == 0, "The width must be a multiple of `num_heads`.", (dim, self.num_heads)
        )
        pointwise = self.attention == "pointwise"
        self.query = keras.layers.Dense(dim, name="query")
        self.key_value = keras.layers.Dense(2 * dim, name="key_value")
        self.output_projection = keras.layers.Dense(dim, name="output")
        self.gate = keras.layers.Dense(dim, activation="silu", name="gate") if pointwise else None
        self.norm = keras.layers.LayerNormalization(name="norm") if pointwise else None
        for layer in (self.query, self.key_value, self.output_projection, self.gate, self.norm):
            if layer is not None:
                layer.build(input_shape)
        self.built = True

    def call(self, inputs: Any, padding_mask: Any, bias: Any = None, newest_only: bool = False) -> Any:
        """Attend."""
        asking = inputs[:, -1:] if newest_only else inputs
        query = self._heads(self.query(asking))
        key, value = ops.split(self.key_value(inputs), 2, axis=-1)
        if self.attention == "pointwise":
            query, key, value = ops.silu(query), ops.silu(key), ops.silu(value)
        dim = query.shape[-1]
        scores = ops.matmul(query * dim**-0.5, ops.transpose(self._heads(key), (0, 1, 3, 2)))
        if bias is not None:
            scores += ops.cast(bias, scores.dtype)
        weights = self._weights(scores, self._visible(padding_mask, newest_only))
        mixed = ops.matmul(weights, self._heads(value))
        shape = ops.shape(asking)
        mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (shape[0], shape[1], inputs.shape[-1]))
        if self.norm is not None and self.gate is not None:
            mixed = self.norm(mixed) * self.gate(asking)
        return self.output_projection(mixed)

    def _heads(self, values: Any) -> Any:
        """Split float [B, T, D] into [B, num_heads, T, D / num_heads]."""
        shape = ops.shape(values)
        split = (shape[0], shape[1], self.num_heads, values.shape[-1] // self.num_heads)
        return ops.transpose(ops.reshape(values, split), (0, 2, 1, 3))

    def _visible(self, padding_mask: Any, newest_only: bool) -> Any:
        """What each position may see, bool, broadcast to [B, num_heads, T, T]."""
        keys = padding_mask[:, None, None, :]
        if newest_only:
            return keys
        place = ops.arange(ops.shape(padding_mask)[1])
        return ops.logical_and(keys, (place[:, None] >= place[None, :])[None, None])

    def _weights(self, scores: Any, visible: Any) -> Any:
        if self.attention == "softmax":
            return masked_softmax(visible, scores)
        count = ops.cast(self.max_length or ops.shape(scores)[-1], scores.dtype)
        return ops.where(visible, ops.silu(scores), 0) / count

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = {"num_heads": self.num_heads, "attention": self.attention, "max_length": self.max_length}
        return {**super().get_config(), **own}
