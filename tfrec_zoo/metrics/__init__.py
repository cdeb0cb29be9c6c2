"""Ranking metrics as plain arithmetic: from ranks, and from the recommended lists."""

from tfrec_zoo.metrics.beyond_accuracy import (
    average_popularity,
    catalogue_coverage,
    gini_index,
    self_information,
)
from tfrec_zoo.metrics.ranking import (
    average_precision,
    hit_rate,
    ndcg,
    ranking_metrics,
    recall,
    reciprocal_rank,
)

__all__ = [
    "average_popularity",
    "average_precision",
    "catalogue_coverage",
    "gini_index",
    "hit_rate",
    "ndcg",
    "ranking_metrics",
    "recall",
    "reciprocal_rank",
    "self_information",
]
