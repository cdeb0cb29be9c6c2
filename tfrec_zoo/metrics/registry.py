"""The tables of metrics, and their names with a list length: "hr@10"."""

from __future__ import annotations

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo._registry import Registry
from tfrec_zoo.metrics.calibration import Calibration
from tfrec_zoo.metrics.diversity import Diversity
from tfrec_zoo.metrics.exposure import Coverage, Gini
from tfrec_zoo.metrics.list_metric import ListMetric
from tfrec_zoo.metrics.popularity import AveragePopularity, Novelty
from tfrec_zoo.metrics.ranking import RANK_METRICS
from tfrec_zoo.metrics.serendipity import Serendipity

LIST_METRICS: Registry[ListMetric] = Registry(
    "metric of lists",
    {
        "novelty": Novelty(),
        "popularity": AveragePopularity(),
        "coverage": Coverage(),
        "gini": Gini(),
        "diversity": Diversity(),
        "serendipity": Serendipity(),
        "calibration": Calibration(),
    },
    instance_of=ListMetric,
)
"""Short name -> metric of what the recommended lists are like."""


def name_and_length(metric: str) -> tuple[str, int]:
    """The name and the list length of "hr@10" and so on.

    Raises:
        UnknownNameError: a name of neither table.
        ValueError: no list length.
    """
    name, _, k = metric.partition("@")
    known = {*RANK_METRICS, *LIST_METRICS}
    if name not in known:
        raise UnknownNameError("metric", metric, [f"{other}@K" for other in known])
    require(k.isdecimal() and int(k) >= 1, "A metric must name its list length, e.g. 'hr@10'.", metric)
    return name, int(k)


def higher_is_better(metric: str) -> bool:
    """Whether "hr@10" and so on is the better the higher it is; what no table knows is."""
    name = metric.partition("@")[0]
    found = RANK_METRICS.get(name) or LIST_METRICS.get(name)
    return found is None or found.higher_is_better
