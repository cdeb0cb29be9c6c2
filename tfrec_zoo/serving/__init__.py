"""Load an export and recommend.

Names are imported when first used: a device that has LiteRT alone needs no TensorFlow.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfrec_zoo.serving.litert import LiteRTRecommender
    from tfrec_zoo.serving.recommender import Recommender
    from tfrec_zoo.serving.saved_model import SavedModelRecommender, load

__all__ = ["LiteRTRecommender", "Recommender", "SavedModelRecommender", "load"]

_HOMES = {
    "LiteRTRecommender": "litert",
    "Recommender": "recommender",
    "SavedModelRecommender": "saved_model",
    "load": "saved_model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    return getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
