"""The graph that is served: raw ids in, ids and scores out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfrec_zoo.bundle import (
    ENCODE_ITEM_SIGNATURE,
    ENCODE_QUERY_SIGNATURE,
    RECOMMEND_SIGNATURE,
    SCORE_SIGNATURE,
    SERVING_SIGNATURE,
    SIMILAR_SIGNATURE,
)
from tfrec_zoo.export.graph.raw_features import RawFeatures
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.catalogue.mask import catalogue_mask
from tfrec_zoo.models.catalogue.top_k import catalogue_top_k
from tfrec_zoo.reranking import ReRanker, reranker_of
from tfrec_zoo.schema import NUM_RESERVED, PAD, PAD_TOKEN
from tfrec_zoo.vocabulary.lookup import lookup, rows_of, vocabulary_table

Tensors = dict[str, tf.Tensor]


class ServingModule(tf.Module):
    """Look-up, gather, query encoder, matrix product, mask, top-k.

    The item encoder has run once over the catalogue: its vectors are a table here.

    Args:
        model: trained; without content, or one of `with_stored_items`.
        features: of the model's training data.
        k: length of `serving_default`'s lists.
        retired: raw ids of items that are never recommended.
        reranker: what stands between scores and lists; nothing where left out.
    """

    def __init__(
        self,
        model: RecommenderModel,
        features: FeatureSpace,
        k: int,
        retired: Iterable[str] = (),
        reranker: ReRanker | None = None,
    ) -> None:
        super().__init__(name="serving")
        # As an attribute itself, the model would be tracked and saved with all of its weights.
        self._of_model: Callable[[], RecommenderModel] = lambda: model
        self._k = k
        self._reranker = reranker_of(reranker)
        replaced = {id(weight) for weight in model.item_weights}
        if model.schema.item_features:
            replaced = {id(weight) for encoder in model.item_encoders for weight in encoder.catalogue_weights}
        self.variables_of_model = [weight.value for weight in model.weights if id(weight) not in replaced]
        self.item_vectors = tf.Variable(model.item_vectors(), trainable=False, name="item_vectors")
        self.item_table = vocabulary_table(features.item_vocabulary)
        self.user_table = vocabulary_table(features.user_vocabulary)
        self.item_ids = rows_of(features.item_vocabulary)
        available = np.ones(model.schema.num_items, bool)
        available[features.item_vocabulary.lookup(np.array(list(retired), dtype=object))] = False
        self._available = available
        self.profile = RawFeatures(model.profile_features, features.user_transforms)
        self.content = RawFeatures(model.schema.item_features, features.item_transforms)

    @property
    def _model(self) -> RecommenderModel:
        return self._of_model()

    @property
    def _vectors(self) -> tf.Tensor:
        # A gather from the variable itself makes every later read of it copy the whole table.
        return self.item_vectors.value()

    def person_specs(self, size: int | None = None) -> dict[str, tf.TensorSpec]:
        """Of the raw values that tell of B people, any number where no size is given."""
        specs = {
            "history": tf.TensorSpec([size, None], tf.string, "history"),
            "user_id": tf.TensorSpec([size], tf.string, "user_id"),
            **self.profile.specs(size),
        }
        if self._model.reads_times:
            specs["history_time"] = tf.TensorSpec([size, None], tf.int64, "history_time")
        return specs

    def signatures(self, size: int | None = None) -> dict[str, Any]:
        """Each signature as a concrete function, for batches of any size or of a given one."""
        person = self.person_specs(size)
        k = tf.TensorSpec([], tf.int32, "k")
        limits = {
            "k": k,
            "exclude": tf.TensorSpec([size, None], tf.string, "exclude"),
            "allow": tf.TensorSpec([None], tf.string, "allow"),
            "exclude_seen": tf.TensorSpec([], tf.bool, "exclude_seen"),
        }
        candidates = tf.TensorSpec([size, None], tf.string, "candidates")
        item_id = tf.TensorSpec([size], tf.string, "item_id")
        content = self.content.specs(size) or {"item_id": item_id}

        @tf.function
        def serve(**raw: tf.Tensor) -> Tensors:
            answer = self._recommend(raw, tf.constant(self._k), tf.constant(True))
            return _padded(answer, self._k)

        @tf.function
        def recommend(
            *, k: tf.Tensor, exclude: tf.Tensor, allow: tf.Tensor, exclude_seen: tf.Tensor, **raw: tf.Tensor
        ) -> Tensors:
            return self._recommend(raw, k, exclude_seen, exclude, allow)

        @tf.function
        def score(*, candidates: tf.Tensor, **raw: tf.Tensor) -> Tensors:
            return {"scores": self._score(raw, candidates)}

        @tf.function
        def similar_items(*, item_id: tf.Tensor, k: tf.Tensor) -> Tensors:
            return self._similar(item_id, k)

        @tf.function
        def encode_query(**raw: tf.Tensor) -> Tensors:
            return {"query": self.encode_query(raw)}

        @tf.function
        def encode_item(**raw: tf.Tensor) -> Tensors:
            if "item_id" in raw:
                return {"vectors": tf.gather(self._vectors, lookup(self.item_table, raw["item_id"]))}
            return {"vectors": self._model.encode_content(self.content(raw))}

        return {
            SERVING_SIGNATURE: serve.get_concrete_function(**person),
            RECOMMEND_SIGNATURE: recommend.get_concrete_function(**person, **limits),
            SCORE_SIGNATURE: score.get_concrete_function(**person, candidates=candidates),
            SIMILAR_SIGNATURE: similar_items.get_concrete_function(item_id=item_id, k=k),
            ENCODE_QUERY_SIGNATURE: encode_query.get_concrete_function(**person),
            ENCODE_ITEM_SIGNATURE: encode_item.get_concrete_function(**content),
        }

    def encode_query(self, raw: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The query vectors of people whose raw values are those of `person_specs`, float [B, D]."""
        inputs, _ = self._inputs(raw)
        return self._model.encode(inputs, item_vectors=self._vectors)["query"]

    def _inputs(self, raw: Mapping[str, tf.Tensor]) -> tuple[Tensors, tf.Tensor]:
        """The model's inputs, and the catalogue rows of the whole history, int32 [B, T]."""
        items = lookup(self.item_table, raw["history"])
        order = newest_known(items, self._model.max_history_length)
        inputs = {"history": _in_order(items, order), "user_index": lookup(self.user_table, raw["user_id"])}
        if self._model.reads_times:
            inputs["history_time"] = _in_order(raw["history_time"], order)
        return inputs | self.profile(raw), items

    def _recommend(
        self,
        raw: Mapping[str, tf.Tensor],
        k: tf.Tensor,
        exclude_seen: tf.Tensor,
        exclude: tf.Tensor | None = None,
        allow: tf.Tensor | None = None,
    ) -> Tensors:
        inputs, items = self._inputs(raw)
        never = tf.where(exclude_seen, items, PAD)
        if exclude is not None:
            never = tf.concat([never, lookup(self.item_table, exclude)], axis=1)
        allowed = self._allowed(allow)[None, :] & catalogue_mask(never, self._num_rows)
        scores = self._model.catalogue_scores(inputs, self._vectors, allowed)
        return self._top_k(self._reranker.apply(scores, inputs=inputs, k=k), k)

    @property
    def _num_rows(self) -> int:
        return self._model.schema.num_items

    def _allowed(self, allow: tf.Tensor | None) -> tf.Tensor:
        """True for what is not retired and a list names, or where it names none. bool [num_items]."""
        available = tf.fill([self._num_rows], True) if self._available.all() else tf.constant(self._available)
        if allow is None:
            return available
        rows = lookup(self.item_table, allow)
        named = tf.scatter_nd(rows[:, None], tf.ones_like(rows), [self._num_rows]) > 0
        return available & (named | tf.reduce_all(rows == PAD))

    def _score(self, raw: Mapping[str, tf.Tensor], candidates: tf.Tensor) -> tf.Tensor:
        """Scores of given items, -inf for unknown ones and padding."""
        inputs, _ = self._inputs(raw)
        rows = lookup(self.item_table, candidates)
        encoded = self._model.encode(inputs, item_vectors=self._vectors)
        scores = self._model.score(encoded, tf.gather(self._vectors, rows))
        return tf.where(rows >= NUM_RESERVED, scores, float("-inf"))

    def _similar(self, item_id: tf.Tensor, k: tf.Tensor) -> Tensors:
        """The items whose vectors have the largest cosine with an item's, without itself."""
        rows = lookup(self.item_table, item_id)
        vectors = tf.math.l2_normalize(self._model.similarity_vectors(self._vectors), axis=-1)
        scores = tf.matmul(tf.gather(vectors, rows), vectors, transpose_b=True)
        known = (rows >= NUM_RESERVED)[:, None]
        allowed = self._allowed(None)[None, :] & catalogue_mask(rows[:, None], self._num_rows) & known
        return self._top_k(tf.where(allowed, scores, float("-inf")), k)

    def _top_k(self, scores: tf.Tensor, k: tf.Tensor) -> Tensors:
        """The best k items, or the whole catalogue; "" with -inf where fewer are left."""
        num_items = self._num_rows - NUM_RESERVED
        best, index = catalogue_top_k(scores, tf.clip_by_value(k, 0, num_items), self._num_rows)
        names = tf.gather(self.item_ids, tf.where(tf.math.is_inf(best), PAD, index))
        return {"item_ids": names, "scores": best}


