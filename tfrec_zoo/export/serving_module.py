"""The graph that is served: raw ids in, ids and scores out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfrec_zoo.bundle import RECOMMEND_SIGNATURE, SERVING_SIGNATURE
from tfrec_zoo.features.feature_space import ITEMS_FILE, USERS_FILE, FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.schema import NUM_RESERVED, OOV, PAD, PAD_TOKEN, Feature


class ServingModule(tf.Module):
    """Look-up, gather, query encoder, matrix product, mask, top-k.

    The item encoder has run once over the catalogue: its vectors are a table here.

    Args:
        model: trained.
        features: of the model's training data.
        k: length of `serving_default`'s lists.
        features_folder: where `features.save` wrote; the vocabularies become assets.
    """

    def __init__(
        self, model: RecommenderModel, features: FeatureSpace, k: int, features_folder: Path
    ) -> None:
        super().__init__(name="serving")
        self._catalogue_scores: Callable[..., Any] = model.catalogue_scores
        self._max_history_length = model.max_history_length
        self._reads_times = model.reads_times
        self._k = k
        of_items = {id(weight) for weight in model.item_weights}
        self.query_variables = [weight.value for weight in model.weights if id(weight) not in of_items]
        self.item_vectors = tf.Variable(model.item_vectors(), trainable=False, name="item_vectors")
        self.item_table = _table(features_folder / ITEMS_FILE)
        self.user_table = _table(features_folder / USERS_FILE)
        self.item_ids = tf.constant([PAD_TOKEN] * NUM_RESERVED + features.item_vocabulary.tokens)
        self.transforms: dict[str, tuple[Feature, Any]] = {
            feature.name: (feature, features.user_transforms[feature.name])
            for feature in model.profile_features
        }
        self.profile_tables = {
            name: _table(features_folder / f"user_{name}.txt")
            for name, (feature, _) in self.transforms.items()
            if feature.kind == "category"
        }

    def signatures(self) -> dict[str, Any]:
        """Each signature as a concrete function."""
        inputs = {
            "history": tf.TensorSpec([None, None], tf.string, "history"),
            "user_id": tf.TensorSpec([None], tf.string, "user_id"),
        }
        for name, (feature, _) in self.transforms.items():
            inputs[name] = (
                tf.TensorSpec([None, None], tf.string, name)
                if feature.kind == "category"
                else tf.TensorSpec([None], tf.float32, name)
            )
        if self._reads_times:
            inputs["history_time"] = tf.TensorSpec([None, None], tf.int64, "history_time")
        k = tf.TensorSpec([], tf.int32, "k")

        @tf.function
        def serve(**raw: tf.Tensor) -> dict[str, tf.Tensor]:
            return _padded(self._recommend(raw, tf.constant(self._k)), self._k)

        @tf.function
        def recommend(*, k: tf.Tensor, **raw: tf.Tensor) -> dict[str, tf.Tensor]:
            return self._recommend(raw, k)

        return {
            SERVING_SIGNATURE: serve.get_concrete_function(**inputs),
            RECOMMEND_SIGNATURE: recommend.get_concrete_function(k=k, **inputs),
        }

    def _recommend(self, raw: Mapping[str, tf.Tensor], k: tf.Tensor) -> dict[str, tf.Tensor]:
        items = _lookup(self.item_table, raw["history"])
        order = newest_known(items, self._max_history_length)
        inputs = {"history": _in_order(items, order), "user_index": _lookup(self.user_table, raw["user_id"])}
        if self._reads_times:
            inputs["history_time"] = _in_order(raw["history_time"], order)
        inputs |= {name: self._profile(name, raw[name]) for name in self.transforms}
        # PAD and OOV are columns 0 and 1 and stand in histories too, so that one mask serves all.
        never = tf.broadcast_to(tf.constant([[PAD, OOV]]), [tf.shape(items)[0], NUM_RESERVED])
        columns = tf.concat([items, never], axis=1)
        rows = tf.broadcast_to(tf.range(tf.shape(columns)[0])[:, None], tf.shape(columns))
        cells = tf.stack([rows, columns], axis=-1)
        every = tf.fill([tf.shape(items)[0], tf.shape(self.item_ids)[0]], True)
        allowed = tf.tensor_scatter_nd_update(every, cells, tf.fill(tf.shape(columns), False))
        scores = self._catalogue_scores(inputs, self.item_vectors, allowed)
        return self._top_k(scores, k)

    def _top_k(self, scores: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """The best k items, or the whole catalogue; "" with -inf where fewer are left."""
        num_items = tf.shape(scores)[1] - NUM_RESERVED
        best, index = tf.math.top_k(scores, tf.clip_by_value(k, 0, num_items))
        names = tf.where(tf.math.is_inf(best), PAD_TOKEN, tf.gather(self.item_ids, index))
        return {"item_ids": names, "scores": best}

    def _profile(self, name: str, raw: tf.Tensor) -> tf.Tensor:
        feature, transform = self.transforms[name]
        if feature.kind == "category":
            length = feature.shape[0]
            tokens = _lookup(self.profile_tables[name], raw)[:, :length]
            return tf.pad(tokens, [[0, 0], [0, length - tf.shape(tokens)[1]]])
        scaled = (raw - transform.mean) / transform.std
        return tf.where(tf.math.is_finite(scaled), scaled, 0.0)


def _padded(answer: Mapping[str, tf.Tensor], k: int) -> dict[str, tf.Tensor]:
    """Lists of exactly k, whatever the size of the catalogue."""
    missing = [[0, 0], [0, k - tf.shape(answer["scores"])[1]]]
    padded = {
        "item_ids": tf.pad(answer["item_ids"], missing, constant_values=PAD_TOKEN),
        "scores": tf.pad(answer["scores"], missing, constant_values=float("-inf")),
    }
    return {name: tf.ensure_shape(values, [None, k]) for name, values in padded.items()}


def newest_known(items: tf.Tensor, max_length: int) -> tf.Tensor:
    """Where the newest known items stand, int32 [B, T] to [B, max_length], oldest first, -1 at the left.

    Padding and unknown items may stand anywhere in `items`.
    """
    known = items >= NUM_RESERVED
    order = tf.argsort(tf.cast(known, tf.int32), axis=1, stable=True)
    newest = tf.where(tf.gather(known, order, batch_dims=1), order, -1)[:, -max_length:]
    return tf.pad(newest, [[0, 0], [max_length - tf.shape(newest)[1], 0]], constant_values=-1)


def _in_order(values: tf.Tensor, order: tf.Tensor) -> tf.Tensor:
    """Gather [B, T] by `newest_known`, 0 where there is nothing."""
    # A column for the places without an item, so that a request without any column can be read too.
    with_none = tf.pad(values, [[0, 0], [1, 0]])
    return tf.gather(with_none, order + 1, batch_dims=1)


def _table(path: Path) -> Any:
    initializer = tf.lookup.TextFileInitializer(
        str(path),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    return tf.lookup.StaticHashTable(initializer, default_value=OOV - NUM_RESERVED)


def _lookup(table: Any, raw: tf.Tensor) -> tf.Tensor:
    index = tf.cast(table.lookup(raw), tf.int32) + NUM_RESERVED
    return tf.where(raw == PAD_TOKEN, PAD, index)
