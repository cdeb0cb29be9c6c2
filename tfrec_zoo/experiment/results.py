"""A trained model beside baselines on the parts of a split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfrec_zoo._registry import Registry
from tfrec_zoo.baselines import EASE, ItemKNN, Popularity
from tfrec_zoo.baselines.baseline import Baseline
from tfrec_zoo.evaluation import EvaluationReport, evaluate
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.models.base import RecommenderModel

BASELINES: Registry[Callable[[], Baseline]] = Registry(
    "baseline", {"popularity": Popularity, "item_knn": ItemKNN, "ease": EASE}
)
"""Name -> what makes a baseline that every run is compared with."""


@dataclass(frozen=True)
class Results:
    """How a model and the baselines rank."""

    model: str
    """Name of the model among `tests`."""
    tests: Mapping[str, EvaluationReport]
    """On the test part: the model, then the baselines."""
    validation: EvaluationReport
    """Of the model."""
    other_seen_filter: EvaluationReport
    """Of the model on the test part, with seen items in the ranking where `tests` leave them out."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, as a run's report tells it."""
        test = self.tests[self.model]
        return {
            "validation": dict(self.validation.metrics),
            "test": dict(test.metrics),
            "test_intervals": {name: list(bounds) for name, bounds in test.intervals.items()},
            "test_slices": {name: asdict(group) for name, group in test.slices.items()},
            "test_other_seen_filter": dict(self.other_seen_filter.metrics),
            "baselines": {
                name: dict(found.metrics) for name, found in self.tests.items() if name != self.model
            },
        }


def evaluate_beside_baselines(
    name: str, model: RecommenderModel, encoded: EncodedSplit, exclude_seen: bool
) -> Results:
    """Rank the whole catalogue for every held-out user, by a model and by each of `BASELINES`.

    Args:
        name: of the model.
        model: trained.
        encoded: the encoded parts.
        exclude_seen: whether items of the history leave the ranking.
    """
    tests = {name: evaluate(model, encoded, exclude_seen=exclude_seen)}
    return Results(
        model=name,
        tests=tests | evaluate_baselines(encoded, exclude_seen),
        validation=evaluate(model, encoded, "validation", exclude_seen=exclude_seen, num_bootstrap=0),
        other_seen_filter=evaluate(model, encoded, exclude_seen=not exclude_seen, num_bootstrap=0),
    )


def evaluate_baselines(encoded: EncodedSplit, exclude_seen: bool) -> dict[str, EvaluationReport]:
    """The baselines that can hold the catalogue, on the test part."""
    reports = {}
    for name, make in BASELINES.items():
        baseline = make()
        limit = getattr(baseline, "max_items", None)
        if limit is not None and encoded.num_items > limit:
            continue
        baseline.fit(encoded.train, encoded.num_items)
        reports[name] = evaluate(baseline, encoded, exclude_seen=exclude_seen)
    return reports
