"""Models of the zoo."""

from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.models.registry import create_model, get_model_class, list_models
from tfrec_zoo.models.two_tower import TwoTower, TwoTowerConfig

__all__ = [
    "ModelConfig",
    "RecommenderModel",
    "TwoTower",
    "TwoTowerConfig",
    "create_model",
    "get_model_class",
    "list_models",
]
