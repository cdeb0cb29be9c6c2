"""The next version of an export with another catalogue, without training."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.tables import Items
from tfrec_zoo.export.formats import formats_in, unknown_files
from tfrec_zoo.export.saved import SavedExport, open_export
from tfrec_zoo.export.write import export
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.stored_items import with_stored_items
from tfrec_zoo.recommendation import id_strings
from tfrec_zoo.schema import OOV

_BLOCK = 4096
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CatalogueChange:
    """What a refresh did, in numbers of items.

    Example:
        >>> item = features.item_vocabulary.tokens[0]
        >>> change = refresh_catalogue(folder, retire=[item])  # folder: of `export(model, features, folder)`
        >>> change.version, change.retired
        (2, 1)
    """

    version: int
    """Of the export that it wrote."""
    added: int
    """New ones."""
    changed: int
    """Known ones whose content gives another vector."""
    unchanged: int
    """Known ones whose vector stayed bit for bit."""
    kept: int
    """Known ones that were left as they were, since the export holds vectors that training gave them beside
    their content: those of a model with item ids, exported without content."""
    retired: int
    """Ones that this refresh took out."""
    returned: int
    """Retired ones that it brought back, being among the items."""


def refresh_catalogue(
    path: str | Path, items: Items | None = None, retire: Iterable[str] | None = None
) -> CatalogueChange:
    """Write the next version of an export with items added, changed or retired.

    New items get the vector that the trained item encoder makes of their content; every vector that does not
    change stays bit for bit. The new version holds the vectors of its catalogue and no content: to train
    further, use the version that came from training. A retired item is never recommended, and is still read
    in histories; it returns when a later refresh has it among `items`.

    Args:
        path: the folder of the export.
        items: with the content columns of the model; ids that the catalogue holds are changed, others added.
        retire: raw ids of the catalogue.

    Returns:
        What was done.

    Raises:
        DataError: no export there, a damaged one, neither items nor ids to retire, a model that reads no
            content, a column that is missing, an id that is unknown, or nothing left to recommend.
        TypeError: `items` of another type, or ids that are no sequence.
    """
    saved = open_export(path)
    manifest, features, model = saved.manifest, saved.features, saved.model
    if left_out := unknown_files(manifest):
        _logger.warning("The next version is without %s: no format of theirs is registered.", left_out)
    asked, before = _known_ids(features, retire or ()), set(manifest.retired)
    if items is None and before.issuperset(asked):
        received = "ids that are retired already" if retire else "neither"
        raise DataError(f"A refresh must have `items`, or ids to `retire`. Received: {received}.")
    counts = {"added": 0, "changed": 0, "unchanged": 0, "kept": 0}
    returning: set[str] = set()
    if items is not None:
        _check_content(model, items)
        returning = set(items.item_id)
        model, features, counts = _with_items(saved, items)
    # An id among both `items` and `retire` is retired.
    returning -= set(asked)
    retired = [item for item in manifest.retired if item not in returning]
    retired += (leaving := [item for item in asked if item not in before])
    if len(retired) == len(features.item_vocabulary.tokens):
        raise DataError("A refresh must leave at least one item. Received: all of them among `retire`.")
    change: dict[str, Any] = {**counts, "retired": len(leaving), "returned": len(returning & before)}
    version = export(
        model,
        features,
        path,
        k=manifest.k,
        formats=list(formats_in(manifest)),
        retired=retired,
        reranker=saved.reranker,
        details={**manifest.details, "refreshed from version": manifest.version, "refresh": change},
    )
    return CatalogueChange(version=int(version.name), **change)


def _with_items(saved: SavedExport, items: Items) -> tuple[RecommenderModel, FeatureSpace, dict[str, int]]:
    """The model and its features with other vectors for the known items, and new ones at the end."""
    model, features = saved.model, saved.features
    rows = features.item_vocabulary.lookup(items.item_id)
    new = rows == OOV
    encoded = _encode(model, features, items, rows)
    vectors = saved.item_vectors()
    old = vectors[rows[~new]]
    scale = np.maximum(np.abs(old).max(axis=1, initial=0.0), 1e-6)
    # The same content, encoded in another batch or on another machine, may differ in the last bits.
    same = np.abs(encoded[~new] - old).max(axis=1, initial=0.0) <= 1e-5 * scale
    fixed = model.stored_items and _has_ids(model) & (rows[~new] < model.schema.num_trained_items)
    write = ~same & ~np.broadcast_to(fixed, same.shape)
    vectors[rows[~new][write]] = encoded[~new][write]
    counts = {
        "added": int(new.sum()),
        "changed": int(write.sum()),
        "unchanged": int(same.sum()),
        "kept": int((~same & ~write).sum()),
    }
    model = with_stored_items(model, np.concatenate([vectors, encoded[new]]))
    return model, features.with_new_items(items.item_id[new]), counts


def _encode(
    model: RecommenderModel, features: FeatureSpace, items: Items, rows: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """Vectors by content, and by the ids of items that have one, float32 [n, vector_dim]."""
    # A stored model has the id of unknown items alone.
    ids = np.where((rows >= model.schema.num_trained_items) | model.stored_items, OOV, rows)
    blocks = []
    for start in range(0, len(items), _BLOCK):
        place = np.arange(start, min(start + _BLOCK, len(items)))
        content = {
            name: tf.constant(values) for name, values in features.encode_items(items.take(place)).items()
        }
        blocks.append(np.asarray(model.encode_content(content, tf.constant(ids[place]))))
    return np.concatenate(blocks).astype(np.float32)


def _has_ids(model: RecommenderModel) -> bool:
    return any(encoder.id_embedding is not None for encoder in model.item_encoders)


def _check_content(model: RecommenderModel, items: Items) -> None:
    if not isinstance(items, Items):
        raise TypeError(
            "`items` must be Items, as `tfrec_zoo.data.item_tables.read_items` makes them of a file or a "
            f"DataFrame. Received: {type(items).__name__}"
        )
    names = [feature.name for feature in model.schema.item_features]
    if not names:
        raise DataError(
            "New items need a model that reads content. Received: one that knows its items by their ids "
            "alone. Train it with `content=[...]` (`--content` on the command line)."
        )
    missing = [name for name in names if name not in items.columns]
    if missing or not len(items):
        raise DataError(
            f"`items` must have at least one row and the columns {names}. Received: "
            f"{len(items)} rows without {missing}."
        )


def _known_ids(features: FeatureSpace, retire: Any) -> list[str]:
    ids = list(dict.fromkeys(id_strings(retire, "retire")))
    unknown = [item for item in ids if features.item_vocabulary.lookup([item])[0] == OOV or not item]
    if unknown:
        raise DataError(f"`retire` must name items of the catalogue. Received: {unknown[:5]}")
    return ids
