"""Items to vectors: id embedding and content, fused in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo.feature_kind import KINDS
from tfrec_zoo.layers.dense_stack import dense_stack
from tfrec_zoo.layers.feature_encoder import feature_encoder
from tfrec_zoo.schema import NUM_RESERVED, OOV, PAD, Feature, Schema


class ItemEncoder(keras.layers.Layer):
    """Catalogue rows, or bare content, to vectors.

    The vector is the sum of the id embedding and of one encoding per content feature, then the dense layers
    if there are any. Cold rows, and in training a share of all rows, use the id embedding of OOV, so that
    content alone places an item (DropoutNet: Volkovs et al. 2017, section 3.2).

    Example:
        >>> import numpy as np
        >>> price = Feature("price", "number", shape=())
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=10, item_features=(price,))
        >>> encoder = ItemEncoder(schema, embedding_dim=8)
        >>> encoder.build()
        >>> encoder.set_content({"price": np.zeros(12)})
        >>> encoder(np.array([2, 3, 11])).shape
        TensorShape([3, 8])

    Args:
        schema: names, kinds and shapes of the content.
        embedding_dim: D.
        hidden_dims: widths of the dense layers between the sum and the vector.
        use_id: whether the id embedding takes part; without it, the vector comes from content alone.
        id_dropout: share of rows whose id is replaced by OOV in training.
        content_dropout: share of the content hidden in training: of words, of categories, and of rows of any
            other content.
        dropout: of the dense layers.
        image_backbone: of `ImageEncoder`.
        text_kernel_sizes: of `TextEncoder`.
        stored: whether the vectors of the catalogue are kept in the place of its content and ids.
            `encode_content` works as before; catalogue rows are looked up.
    """

    def __init__(
        self,
        schema: Schema,
        embedding_dim: int,
        *,
        hidden_dims: tuple[int, ...] = (),
        use_id: bool = True,
        id_dropout: float = 0.0,
        content_dropout: float = 0.0,
        dropout: float = 0.0,
        image_backbone: str = "plain",
        text_kernel_sizes: tuple[int, ...] = (1, 2, 3),
        stored: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        require(
            use_id or bool(schema.item_features),
            "A model without item ids (`use_item_id=False`) needs content: give `content=[...]` to "
            "`FeatureSpace.fit` (`--content` on the command line), or set `use_item_id=True`.",
            "a schema without item features",
        )
        self.schema = schema
        self.embedding_dim = embedding_dim
        self.stored = stored
        self.id_dropout = id_dropout
        self.content_dropout = content_dropout
        self.seed_generator = keras.random.SeedGenerator()
        self.id_embedding = (
            keras.layers.Embedding(
                NUM_RESERVED if stored else schema.num_trained_items,
                embedding_dim,
                embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
                name="id_embedding",
            )
            if use_id
            else None
        )
        self.encoders = {
            feature.name: feature_encoder(feature, embedding_dim, image_backbone, text_kernel_sizes)
            for feature in schema.item_features
        }
        self.hidden = dense_stack(embedding_dim, hidden_dims, dropout, name="hidden")

    def build(self, input_shape: Any = None) -> None:
        """Create the id table and the catalogue's content, which starts empty."""
        if self.id_embedding is not None:
            self.id_embedding.build((None,))
        self.vectors = (
            self.add_weight(
                name="vectors",
                shape=(self.schema.num_items, self.embedding_dim),
                initializer="zeros",
                trainable=False,
            )
            if self.stored
            else None
        )
        self.content = {
            feature.name: self.add_weight(
                name=f"content_{feature.name}",
                shape=(self.schema.num_items, *feature.shape),
                dtype=feature.dtype,
                initializer="zeros",
                trainable=False,
                autocast=False,
            )
            for feature in (() if self.stored else self.schema.item_features)
        }
        if self.content:
            self.content_is_set = self.add_weight(
                name="content_is_set", shape=(), dtype="int32", initializer="zeros", trainable=False
            )
        if self.hidden is not None:
            self.hidden.build((None, self.embedding_dim))
        self.built = True

    @property
    def catalogue_weights(self) -> list[Any]:
        """What is kept of the catalogue besides the id embedding: content, or stored vectors."""
        if self.vectors is not None:
            return [self.vectors]
        return [*self.content.values(), self.content_is_set] if self.content else []

    def set_content(self, content: Mapping[str, Any]) -> None:
        """Fill in the catalogue's content.

        Args:
            content: an array [num_items, ...] for each item feature of the schema.

        Raises:
            ValueError: other names or other shapes than the schema's.
        """
        require(
            set(content) == set(self.content), f"`content` must have {sorted(self.content)}.", sorted(content)
        )
        for name, values in content.items():
            expected = tuple(self.content[name].shape)
            require(
                np.shape(values) == expected,
                f"`content[{name!r}]` must have shape {expected}.",
                np.shape(values),
            )
            self.content[name].assign(values)
        if self.content:
            self.content_is_set.assign(1)

    def require_content(self) -> None:
        """Refuse to go on with a catalogue whose content was never filled in.

        Raises:
            ValueError: the schema has content and `set_content` was not called.
        """
        require(
            not self.content or bool(self.content_is_set.value),
            "Content must be set before training or use: `model.set_content(features.item_features)`.",
            f"no content for {list(self.content)}",
        )

    def call(self, item_index: Any, training: bool = False) -> Any:
        """Encode catalogue rows, int32 [...], as float [..., embedding_dim]."""
        if self.vectors is not None:
            return ops.cast(ops.take(self.vectors, item_index, axis=0), self.compute_dtype)
        if not self.encoders:
            return self._finish(self._id_vectors(item_index, training), training)
        shape = ops.shape(item_index)
        rows, place = tf.unique(ops.reshape(item_index, (-1,)))
        content = {name: tf.gather(table.value, rows) for name, table in self.content.items()}
        vectors = self._encode(content, rows, training)
        return ops.reshape(tf.gather(vectors, place), (*shape, self.embedding_dim))

    def encode_content(self, content: Mapping[str, Any], item_index: Any = None) -> Any:
        """Encode content, features [n, ...] each, as float [n, embedding_dim].

        The id embeddings are those of the catalogue rows int32 [n], or of unknown items.
        """
        if item_index is None:
            first = next(iter(content.values()))
            item_index = ops.full((ops.shape(first)[0],), OOV, dtype="int32")
        return self._encode(content, item_index, training=False)

    def _encode(self, content: Mapping[str, Any], rows: Any, training: bool) -> Any:
        parts = [self._encode_feature(feature, content, training) for feature in self.schema.item_features]
        if self.id_embedding is not None:
            parts.append(self._id_vectors(rows, training))
        return self._finish(sum(parts[1:], parts[0]), training)

    def _encode_feature(self, feature: Feature, content: Mapping[str, Any], training: bool) -> Any:
        values, encoder = content[feature.name], self.encoders[feature.name]
        if not training or self.content_dropout == 0:
            return encoder(values)
        tokens = KINDS.find(feature.kind).tokens
        shape = ops.shape(values) if tokens else (ops.shape(values)[0], 1)
        keep = keras.random.uniform(shape, seed=self.seed_generator) >= self.content_dropout
        if tokens:
            return encoder(ops.where(keep, values, PAD))
        vectors = encoder(values)
        return vectors * ops.cast(keep, vectors.dtype)

    def _id_vectors(self, rows: Any, training: bool) -> Any:
        assert self.id_embedding is not None
        ids = ops.where(rows < self.schema.num_trained_items, rows, OOV)
        if training and self.id_dropout > 0:
            draw = keras.random.uniform(ops.shape(ids), seed=self.seed_generator)
            ids = ops.where(ops.logical_and(draw < self.id_dropout, ids >= NUM_RESERVED), OOV, ids)
        # Keras's layer reads the variable first, which copies all of a table that lazy Adam scatters into.
        return ops.cast(tf.gather(self.id_embedding.embeddings.value, ids), self.compute_dtype)

    def _finish(self, vectors: Any, training: bool) -> Any:
        if self.hidden is None:
            return vectors
        rows = self.hidden(ops.reshape(vectors, (-1, self.embedding_dim)), training=training)
        return ops.reshape(rows, ops.shape(vectors))
