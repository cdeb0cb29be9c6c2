"""The tables of models and presets."""

from __future__ import annotations

from typing import Any

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo._registry import Registry
from tfrec_zoo.models.attention_ranker import AttentionRanker
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.cnn_ranker import CNNRanker
from tfrec_zoo.models.gru_ranker import GRURanker
from tfrec_zoo.models.presets import PRESETS, Preset
from tfrec_zoo.models.two_stage import TwoStage
from tfrec_zoo.models.two_tower import TwoTower
from tfrec_zoo.schema import Schema

MODELS: Registry[type[RecommenderModel]] = Registry(
    "model",
    {
        "attention_ranker": AttentionRanker,
        "cnn_ranker": CNNRanker,
        "gru_ranker": GRURanker,
        "two_stage": TwoStage,
        "two_tower": TwoTower,
    },
    subclass_of=RecommenderModel,
)
"""Name -> class; another joins by `MODELS.register("name", MyModel)`."""


def list_models() -> list[str]:
    """Names of the models, sorted."""
    return sorted(MODELS)


def get_model_class(name: str) -> type[RecommenderModel]:
    """The class of a name.

    Raises:
        UnknownNameError: no model of that name.
    """
    return MODELS.find(name)


def list_presets() -> list[str]:
    """Names of the presets, sorted."""
    return sorted(PRESETS)


def get_preset(name: str) -> Preset:
    """The preset of a name; a model's own name is the one without differences.

    Raises:
        UnknownNameError: no model and no preset of that name.
    """
    if name in MODELS:
        return Preset(name, "the defaults")
    if name not in PRESETS:
        raise UnknownNameError("model or preset", name, [*MODELS, *PRESETS])
    return PRESETS[name]


def create_model(name: str, schema: Schema, **overrides: Any) -> RecommenderModel:
    """A new model.

    Args:
        name: of `list_models()`, or of `list_presets()`.
        schema: from `FeatureSpace.schema`.
        **overrides: hyper-parameters that differ from the preset's, or the model's defaults.

    Raises:
        UnknownNameError: no model or preset, or no hyper-parameter, of that name.
    """
    preset = get_preset(name)
    model_class = MODELS[preset.model]
    return model_class(schema, model_class.config_class.from_dict(preset.config_with(overrides)))
