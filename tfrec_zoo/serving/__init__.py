"""Load an export and recommend; serve it; ask a server.

Names are imported when first used: a device that has LiteRT alone needs no TensorFlow.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfrec_zoo.serving.client import Client
    from tfrec_zoo.serving.grpc_client import GrpcClient
    from tfrec_zoo.serving.litert import LiteRTRecommender
    from tfrec_zoo.serving.recommender import Recommender
    from tfrec_zoo.serving.saved_model import SavedModelRecommender, load
    from tfrec_zoo.serving.server.app import serve
    from tfrec_zoo.serving.server.config import ServerConfig

__all__ = [
    "Client",
    "GrpcClient",
    "LiteRTRecommender",
    "Recommender",
    "SavedModelRecommender",
    "ServerConfig",
    "load",
    "serve",
]

_HOMES = {
    "Client": "client",
    "GrpcClient": "grpc_client",
    "LiteRTRecommender": "litert",
    "Recommender": "recommender",
    "SavedModelRecommender": "saved_model",
    "ServerConfig": "server.config",
    "load": "saved_model",
    "serve": "server.app",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    return getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
