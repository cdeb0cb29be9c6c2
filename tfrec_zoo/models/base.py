"""What all models share: a query encoder and an item encoder that meet in one vector space."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar, Self

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.layers.item_encoder import ItemEncoder
from tfrec_zoo.losses import TrainingRows
from tfrec_zoo.models.catalogue.scorer import CatalogueScorer, encode_catalogue, traced_scores
from tfrec_zoo.models.composition import Composition
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.models.training_examples import check_examples
from tfrec_zoo.schema import Schema

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "tfrec_zoo's models need Keras to run on TensorFlow. "
        f"Received: the backend {keras.backend.backend()!r}. Set KERAS_BACKEND=tensorflow first."
    )

Inputs = Mapping[str, Any]


class RecommenderModel(Composition, keras.Model):
    """A Keras model whose scores are dot products of query and item vectors.

    A subclass names its `config_class`, builds its layers in `build_query_encoder` and encodes queries in
    `encode_query`. Training is plain `compile(optimizer)` and `fit(dataset)`; the loss comes from the config.

    Example:
        >>> from tfrec_zoo.layers import HistoryPooling
        >>> class MeanOfHistory(RecommenderModel):
        ...     def build_query_encoder(self):
        ...         self.pooling = HistoryPooling(self.max_history_length, "mean")
        ...         self.pooling.build()
        ...     def encode_query(self, inputs, training=False, item_vectors=None):
        ...         history = inputs["history"]
        ...         return self.pooling(self.history_vectors(history, training, item_vectors), history > 1)
        >>> model = MeanOfHistory(Schema(num_users=5, num_items=12, num_trained_items=12))
        >>> model(model.example_inputs(batch_size=3))["query"].shape
        TensorShape([3, 64])

    Call arguments:
        inputs: dict of "history" int32 [B, T] (catalogue rows, padded at the left), "user_index" int32 [B],
            `profile_features` [B, ...], "history_time" int64 [B, T] where the model `reads_times`, and
            "candidates" int32 [B, C] where given candidates are to be scored.

    Returns:
        A dict: "scores" float [B, C] where there are candidates, else "query" float [B, D].

    Args:
        schema: sizes, names and shapes of the data.
        config: hyper-parameters; the class's defaults where left out.
        stored_items: whether it is one of `stored_items.with_stored_items`.
    """

    config_class: ClassVar[type[ModelConfig]] = ModelConfig
    run_defaults: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"epochs": 20, "batch_size": 512, "learning_rate": 2e-3, "patience": 3}
    )
    """Options of `RunConfig` that suit the model."""
    score_bias: Any = None
    """A learned constant of all scores, where they are ratings or log-odds."""
    loss_state: Any = None
    """What the loss learns besides: a layer, or None."""
    example_settings: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    """Named hyper-parameters that turn the model's own switches, for tests: the contract runs over each, and
    exports are tested with "served"."""

    def __init__(
        self,
        schema: Schema,
        config: ModelConfig | None = None,
        stored_items: bool = False,
        **kwargs: Any,
    ) -> None:
        config = self.config_class() if config is None else config
        require(
            isinstance(config, self.config_class), f"`config` must be a {self.config_class.__name__}.", config
        )
        super().__init__(**kwargs)
        self.schema = schema
        self.config = config
        self.stored_items = stored_items
        self.training_loss = config.make_loss()
        with _seeded(config.seed):
            self._build_layers()
        self._traced_scores = traced_scores(self)

    def _build_layers(self) -> None:
        config, schema = self.config, self.schema
        self.item_encoder = ItemEncoder(
            schema,
            config.embedding_dim,
            hidden_dims=config.item_hidden_dims,
            use_id=config.use_item_id,
            id_dropout=config.id_dropout,
            content_dropout=config.content_dropout,
            dropout=config.dropout,
            image_backbone=config.image_backbone,
            text_kernel_sizes=config.text_kernel_sizes,
            stored=self.stored_items,
            name="item_encoder",
        )
        if self.training_loss.has_score_bias:
            self.score_bias = self.add_weight(
                name="score_bias", shape=(), initializer="zeros", autocast=False
            )
        self.loss_state = self.training_loss.state(schema)
        self.build_query_encoder()
        self.item_encoder.build()
        if self.loss_state is not None:
            self.loss_state.build(None)
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

    def example_inputs(self, batch_size: int = 1) -> dict[str, Any]:
        """Inputs of the right names, shapes and dtypes, all padding and zeros."""
        inputs = {
            "history": np.zeros((batch_size, self.max_history_length), np.int32),
            "user_index": np.zeros((batch_size,), np.int32),
        }
        if self.reads_times:
            inputs["history_time"] = np.zeros((batch_size, self.max_history_length), np.int64)
        for feature in self.profile_features:
            inputs[feature.name] = np.zeros((batch_size, *feature.shape), feature.dtype)
        return {name: ops.convert_to_tensor(values) for name, values in inputs.items()}

    def encode_items(self, item_index: Any, training: bool = False) -> Any:
        """Encode catalogue rows, int32 [...], as float [..., D]."""
        vectors = self.item_encoder(item_index, training=training)
        return vectors if self.stored_items else self._unit(vectors)

    def encode_content(self, content: Inputs, item_index: Any = None) -> Any:
        """Encode items by content, features [n, ...] each, as float [n, D].

        Args:
            content: of the items.
            item_index: catalogue rows int32 [n] whose id embeddings take part; of unknown items where left
                out.
        """
        return self._unit(self.item_encoder.encode_content(content, item_index))

    def history_vectors(self, history: Any, training: bool, item_vectors: Any) -> Any:
        """Vectors of the history's items, int32 [B, T] to float [B, T, D]."""
        if item_vectors is None:
            return self.encode_items(history, training=training)
        return ops.take(item_vectors, history, axis=0)

    def similarity_vectors(self, item_vectors: Any) -> Any:
        """The part of item vectors float [num_items, vector_dim] by whose cosine two items are alike."""
        return item_vectors

    def _unit(self, vectors: Any) -> Any:
        if not self.config.normalize:
            return vectors
        # The least norm, 1e-3, bounds the gradient near zero, such as that of items without content. Written
        # so that LiteRT's converter does not make its own normalisation of it, which divides 0 by 0.
        scaled = vectors * 1e3
        return scaled * ops.rsqrt(ops.maximum(ops.sum(ops.square(scaled), axis=-1, keepdims=True), 1.0))

    def encode(self, inputs: Inputs, training: bool = False, item_vectors: Any = None) -> dict[str, Any]:
        """All that scoring needs of the queries: "query" float [B, D], and what the model adds to it."""
        return {"query": self._unit(self.encode_query(inputs, training, item_vectors))}

    def score(self, encoded: Mapping[str, Any], vectors: Any, training: bool = False) -> Any:
        """Score items for encoded queries.

        Args:
            encoded: of `encode`, B rows.
            vectors: items that all rows share, float [C, D], or items of each row, float [B, C, D].
            training: whether dropout is on.

        Returns:
            float32 [B, C].
        """
        if len(vectors.shape) == 2:
            scores = ops.matmul(encoded["query"], ops.transpose(vectors))
        else:
            scores = ops.matmul(vectors, encoded["query"][:, :, None])[..., 0]
        return self.with_bias(scores)

    def with_bias(self, scores: Any) -> Any:
        """Scores in float32, as ratings or log-odds where the loss is of that kind."""
        scores = ops.cast(scores, "float32")
        return scores if self.score_bias is None else scores + self.score_bias

    def call(self, inputs: Inputs, training: bool = False) -> dict[str, Any]:
        """Encode the queries, and score candidates where there are any."""
        encoded = self.encode(inputs, training=training)
        if "candidates" not in inputs:
            return encoded
        candidates = self.encode_items(inputs["candidates"], training=training)
        return {"scores": self.score(encoded, candidates, training=training)}

    def _resolve_auto_jit_compile(self) -> bool:
        # Keras's "auto" would turn XLA on, which recompiles for each ragged batch.
        return False

    def fit(self, x: Any = None, *args: Any, shuffle: bool = False, **kwargs: Any) -> keras.callbacks.History:
        """Keras's `fit`; `shuffle` is off, since a tf.data pipeline orders its examples itself.

        Raises:
            ValueError: a `compile` with a loss of its own, content or counts that were never set, examples
                that do not suit the model, or `jit_compile=True` with a loss, a score or content whose
                shapes depend on the data.
        """
        require(
            not self.compiled or self._compile_loss is None,
            f"The loss comes from the config ({self.config.loss!r}); call `compile` without one.",
            self._compile_loss,
        )
        of_rows = self.scores_by_dot_product or self.trains_on == "pairs"
        static = all(loss.is_static for loss in self.training_losses)
        static = static and of_rows and not self.schema.item_features
        require(
            static or not self.jit_compile,
            "`jit_compile=True` needs the loss 'full', no content, and for sequences scores that are dot "
            "products: all else has shapes that depend on the data. Leave `jit_compile` out.",
            (self.config.loss, [feature.name for feature in self.schema.item_features]),
        )
        self.require_ready()
        reads = {feature.name for feature in self.profile_features}
        reads |= {"history_time"} if self.reads_times else set()
        takes_sequences = self.trains_on == "sequences"
        check_examples(x, name=self.name, reads=reads, takes_sequences=takes_sequences)
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
        rows = self.training_rows(x, y, y_pred, sample_weight)
        return self.training_loss(self, x, rows, training) + sum(self.losses)

    def training_rows(self, x: Inputs, y: Any, y_pred: Mapping[str, Any], sample_weight: Any) -> TrainingRows:
        """What the loss compares: here one row per example."""
        return TrainingRows(
            y_pred, y, sample_weight, x.get("positives"), targets_log_q=x.get("targets_log_q")
        )

    def predict_step(self, data: Any) -> dict[str, Any]:
        """Keras's step of `predict`: queries or scores alone."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        answer = self(x, training=False)
        return {name: answer[name] for name in ("query", "scores") if name in answer}

    def item_vectors(self) -> npt.NDArray[Any]:
        """Vectors of all catalogue rows, float32 [num_items, D].

        Raises:
            ValueError: content that was never set.
        """
        self.require_content()
        return encode_catalogue(self.encode_items, self.schema.num_items)

    def catalogue_scores(self, inputs: Inputs, item_vectors: Any, allowed: Any = None) -> Any:
        """Scores of the whole catalogue as they are served: the history is read from the item vectors.

        Args:
            inputs: the model's inputs, B rows.
            item_vectors: of `item_vectors()`, float [num_items, vector_dim].
            allowed: bool [B, num_items], False for what must not be recommended.

        Returns:
            float32 [B, num_items], -inf for what is not allowed.
        """
        scores = self.score(self.encode(inputs, item_vectors=item_vectors), item_vectors)
        return scores if allowed is None else ops.where(allowed, scores, -np.inf)

    def catalogue_scorer(self) -> CatalogueScorer:
        """A function from a batch of inputs to scores over the whole catalogue, float32 [B, num_items]."""
        return CatalogueScorer(self, self._traced_scores)

    def get_config(self) -> dict[str, Any]:
        """Schema and hyper-parameters."""
        return {
            "name": self.name,
            "schema": self.schema.to_dict(),
            "config": self.config.to_dict(),
            "stored_items": self.stored_items,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """The model that `get_config` described, with new weights."""
        return cls(
            Schema.from_dict(config["schema"]),
            cls.config_class.from_dict(config["config"]),
            stored_items=config.get("stored_items", False),
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
