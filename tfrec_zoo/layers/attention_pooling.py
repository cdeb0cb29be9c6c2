"""A history of vectors to one vector, by what the vectors hold."""

from __future__ import annotations

from typing import Any, Self, get_args

import keras
from keras import ops

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.layers.masking import masked_softmax
from tfrec_zoo.layers.relative_bias import RelativePositionBias
from tfrec_zoo.schema import HistoryScope


@keras.saving.register_keras_serializable("tfrec_zoo")
class AttentionPooling(keras.layers.Layer):
    """For each position, a mean over real positions, weighted by a softmax of learned scores.

    With the scope "past" it is the mean over the positions up to it, and the distance to each adds a
    learned number to its score; with "others", over all positions but the next, and the distance to the
    newest adds it. The newest position reads all in both. The score of a vector is that of Yang et al. 2016,
    "Hierarchical attention networks" (section 2.2), tanh(W v) times a learned query. Where nothing is real,
    the mean is zero.

    Call arguments:
        vectors: float [B, T, D], oldest first.
        padding_mask: bool [B, T], True = real.
        newest_only: whether the last position alone is asked for.

    Returns:
        float [B, T, D], or [B, 1, D].
    """

    def __init__(self, max_history_length: int, history_scope: HistoryScope = "past", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if history_scope not in get_args(HistoryScope):
            raise UnknownNameError("history_scope", history_scope, get_args(HistoryScope))
        self.history_scope = history_scope
        self.max_history_length = max_history_length

    def build(self, input_shape: Any) -> None:
        """Create the scoring layers and the number of each distance."""
        self.hidden = keras.layers.Dense(input_shape[-1], activation="tanh", name="hidden")
        self.score = keras.layers.Dense(1, use_bias=False, name="score")
        self.distance = RelativePositionBias(1, self.max_history_length, name="distance")
        for layer in (self.hidden, self.score, self.distance):
            layer.build(input_shape)
        self.built = True

    def call(self, vectors: Any, padding_mask: Any, newest_only: bool = False) -> Any:
        """Pool up to each position."""
        scores = ops.expand_dims(self.score(self.hidden(vectors))[..., 0], 1)
        from_newest = newest_only or self.history_scope == "others"
        scores += ops.cast(self.distance(vectors, newest_only=from_newest)[:, 0], scores.dtype)
        visible = ops.expand_dims(padding_mask, 1)
        if not newest_only:
            place = ops.arange(ops.shape(vectors)[1])
            asking, seen = place[:, None], place[None, :]
            open_to_all = asking >= seen if self.history_scope == "past" else asking + 1 != seen
            visible = ops.logical_and(visible, open_to_all[None])
        weights = ops.where(visible, masked_softmax(visible, scores), 0)
        return ops.matmul(weights, vectors)

    def weigh_alike(self) -> None:
        """Make it a plain mean, from which training may move on."""
        self.score.kernel.assign(ops.zeros_like(self.score.kernel))
        self.distance.table.assign(ops.zeros_like(self.distance.table))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "max_history_length": self.max_history_length,
            "history_scope": self.history_scope,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described, of an earlier version's name for the scope as well."""
        return cls(
            **{"history_scope" if name == "context" else name: value for name, value in config.items()}
        )
