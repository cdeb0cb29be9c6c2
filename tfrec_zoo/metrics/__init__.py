"""Ranking metrics as plain arithmetic: from ranks, and from the recommended lists."""

from tfrec_zoo.metrics.calibration import Calibration, miscalibration
from tfrec_zoo.metrics.diversity import intra_list_diversity
from tfrec_zoo.metrics.exposure import catalogue_coverage, gini_index
from tfrec_zoo.metrics.list_metric import ItemsOfUsers, ListMetric, RecommendedLists, UserValues
from tfrec_zoo.metrics.popularity import average_popularity, self_information
from tfrec_zoo.metrics.ranking import (
    RANK_METRICS,
    RankMetric,
    average_precision,
    hit_rate,
    ndcg,
    ranking_metrics,
    recall,
    reciprocal_rank,
)
from tfrec_zoo.metrics.registry import LIST_METRICS, higher_is_better
from tfrec_zoo.metrics.serendipity import serendipitous_share

__all__ = [
    "LIST_METRICS",
    "RANK_METRICS",
    "Calibration",
    "ItemsOfUsers",
    "ListMetric",
    "RankMetric",
    "RecommendedLists",
    "UserValues",
    "average_popularity",
    "average_precision",
    "catalogue_coverage",
    "gini_index",
    "higher_is_better",
    "hit_rate",
    "intra_list_diversity",
    "miscalibration",
    "ndcg",
    "ranking_metrics",
    "recall",
    "reciprocal_rank",
    "self_information",
    "serendipitous_share",
]
