"""What all models share: a query encoder and an item encoder that meet in one vector space."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Self

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.layers.item_encoder import ItemEncoder
from tfrec_zoo.layers.item_frequency import ItemFrequency
from tfrec_zoo.losses import candidate_softmax, full_softmax
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.schema import Schema

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "tfrec_zoo's models need Keras to run on TensorFlow. "
        f"Received: the backend {keras.backend.backend()!r}. Set KERAS_BACKEND=tensorflow first."
    )

Inputs = Mapping[str, Any]


class RecommenderModel(keras.Model):
    """A Keras model whose scores are dot products of query and item vectors.

    A subclass names its `config_class`, builds its layers in `build_query_encoder` and encodes queries in
    `encode_query`. Training is plain `compile(optimizer)` and `fit(dataset)`; the loss comes from the config.

    Call arguments:
        inputs: dict of "history" int32 [B, T] (catalogue rows, padded at the left), "user_index" int32 [B],
            the schema's user features [B, ...], and "candidates" int32 [B, C] where given candidates are
            to be scored.

    Returns:
        A dict: "scores" float [B, C] where there are candidates, else "query" float [B, D].

    Args:
        schema: sizes, names and shapes of the data.
        config: hyper-parameters; the class's defaults where left out.
    """

    config_class: ClassVar[type[ModelConfig]] = ModelConfig

    def __init__(self, schema: Schema, config: ModelConfig | None = None, **kwargs: Any) -> None:
        config = self.config_class() if config is None else config
        require(
            isinstance(config, self.config_class), f"`config` must be a {self.config_class.__name__}.", config
        )
        super().__init__(**kwargs)
        self.schema = schema
        self.config = config
        # On a CPU, XLA recompiles for each ragged batch; Keras's "auto" then leaves it off.
        self.supports_jit = False
        with _seeded(config.seed):
            self._build_layers()
        self._score_catalogue = self._make_score_catalogue()

    def _build_layers(self) -> None:
        config, schema = self.config, self.schema
        self.item_encoder = ItemEncoder(
            schema,
            config.embedding_dim,
            hidden_dims=config.item_hidden_dims,
            use_id=config.use_item_id,
            id_dropout=config.id_dropout,
            dropout=config.dropout,
            name="item_encoder",
        )
        self.frequency = (
            ItemFrequency(schema.num_items, config.log_q, name="item_frequency")
            if config.loss == "in_batch" and config.log_q != "none"
            else None
        )
        self.build_query_encoder()
        self.item_encoder.build()
        if self.frequency is not None:
            self.frequency.build()
        self(self.example_inputs())

    def build_query_encoder(self) -> None:
        """Create the layers of the query encoder."""
        raise NotImplementedError

    def encode_query(self, inputs: Inputs, training: bool = False, item_vectors: Any = None) -> Any:
        """Encode users and their histories as float [B, D].

        Args:
            inputs: the model's inputs.
            training: whether dropout is on.
            item_vectors: vectors of all catalogue rows, float [num_items, D], from which the history is
                read instead of encoding its items anew: how a served model does it.
        """
        raise NotImplementedError

    @property
    def max_history_length(self) -> int:
        """T, the newest items that the model reads."""
        return self.config.max_history_length

    def set_content(self, content: Inputs) -> None:
        """Give the item encoder the catalogue's content: `FeatureSpace.item_features`.

        Raises:
            ValueError: other names or other shapes than the schema's.
        """
        self.item_encoder.set_content(content)

    def example_inputs(self, batch_size: int = 1) -> dict[str, Any]:
        """Inputs of the right names, shapes and dtypes, all padding and zeros."""
        inputs = {
            "history": np.zeros((batch_size, self.config.max_history_length), np.int32),
            "user_index": np.zeros((batch_size,), np.int32),
        }
        for feature in self.schema.user_features:
            inputs[feature.name] = np.zeros((batch_size, *feature.shape), feature.dtype)
        return {name: ops.convert_to_tensor(values) for name, values in inputs.items()}

    def encode_items(self, item_index: Any, training: bool = False) -> Any:
        """Encode catalogue rows, int32 [...], as float [..., D]."""
        return self._unit(self.item_encoder(item_index, training=training))

    def encode_content(self, content: Inputs) -> Any:
        """Encode items by content alone, features [n, ...] each, as float [n, D]."""
        return self._unit(self.item_encoder.encode_content(content))

    def history_vectors(self, history: Any, training: bool, item_vectors: Any) -> Any:
        """Vectors of the history's items, int32 [B, T] to float [B, T, D]."""
        if item_vectors is None:
            return self.encode_items(history, training=training)
        return ops.take(item_vectors, history, axis=0)

    def _unit(self, vectors: Any) -> Any:
        return ops.normalize(vectors, axis=-1) if self.config.normalize else vectors

    def call(self, inputs: Inputs, training: bool = False) -> dict[str, Any]:
        """Encode the queries, and score candidates where there are any."""
        query = self._unit(self.encode_query(inputs, training=training))
        if "candidates" not in inputs:
            return {"query": query}
        candidates = self.encode_items(inputs["candidates"], training=training)
        return {"scores": ops.einsum("bd,bcd->bc", query, candidates)}

    def fit(self, x: Any = None, *args: Any, shuffle: bool = False, **kwargs: Any) -> keras.callbacks.History:
        """Keras's `fit`; `shuffle` is off, since a tf.data pipeline orders its examples itself.

        Raises:
            ValueError: a `compile` with a loss of its own, or content or counts that were never set.
        """
        require(
            not self.compiled or self._compile_loss is None,
            f"The loss comes from the config ({self.config.loss!r}); call `compile` without one.",
            self._compile_loss,
        )
        if self.frequency is not None:
            self.frequency.require_counts()
        self.item_encoder.require_content()
        return super().fit(x, *args, shuffle=shuffle, **kwargs)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean loss of a batch: `y` holds the item of each query, int32 [B]."""
        require(
            "negatives" in x or self.config.loss == "full" or not self.config.num_negatives,
            "`num_negatives` needs inputs from `pipelines.with_negatives`.",
            sorted(x),
        )
        query = y_pred["query"]
        if self.config.loss == "full":
            vectors = self.encode_items(ops.arange(self.schema.num_items), training=training)
            losses = full_softmax(query, vectors, y, self.config.temperature)
        else:
            losses = self._candidate_loss(x, y, query, training)
        if sample_weight is not None:
            losses *= ops.cast(sample_weight, losses.dtype)
        return ops.mean(losses) + sum(self.losses)

    def _candidate_loss(self, x: Inputs, y: Any, query: Any, training: bool) -> Any:
        """The softmax over the batch's own items, drawn negatives, or both."""
        drawn = self.config.num_negatives > 0
        in_batch = self.config.loss == "in_batch"
        groups = ([y] if in_batch else []) + ([x["negatives"]] if drawn else [])
        candidates = ops.concatenate(groups)
        encoded = self.encode_items(ops.concatenate([y, candidates]), training=training)
        batch_size = ops.shape(y)[0]
        target_log_q, log_q = self._log_q(x, y, candidates, training)
        return candidate_softmax(
            query,
            encoded[:batch_size],
            encoded[batch_size:],
            y,
            candidates,
            temperature=self.config.temperature,
            targets_log_q=target_log_q,
            candidates_log_q=log_q,
            positives=x.get("positives"),
            remove_accidental_hits=self.config.remove_accidental_hits,
        )

    def _log_q(self, x: Inputs, y: Any, candidates: Any, training: bool) -> tuple[Any, Any]:
        """Give the log of the expected number of times that each target and each candidate is a candidate."""
        drawn = (x["targets_log_q"], x["negatives_log_q"]) if self.config.num_negatives else None
        if self.config.loss == "sampled":
            return drawn or (None, None)
        if self.frequency is None:
            return None, None
        if training and self.frequency.frequency == "streaming":
            self.frequency.update(y)
        size = ops.shape(y)[0]
        target_log_q, log_q = (self.frequency(rows, batch_size=size) for rows in (y, candidates))
        if drawn is None:
            return target_log_q, log_q
        return ops.logaddexp(target_log_q, drawn[0]), ops.logaddexp(log_q, ops.concatenate(drawn))

    def item_vectors(self, block_size: int = 4096) -> npt.NDArray[Any]:
        """Vectors of all catalogue rows, float32 [num_items, D], encoded in blocks.

        Raises:
            ValueError: content that was never set.
        """
        self.item_encoder.require_content()
        blocks = [
            ops.convert_to_numpy(
                self.encode_items(ops.arange(start, min(start + block_size, self.schema.num_items)))
            )
            for start in range(0, self.schema.num_items, block_size)
        ]
        return np.concatenate(blocks).astype(np.float32)

    def query_vectors(self, inputs: Inputs, item_vectors: Any) -> Any:
        """Queries as they are served, float32 [B, D], the history read from `item_vectors` [num_items, D]."""
        return ops.cast(self._unit(self.encode_query(inputs, item_vectors=item_vectors)), "float32")

    def _make_score_catalogue(self) -> Callable[[Inputs, Any], Any]:
        """Scores as one graph for batches of any size; traced once a model."""
        batches = {
            name: tf.TensorSpec(
                [None, None] if name == "history" else [None, *values.shape[1:]], values.dtype
            )
            for name, values in self.example_inputs().items()
        }
        vectors = tf.TensorSpec([self.schema.num_items, self.config.embedding_dim], tf.float32)

        def score(inputs: Inputs, item_vectors: Any) -> Any:
            return tf.matmul(self.query_vectors(inputs, item_vectors), item_vectors, transpose_b=True)

        # TensorFlow counts traces by code object, and would warn of the third model made in a process.
        return tf.function(partial(score), input_signature=[batches, vectors])  # type: ignore[no-any-return]

    def catalogue_scorer(self) -> Callable[[Inputs], npt.NDArray[Any]]:
        """A function from a batch of inputs to scores over the whole catalogue, float32 [B, num_items]."""
        vectors = ops.convert_to_tensor(self.item_vectors())
        known = self.example_inputs()

        def scorer(inputs: Inputs) -> npt.NDArray[Any]:
            batch = {name: ops.convert_to_tensor(inputs[name], dtype=known[name].dtype) for name in known}
            return np.asarray(self._score_catalogue(batch, vectors).numpy())

        return scorer

    def get_config(self) -> dict[str, Any]:
        """Schema and hyper-parameters."""
        return {"name": self.name, "schema": self.schema.to_dict(), "config": self.config.to_dict()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """The model that `get_config` described, with new weights."""
        return cls(
            Schema.from_dict(config["schema"]),
            cls.config_class.from_dict(config["config"]),
            name=config.get("name"),
        )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Make the seeds that Keras draws for layers without one follow from `seed`, and leave no trace.

    Keras takes them from Python's own generator (`keras.utils.set_random_seed` relies on that).
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
