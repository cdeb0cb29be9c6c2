"""A model without its catalogue's content: the vectors made from it stand in its place."""

from __future__ import annotations

from typing import Any, TypeVar

from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.catalogue_scorer import encode_catalogue

Model = TypeVar("Model", bound=RecommenderModel)


def with_stored_items(model: Model) -> Model:
    """A copy that holds the vectors of its catalogue in the place of content and id embeddings.

    It ranks and is served as before, new items are still encoded by their content, and neither pictures nor
    texts of the catalogue are in it: for publishing, and where content is large. It is not for training.

    Raises:
        ValueError: content that was never set.
    """
    model.require_content()
    copy = type(model)(model.schema, model.config, stored_items=True, name=model.name)
    for mine, other in zip(_other_weights(model), _other_weights(copy), strict=True):
        # A stored encoder's id table has the row of unknown items, and no others.
        other.assign(mine[: other.shape[0]] if mine.shape != other.shape else mine)
    for mine, other in zip(model.item_encoders, copy.item_encoders, strict=True):
        assert other.vectors is not None
        other.vectors.assign(encode_catalogue(mine, model.schema.num_items))
    return copy


def _other_weights(model: RecommenderModel) -> list[Any]:
    """All weights but those of the catalogue, in the order of the layers."""
    catalogue = {id(weight) for encoder in model.item_encoders for weight in encoder.catalogue_weights}
    return [weight for weight in model.weights if id(weight) not in catalogue]
