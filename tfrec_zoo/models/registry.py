"""The table of models."""

from __future__ import annotations

from typing import Any

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.two_tower import TwoTower
from tfrec_zoo.schema import Schema

MODELS: dict[str, type[RecommenderModel]] = {
    "two_tower": TwoTower,
}


def list_models() -> list[str]:
    """Names of the models, sorted."""
    return sorted(MODELS)


def get_model_class(name: str) -> type[RecommenderModel]:
    """The class of a name.

    Raises:
        UnknownNameError: no model of that name.
    """
    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    return MODELS[name]


def create_model(name: str, schema: Schema, **overrides: Any) -> RecommenderModel:
    """A new model.

    Args:
        name: of `list_models()`.
        schema: from `FeatureSpace.schema`.
        **overrides: hyper-parameters that differ from the defaults of the model's config.

    Raises:
        UnknownNameError: no model, or no hyper-parameter, of that name.
    """
    model_class = get_model_class(name)
    return model_class(schema, model_class.config_class.from_dict(overrides))
