"""What decides a run and carries it out: data, training, evaluation beside baselines, export, report.

`execute` and what it needs are imported when first asked for: they load TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tfrec_zoo.experiment.preparation import SPLITS, Duplicates, Preparation

if TYPE_CHECKING:
    from tfrec_zoo.experiment.execution import execute
    from tfrec_zoo.experiment.plan import Plan, Run
    from tfrec_zoo.experiment.progress import Progress
    from tfrec_zoo.experiment.repetition import encode_for_export
    from tfrec_zoo.experiment.results import BASELINES
    from tfrec_zoo.experiment.trained import Trained, load_trained

__all__ = [
    "BASELINES",
    "SPLITS",
    "Duplicates",
    "Plan",
    "Preparation",
    "Progress",
    "Run",
    "Trained",
    "encode_for_export",
    "execute",
    "load_trained",
]

_ON_DEMAND = {
    "BASELINES": "results",
    "Plan": "plan",
    "Progress": "progress",
    "Run": "plan",
    "Trained": "trained",
    "encode_for_export": "repetition",
    "execute": "execution",
    "load_trained": "trained",
}


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        return getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
