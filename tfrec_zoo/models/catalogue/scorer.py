"""A model's scores over its whole catalogue, as evaluation asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.schema import Schema


class CatalogueModel(Protocol):
    """What scoring a catalogue asks of a model."""

    name: str
    schema: Schema

    @property
    def vector_dim(self) -> int:
        """Width of an item's vector."""

    def example_inputs(self, batch_size: int = 1) -> dict[str, Any]:
        """Inputs of the right names, shapes and dtypes."""

    def item_vectors(self) -> npt.NDArray[Any]:
        """Vectors of all catalogue rows, float32 [num_items, vector_dim]."""

    def catalogue_scores(self, inputs: Mapping[str, Any], item_vectors: Any, allowed: Any = None) -> Any:
        """Scores of the whole catalogue, float32 [B, num_items]."""


def encode_catalogue(
    encode: Callable[[Any], Any], num_items: int, block_size: int = 4096
) -> npt.NDArray[np.float32]:
    """Vectors of all catalogue rows, float32 [num_items, D], encoded in blocks."""
    starts = range(0, num_items, block_size)
    blocks = [encode(ops.arange(start, min(start + block_size, num_items))) for start in starts]
    return np.concatenate([ops.convert_to_numpy(block) for block in blocks]).astype(np.float32)


def traced_scores(model: CatalogueModel) -> Callable[[Mapping[str, Any], Any], Any]:
    """`model.catalogue_scores` as one graph for batches of any size, made once per model."""
    batches = {
        name: tf.TensorSpec(
            [None, None] if name in ("history", "history_time") else [None, *values.shape[1:]], values.dtype
        )
        for name, values in model.example_inputs().items()
    }
    vectors = tf.TensorSpec([model.schema.num_items, model.vector_dim], tf.float32)

    def score(inputs: Mapping[str, Any], item_vectors: Any) -> Any:
        return model.catalogue_scores(inputs, item_vectors)

    # TensorFlow counts traces by code object, and would warn of the third model made in a process.
    return tf.function(partial(score), input_signature=[batches, vectors])  # type: ignore[no-any-return]


class CatalogueScorer:
    """From a batch of inputs to scores, float32 [B, num_items]; the catalogue is encoded once, when made.

    Raises:
        ValueError: when called, inputs that lack one of the model's.
    """

    def __init__(self, model: CatalogueModel, score: Callable[[Mapping[str, Any], Any], Any]) -> None:
        self._name = model.name
        self._known = model.example_inputs()
        self._vectors = ops.convert_to_tensor(model.item_vectors())
        self._score = score
        self._scores = model.catalogue_scores
        self.num_items = model.schema.num_items
        """Rows of the catalogue."""

    def __call__(self, inputs: Mapping[str, Any]) -> npt.NDArray[Any]:
        """Score the catalogue for each row."""
        return np.asarray(self._score(self._batch(inputs), self._vectors).numpy())

    def among(self, inputs: Mapping[str, Any], allowed: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
        """Score what is allowed, bool [B, num_items], for each row; -inf for all else."""
        scores = self._scores(self._batch(inputs), self._vectors, ops.convert_to_tensor(allowed))
        return np.asarray(ops.convert_to_numpy(scores))

    def _batch(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        known = self._known
        require(
            not known.keys() - inputs.keys(),
            f"The inputs of {self._name} must have {sorted(known)}; times come with timed interactions.",
            sorted(inputs),
        )
        return {
            name: ops.convert_to_tensor(inputs[name], dtype=example.dtype) for name, example in known.items()
        }
