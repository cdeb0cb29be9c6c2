"""TFRS's retrieval layers over a model's catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isqrt
from typing import Any, Literal, get_args

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.export.item_vectors import vectors_to_index
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.interop.tfrs.keras_2 import load_tfrs
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.stored_items import with_stored_items

Kind = Literal["brute_force", "streaming", "scann"]

_BATCH = 1024

_tfrs = load_tfrs()


class _RawQuery(tf.Module):
    """From raw values of people to query vectors, as a TFRS layer calls it."""

    def __init__(self, serving: ServingModule) -> None:
        super().__init__(name="raw_query")
        self.serving = serving

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> tf.Tensor:
        return self.serving.encode_query(raw)


def retrieval_index(
    model: RecommenderModel,
    features: FeatureSpace,
    kind: Kind = "brute_force",
    k: int = 10,
    *,
    retired: Iterable[str] = (),
    **options: Any,
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
        retired: raw ids of items that are not to be found, as a refreshed export's manifest has them.
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
    ids = np.array(features.item_vocabulary.tokens, dtype=object)
    left_out = set(retired)
    kept = np.array([item not in left_out for item in ids])
    num_items = int(kept.sum())
    require(1 <= k <= num_items, f"`k` must be from 1 to the {num_items} items of the catalogue.", k)
    catalogue = (tf.constant(ids[kept]), tf.constant(vectors_to_index(model, model.item_vectors())[kept]))
    if model.schema.item_features and not model.stored_items:
        model = with_stored_items(model)
    query = _RawQuery(ServingModule(model, features, k))
    layers = _tfrs.layers.factorized_top_k
    match kind:
        case "streaming":
            batches = tf.data.Dataset.from_tensor_slices(catalogue).batch(_BATCH)
            return layers.Streaming(query, k=k, **options).index_from_dataset(batches)
        case "scann":
            layer = layers.ScaNN(query, k=k, **{**_scann_options(num_items, k), **options})
        case _:
            layer = layers.BruteForce(query, k=k, **options)
    return layer.index(catalogue[1], catalogue[0])


def _scann_options(num_items: int, k: int) -> dict[str, Any]:
    leaves = isqrt(num_items)
    return {
        "num_leaves": leaves,
        "num_leaves_to_search": min(leaves, max(20, leaves // 10)),
        "num_reordering_candidates": min(num_items, 10 * k),
    }
