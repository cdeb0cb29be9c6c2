"""A model without its catalogue's content: the vectors made from it stand in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from tfrec_zoo.models.base import RecommenderModel

Model = TypeVar("Model", bound=RecommenderModel)


def with_stored_items(model: Model, item_vectors: Any = None) -> Model:
    """A copy that holds the vectors of its catalogue in the place of content and id embeddings.

    It ranks and is served as before, new items are still encoded by their content, and neither pictures nor
    texts of the catalogue are in it: for publishing, and where content is large. It is not for training.

    Args:
        model: any.
        item_vectors: float [N, vector_dim] of another catalogue, whose first rows are this one's; the
            model's own where left out.

    Raises:
        ValueError: content that was never set.
    """
    vectors = model.item_vectors() if item_vectors is None else np.asarray(item_vectors)
    schema = replace(model.schema, num_items=len(vectors))
    copy = type(model)(schema, model.config, stored_items=True, name=model.name)
    for mine, other in zip(_other_weights(model), _other_weights(copy), strict=True):
        other.assign(mine if mine.shape == other.shape else _first_rows(mine, other))
    end = np.cumsum([encoder.embedding_dim for encoder in copy.item_encoders])
    for encoder, columns in zip(copy.item_encoders, np.split(vectors, end[:-1], axis=1), strict=True):
        assert encoder.vectors is not None
        encoder.vectors.assign(columns)
    return copy


def _first_rows(mine: Any, other: Any) -> Any:
    """Those of `mine` in the rows that both have, zeros in others.

    A stored encoder's id table has the row of unknown items and no others; a larger catalogue has more rows.
    """
    values, rows = np.zeros(other.shape, other.dtype), min(mine.shape[0], other.shape[0])
    values[:rows] = mine[:rows]
    return values


def _other_weights(model: RecommenderModel) -> list[Any]:
    """All weights but those of the catalogue, in the order of the layers."""
    catalogue = {id(weight) for encoder in model.item_encoders for weight in encoder.catalogue_weights}
    return [weight for weight in model.weights if id(weight) not in catalogue]
