"""Item vectors of an export for another index: faiss, usearch, ScaNN or a vector database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import DataError
from tfrec_zoo._files import written_whole
from tfrec_zoo._registry import Registry
from tfrec_zoo.export.saved import open_export
from tfrec_zoo.export.write import registered_name
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.schema import NUM_RESERVED


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """A catalogue in its vector space, one row per item, in the catalogue's order.

    Example:
        >>> items = export_vectors(folder, folder / "items.npz")  # folder: of `export(model, ..., folder)`
        >>> items.item_ids.tolist() == open_export(folder).features.item_vocabulary.tokens
        True
        >>> items.vectors.shape[1] == open_export(folder).model.vector_dim
        True
    """

    item_ids: npt.NDArray[np.str_]
    """Raw ids, [N]."""
    vectors: npt.NDArray[np.float32]
    """[N, D]; an item's score is the inner product with the query, up to a constant."""
    stage: str = ""
    """Name of the stage that scores so, where it is not the whole model."""


def export_vectors(path: str | Path, file: str | Path) -> ItemVectors:
    """Write the item vectors of an export's newest version for an index by inner product.

    A search with the output "query" of the export's signature `encode_query` ranks the catalogue as the
    export does, seen items included; an index has to leave those out itself. Of a two-stage model they are
    the retriever's, whose query that is: the search gives the ranker's candidates.

    Args:
        path: the folder that `export` wrote.
        file: what to write, whole or not at all; its suffix says how. `.npz` holds the arrays "item_ids"
            (unicode [N]) and "vectors" (float32 [N, D]) and needs no pickle; `.parquet` has the columns
            "item_id" (string) and "vector" (a list of D float32).

    Returns:
        What was written, without the rows of padding, of unknown and of retired items.

    Raises:
        UnknownNameError: another suffix.
        DataError: no export there, a file of it that is missing or damaged, or nothing can be written.
        ValueError: a model whose scores are not inner products.
    """
    file = Path(file)
    write = VECTOR_FILES.find(file.suffix)
    saved = open_export(path)
    vectors = vectors_to_index(saved.model, saved.item_vectors())
    ids = np.array(saved.features.item_vocabulary.tokens, dtype=np.str_)
    retired = set(saved.manifest.retired)
    kept = np.array([item not in retired for item in ids.tolist()])
    of = saved.model.index_stage()
    found = ItemVectors(ids[kept], vectors[kept], "" if of is saved.model or of is None else of.name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as handle:
            write(handle, found)
    except OSError as error:
        raise DataError(
            f"A file of vectors must go where one can be written. Received: {file} ({error.strerror}). "
            "Choose another place."
        ) from error
    return found


def vectors_to_index(model: RecommenderModel, item_vectors: Any) -> npt.NDArray[np.float32]:
    """The vectors by whose inner product with "query" an index finds what the model recommends.

    Args:
        model: one that scores so, or a two-stage model, whose retriever does.
        item_vectors: of all catalogue rows, float [num_items, vector_dim].

    Returns:
        Float32 [num_items - NUM_RESERVED, D], without the rows of padding and of unknown items.

    Raises:
        ValueError: a model whose scores are not inner products.
    """
    if model.index_stage() is None:
        raise ValueError(
            "An index needs a model whose scores are inner products of query and item vectors. "
            f"Received: a {registered_name(model)} that scores by layers of its own. Ask its export itself, "
            "or make it the ranker of a two_stage model, whose retriever an index can serve."
        )
    return np.asarray(model.similarity_vectors(item_vectors), np.float32)[NUM_RESERVED:]


def _write_npz(handle: BinaryIO, items: ItemVectors) -> None:
    np.savez(handle, item_ids=items.item_ids, vectors=items.vectors)


def _write_parquet(handle: BinaryIO, items: ItemVectors) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    width = items.vectors.shape[1]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(items.vectors.ravel()), width)
    pq.write_table(pa.table({"item_id": pa.array(items.item_ids.tolist()), "vector": vectors}), handle)


VECTOR_FILES: Registry[Callable[[BinaryIO, ItemVectors], None]] = Registry(
    "suffix of a file of vectors", {".npz": _write_npz, ".parquet": _write_parquet}
)
"""Suffix -> what writes such a file."""
