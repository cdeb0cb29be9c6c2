"""Full-catalogue evaluation, recommendation, reports and plots.

`RankingMetrics` and the plots are imported when first asked for: they need Keras and Matplotlib, which
evaluating a baseline does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tfrec_zoo.evaluation.evaluate import evaluate
from tfrec_zoo.evaluation.ranks import TargetRanks, target_ranks
from tfrec_zoo.evaluation.recommend import recommend, recommend_indices
from tfrec_zoo.evaluation.report import EvaluationReport, Slice
from tfrec_zoo.evaluation.scorer import ScoreFunction, Scorer
from tfrec_zoo.evaluation.top_k import TopK, top_k
from tfrec_zoo.recommendation import Recommendation

if TYPE_CHECKING:
    from tfrec_zoo.evaluation.callback import RankingMetrics
    from tfrec_zoo.evaluation.plots import plot_comparison, plot_training

__all__ = [
    "EvaluationReport",
    "RankingMetrics",
    "Recommendation",
    "ScoreFunction",
    "Scorer",
    "Slice",
    "TargetRanks",
    "TopK",
    "evaluate",
    "plot_comparison",
    "plot_training",
    "recommend",
    "recommend_indices",
    "target_ranks",
    "top_k",
]

_ON_DEMAND = {"RankingMetrics": "callback", "plot_comparison": "plots", "plot_training": "plots"}


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        return getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
