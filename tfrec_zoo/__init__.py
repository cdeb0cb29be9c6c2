"""Recommender model zoo for Keras 3 on TensorFlow.

Names are imported when first used, so `import tfrec_zoo` itself loads neither TensorFlow nor pandas.
"""

from __future__ import annotations

import os as _os
from difflib import get_close_matches as _get_close_matches
from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from tfrec_zoo._version import __version__

if (_os.environ.get("KERAS_BACKEND") or "tensorflow") != "tensorflow":
    raise ImportError(
        "tfrec_zoo needs Keras to run on TensorFlow. "
        f"Received: KERAS_BACKEND={_os.environ['KERAS_BACKEND']!r}. Unset it, or set it to 'tensorflow'."
    )

if TYPE_CHECKING:
    from tfrec_zoo.data.filters import drop_duplicates, k_core, minimum_rating
    from tfrec_zoo.data.load import load as load_dataset
    from tfrec_zoo.data.sources.synthetic import synthetic
    from tfrec_zoo.data.splits import (
        Split,
        cold_items_split,
        cold_users_split,
        global_time_split,
        leave_last_out,
        random_split,
    )
    from tfrec_zoo.data.tables import Dataset, Interactions, Items, Users
    from tfrec_zoo.evaluation.callback import RankingMetrics
    from tfrec_zoo.evaluation.evaluate import evaluate
    from tfrec_zoo.evaluation.recommend import recommend
    from tfrec_zoo.evaluation.report import EvaluationReport
    from tfrec_zoo.features.feature_space import FeatureSpace
    from tfrec_zoo.models.registry import create_model, list_models
    from tfrec_zoo.models.two_tower import TwoTower, TwoTowerConfig
    from tfrec_zoo.recommendation import Recommendation
    from tfrec_zoo.schema import Feature, Schema
    from tfrec_zoo.serving.litert import LiteRTRecommender
    from tfrec_zoo.serving.recommender import Recommender
    from tfrec_zoo.serving.saved_model import load as load_recommender
    from tfrec_zoo.training.run_config import RunConfig
    from tfrec_zoo.training.train import train

__all__ = [
    "Dataset",
    "EvaluationReport",
    "Feature",
    "FeatureSpace",
    "Interactions",
    "Items",
    "LiteRTRecommender",
    "RankingMetrics",
    "Recommendation",
    "Recommender",
    "RunConfig",
    "Schema",
    "Split",
    "TwoTower",
    "TwoTowerConfig",
    "Users",
    "__version__",
    "cold_items_split",
    "cold_users_split",
    "create_model",
    "drop_duplicates",
    "evaluate",
    "global_time_split",
    "k_core",
    "leave_last_out",
    "list_models",
    "load_dataset",
    "load_recommender",
    "minimum_rating",
    "random_split",
    "recommend",
    "synthetic",
    "train",
]

_HOMES = {
    "data.filters": ("drop_duplicates", "k_core", "minimum_rating"),
    "data.splits": (
        "Split",
        "cold_items_split",
        "cold_users_split",
        "global_time_split",
        "leave_last_out",
        "random_split",
    ),
    "data.sources.synthetic": ("synthetic",),
    "data.tables": ("Dataset", "Interactions", "Items", "Users"),
    "evaluation.callback": ("RankingMetrics",),
    "evaluation.evaluate": ("evaluate",),
    "evaluation.recommend": ("recommend",),
    "evaluation.report": ("EvaluationReport",),
    "features.feature_space": ("FeatureSpace",),
    "models.registry": ("create_model", "list_models"),
    "models.two_tower": ("TwoTower", "TwoTowerConfig"),
    "recommendation": ("Recommendation",),
    "schema": ("Feature", "Schema"),
    "serving.litert": ("LiteRTRecommender",),
    "serving.recommender": ("Recommender",),
    "training.run_config": ("RunConfig",),
    "training.train": ("train",),
}
_HOME_OF = {name: (module, name) for module, names in _HOMES.items() for name in names} | {
    "load_dataset": ("data.load", "load"),
    "load_recommender": ("serving.saved_model", "load"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        nearest = _get_close_matches(name, __all__, n=1)
        hint = f" Did you mean: {nearest[0]!r}?" if nearest else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{hint}")
    module, original = _HOME_OF[name]
    value = getattr(_import_module(f"{__name__}.{module}"), original)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
