"""A retrieval index as a SavedModel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfrec_zoo._errors import DataError, require
from tfrec_zoo._files import staging_folder
from tfrec_zoo.bundle import SERVING_SIGNATURE
from tfrec_zoo.export.item_vectors import vectors_to_index
from tfrec_zoo.export.verification.check import TOLERANCE
from tfrec_zoo.export.verification.golden import Golden, compare, golden_requests
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.interop.tfrs.index import Kind, retrieval_index
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]

_NUM_REQUESTS = 64


def export_index(
    model: RecommenderModel,
    features: FeatureSpace,
    path: str | Path,
    kind: Kind = "brute_force",
    k: int = 10,
    *,
    retired: Iterable[str] = (),
    minimum_recall: float = 0.9,
    **options: Any,
) -> float:
    """Save a retrieval index as a SavedModel, after the saved one was loaded and asked.

    Its signature "serving_default" takes "history" and "user_id" (and the profile features and times that
    the model reads) and gives "item_ids", strings [B, k], and "scores", float32 [B, k], seen items included.
    A SavedModel with ScaNN needs ScaNN's operations where it is loaded: `from scann import scann_ops`.

    Args:
        model: trained, one that scores by inner products.
        features: of the model's training data.
        path: a new or empty folder, which appears whole or not at all.
        kind: as of `retrieval_index`.
        k: length of the lists.
        retired: as of `retrieval_index`.
        minimum_recall: share of the exact k best that ScaNN must find.
        **options: of the TFRS layer.

    Returns:
        The recall@k of drawn requests; 1 for the exact kinds, whose scores are compared as well.

    Raises:
        DataError: something is at `path`.
        ValueError: as of `retrieval_index`, or the saved index answers otherwise than the model.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DataError(f"An index must go to a new or empty folder. Received: {path}. Choose another name.")
    retired = tuple(retired)
    index = retrieval_index(model, features, kind, k, retired=retired, **options)

    @tf.function
    def serve(**raw: tf.Tensor) -> dict[str, tf.Tensor]:
        scores, item_ids = index(raw)
        return {"item_ids": item_ids, "scores": scores}

    signature = serve.get_concrete_function(**index.query_model.serving.person_specs())
    module = tf.Module(name="index")
    module.index = index
    with staging_folder(path) as staging:
        written = staging / "saved_model"
        allowed = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
        tf.saved_model.save(module, str(written), {SERVING_SIGNATURE: signature}, allowed)
        recall = _check(model, features, retired, written, kind, minimum_recall)
        written.rename(path)
    return recall


def _check(
    model: RecommenderModel,
    features: FeatureSpace,
    retired: tuple[str, ...],
    folder: Path,
    kind: Kind,
    minimum_recall: float,
) -> float:
    """Ask a saved index, and refuse one that answers otherwise than the model; its recall."""
    raw, inputs = golden_requests(model, features, _NUM_REQUESTS)
    table = tf.constant(model.item_vectors())
    query = model.encode({name: tf.constant(value) for name, value in inputs.items()}, item_vectors=table)
    exact = np.asarray(query["query"]) @ vectors_to_index(model, table).T
    exact = np.pad(exact, ((0, 0), (NUM_RESERVED, 0)), constant_values=-np.inf)
    exact[:, features.item_vocabulary.lookup(np.array(retired, dtype=object))] = -np.inf
    loaded = tf.saved_model.load(str(folder))
    answer = loaded.signatures[SERVING_SIGNATURE](**{name: tf.constant(value) for name, value in raw.items()})
    found = {"item_ids": answer["item_ids"].numpy().astype(str), "scores": answer["scores"].numpy()}
    if kind == "scann":
        recall = _recall(found, exact, features)
        rule = f"ScaNN must find {minimum_recall:g} of the exact best. Search more leaves, or reorder more."
        require(recall >= minimum_recall, rule, round(recall, 4))
        return recall
    difference = compare(Golden(raw, exact, "item_ids"), found, features).relative
    rule = f"A saved index must answer as the model does, within {TOLERANCE:g} of the largest score."
    require(difference <= TOLERANCE, rule, difference)
    return 1.0


def _recall(found: Mapping[str, Array], exact: Array, features: FeatureSpace) -> float:
    """Share of the k best that were found; items that tie with the k-th are as good. NaN is no item."""
    k = found["scores"].shape[1]
    rows = features.item_vocabulary.lookup(found["item_ids"].astype(object)).astype(np.int64)
    last = -np.sort(-exact, axis=1)[:, k - 1 : k]
    good = np.take_along_axis(exact, rows, axis=1) >= last - 1e-6 * np.maximum(1.0, np.abs(last))
    return float((good & ~np.isnan(found["scores"])).mean())
