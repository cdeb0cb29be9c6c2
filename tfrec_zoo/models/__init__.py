"""Models of the zoo."""

from tfrec_zoo.models.attention_ranker import AttentionRanker, AttentionRankerConfig
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.cnn_ranker import CNNRanker, CNNRankerConfig
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.models.gru_ranker import GRURanker, GRURankerConfig
from tfrec_zoo.models.registry import create_model, get_model_class, get_preset, list_models, list_presets
from tfrec_zoo.models.two_stage import TwoStage, TwoStageConfig
from tfrec_zoo.models.two_tower import TwoTower, TwoTowerConfig

__all__ = [
    "AttentionRanker",
    "AttentionRankerConfig",
    "CNNRanker",
    "CNNRankerConfig",
    "GRURanker",
    "GRURankerConfig",
    "ModelConfig",
    "RecommenderModel",
    "TwoStage",
    "TwoStageConfig",
    "TwoTower",
    "TwoTowerConfig",
    "create_model",
    "get_model_class",
    "get_preset",
    "list_models",
    "list_presets",
]