def _padded(answer: Mapping[str, tf.Tensor], k: int) -> Tensors:
    """Lists of exactly k, whatever the size of the catalogue."""
    size, given = tf.shape(answer["scores"])[0], tf.shape(answer["scores"])[1]
    empty = {"item_ids": PAD_TOKEN, "scores": float("-inf")}
    # LiteRT has no pad of strings.
    padded = {
        name: tf.concat([answer[name], tf.fill([size, k - given], value)], axis=1)
        for name, value in empty.items()
    }
    return {name: tf.ensure_shape(values, [None, k]) for name, values in padded.items()}


def newest_known(items: tf.Tensor, max_length: int) -> tf.Tensor:
    """Where the newest known items stand, int32 [B, T] to [B, max_length], oldest first, -1 at the left.

    Padding and unknown items may stand anywhere in `items`.
    """
    known = items >= NUM_RESERVED
    order = tf.argsort(tf.cast(known, tf.int32), axis=1, stable=True)
    return tf.where(tf.gather(known, order, batch_dims=1), order, -1)[:, -max_length:]


def _in_order(values: tf.Tensor, order: tf.Tensor) -> tf.Tensor:
    """Gather [B, T] by `newest_known`, 0 where there is nothing."""
    # A column for the places without an item, so that a request without any column can be read too.
    with_none = tf.pad(values, [[0, 0], [1, 0]])
    return tf.gather(with_none, order + 1, batch_dims=1)
