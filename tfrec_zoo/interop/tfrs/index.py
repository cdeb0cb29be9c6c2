"""TFRS's retrieval layers over a model's catalogue."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from math import isqrt
from pathlib import Path
from typing import Any, Literal, get_args

import tensorflow as tf

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.export.serving_module import ServingModule
from tfrec_zoo.export.vectors import vectors_to_index
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.interop.tfrs.keras_2 import load_tfrs
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.stored_items import with_stored_items

Kind = Literal["brute_force", "streaming", "scann"]

_BATCH = 1024

_tfrs = load_tfrs()


class _RawQuery(tf.Module):
    """From raw values of people to query vectors, as a TFRS layer calls it."""

    def __init__(self, model: RecommenderModel, features: FeatureSpace, k: int) -> None:
        super().__init__(name="raw_query")
        # The vocabularies are assets, which must lie there until the index is saved.
        self._folder = tempfile.TemporaryDirectory()
        features.without_content().save(self._folder.name)
        self.serving = ServingModule(model, features, k, Path(self._folder.name))

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> tf.Tensor:
        return self.serving.encode_query(raw)


def retrieval_index(
    model: RecommenderModel, features: FeatureSpace, kind: Kind = "brute_force", k: int = 10, **options: Any
) -> Any:
    """A TFRS retrieval layer over a model's catalogue: raw values of people in, scores and ids out.

    The layer is called with a dict of "history" (strings [B, T], oldest first, "" where there is nothing),
    "user_id" (strings [B]), and the raw profile features and times that the export of the model takes. It
    gives scores float32 [B, k] and item ids, strings [B, k]. Seen items are among them:
    `query_with_exclusions(raw, exclusions=history)` leaves them out. Of a two-stage model it is the
    retriever.

    Args:
        model: trained, one that scores by inner products.
        features: of the model's training data.
        kind: "brute_force" and "streaming" are exact; "scann" is approximate and needs `tfrec-zoo[scann]`.
        k: length of the lists.
        **options: of the TFRS layer. For ScaNN the catalogue is cut into about sqrt(N) leaves, of which a
            tenth is searched, and the best 10 k are scored anew exactly, unless they say otherwise.

    Returns:
        `tfrs.layers.factorized_top_k.BruteForce`, `Streaming` or `ScaNN`, with the catalogue indexed.

    Raises:
        UnknownNameError: another kind.
        ValueError: k that is not from 1 to the size of the catalogue, features of another model, or a model
            whose scores are not inner products.
        ImportError: ScaNN is not installed.
    """
    if kind not in get_args(Kind):
        raise UnknownNameError("kind of index", kind, get_args(Kind))
    require(
        features.schema == model.schema,
        "`features` must be those that the model was built for.",
        features.schema,
    )
    num_items = len(features.item_vocabulary.tokens)
    require(1 <= k <= num_items, f"`k` must be from 1 to the {num_items} items of the catalogue.", k)
    vectors = tf.constant(vectors_to_index(model, model.item_vectors()))
    if model.schema.item_features and not model.stored_items:
        model = with_stored_items(model)
    query, ids = _RawQuery(model, features, k), tf.constant(features.item_vocabulary.tokens)
    layers = _tfrs.layers.factorized_top_k
    match kind:
        case "streaming":
            catalogue = tf.data.Dataset.from_tensor_slices((ids, vectors)).batch(_BATCH)
            return layers.Streaming(query, k=k, **options).index_from_dataset(catalogue)
        case "scann":
            return layers.ScaNN(query, k=k, **{**_scann_options(num_items, k), **options}).index(vectors, ids)
        case _:
            return layers.BruteForce(query, k=k, **options).index(vectors, ids)


def _scann_options(num_items: int, k: int) -> dict[str, Any]:
    leaves = isqrt(num_items)
    return {
        "num_leaves": leaves,
        "num_leaves_to_search": min(leaves, max(10, leaves // 10)),
        "num_reordering_candidates": min(num_items, 10 * k),
    }
