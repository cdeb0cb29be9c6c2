"""One run: split, features, model, training, evaluation beside baselines, export, report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras

from tfrec_zoo._files import write_text
from tfrec_zoo.baselines import EASE, ItemKNN, Popularity
from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.data_options import Preparation
from tfrec_zoo.cli.progress import TrainingProgress
from tfrec_zoo.data.splits import Split
from tfrec_zoo.data.tables import Dataset
from tfrec_zoo.evaluation import EvaluationReport, evaluate, plot_comparison, plot_training
from tfrec_zoo.export import export
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import RecommenderModel, TwoStage, create_model
from tfrec_zoo.training import RunConfig, train

REPORT_FILE = "report.json"
TRAINING_PLOT = "training.png"
COMPARISON_PLOT = "comparison.png"
SHOWN = ("hr@10", "ndcg@10", "hr@100", "coverage@10")
_BASELINES: tuple[Callable[[], Any], ...] = (Popularity, ItemKNN, EASE)


@dataclass(frozen=True)
class Plan:
    """All that decides a run."""

    model: str
    dataset: Dataset
    output: Path
    preparation: Preparation = field(default_factory=Preparation)
    hyper_parameters: Mapping[str, Any] = field(default_factory=dict)
    run: RunConfig = field(default_factory=RunConfig)
    content: Sequence[str] = ()
    profile: Sequence[str] = ()
    keep_content: bool = True
    litert: Sequence[str] = ()
    command: str = ""


@dataclass(frozen=True)
class Run:
    """What came of it."""

    report: dict[str, Any]
    split: Split
    features: FeatureSpace
    encoded: EncodedSplit


def execute(plan: Plan, output: Output) -> Run:
    """Carry out a plan, and write export, report and plots into its folder."""
    started = time.perf_counter()
    dataset, run = plan.dataset, plan.run
    output.say(f"{dataset.interactions!r} from {dataset.source}")
    if dataset.rejected.total:
        output.say(str(dataset.rejected))
    if dataset.interactions.timestamp is None:
        output.say("No times were read: the order of the rows is taken as the order in time.")
    interactions, filtered = plan.preparation.filter(dataset.interactions)
    for line in filtered:
        output.say(line)
    split = plan.preparation.cut(interactions)
    features = FeatureSpace.fit(
        split.train, dataset.items, dataset.users, content=plan.content, profile=plan.profile
    )
    encoded = features.transform(split)
    keras.utils.set_random_seed(run.seed)
    model = create_model(plan.model, features.schema, **{"seed": run.seed, **plan.hyper_parameters})
    if features.item_features:
        model.set_content(features.item_features)
    with output.progress() as progress:
        bar = TrainingProgress(progress, run.monitor)
        history = train(model, encoded, run, callbacks=[bar])
    tests = {plan.model: evaluate(model, encoded, exclude_seen=run.exclude_seen)}
    tests |= _baselines(encoded, run.exclude_seen)
    validation = evaluate(model, encoded, "validation", exclude_seen=run.exclude_seen, num_bootstrap=0)
    seen_in = evaluate(model, encoded, exclude_seen=not run.exclude_seen, num_bootstrap=0)
    report = {
        "model": plan.model,
        "dataset": dataset.name,
        "source": dataset.source,
        "exclude_seen": run.exclude_seen,
        "seed": run.seed,
        **asdict(plan.preparation),
        "validation": dict(validation.metrics),
        "test": dict(tests[plan.model].metrics),
        "test_intervals": {name: list(bounds) for name, bounds in tests[plan.model].intervals.items()},
        "test_slices": {name: asdict(group) for name, group in tests[plan.model].slices.items()},
        "test_other_seen_filter": dict(seen_in.metrics),
        "baselines": {name: dict(found.metrics) for name, found in tests.items() if name != plan.model},
        "config": model.config.to_dict(),
        "run": _resolved(model, run),
        "history": history,
        "rejected_rows": dict(dataset.rejected.by_reason),
        "filtered": filtered,
        "command": plan.command,
    }
    details = _details(report, dataset, plan.preparation)
    folder = export(
        model, features, plan.output, keep_content=plan.keep_content, litert=plan.litert, details=details
    )
    report["seconds"] = round(time.perf_counter() - started, 2)
    report["export"] = folder.name
    write_text(plan.output / REPORT_FILE, json.dumps(report, indent=1) + "\n")
    plot_training(history, plan.output / TRAINING_PLOT)
    plot_comparison(tests, path=plan.output / COMPARISON_PLOT)
    show_reports(output, tests)
    output.say(f"Wrote {plan.output} in {report['seconds']:.0f} s: the export, {REPORT_FILE}, two plots.")
    return Run(report, split, features, encoded)


def _resolved(model: RecommenderModel, run: RunConfig) -> dict[str, Any]:
    """The options that each `fit` of the run had."""
    if isinstance(model, TwoStage):
        return {
            model.retriever.name: _resolved(model.retriever, run.of_retriever()),
            model.ranker.name: _resolved(model.ranker, run.of_ranker()),
        }
    return run.with_defaults(model.run_defaults).to_dict()


def show_reports(output: Output, reports: Mapping[str, EvaluationReport]) -> None:
    """A row a model, with the 95 % interval of the first metric."""
    first = next(iter(reports.values()))
    seen = "seen items out" if first.exclude_seen else "seen items in"
    ranked = f"{first.num_users:,} users, {first.num_candidates:,} items ranked"
    title = f"{first.split}, {first.part}: {ranked}, {seen}"
    rows = []
    for name, report in reports.items():
        low, high = report.intervals.get(SHOWN[0], (float("nan"), float("nan")))
        rows.append(
            [
                name,
                *(report.metrics.get(metric, float("nan")) for metric in SHOWN),
                f"{low:.4f} to {high:.4f}",
            ]
        )
    output.table(title, ["model", *SHOWN, f"{SHOWN[0]}, 95 %"], rows)
    for count, why in (
        (first.unknown_targets, "are outside the catalogue"),
        (first.seen_targets, "were met before and left the ranking (--set exclude_seen=false keeps them)"),
    ):
        if count:
            output.say(f"{count:,} of {first.num_targets:,} targets {why}: each counts as a miss.")


def _baselines(encoded: EncodedSplit, exclude_seen: bool) -> dict[str, EvaluationReport]:
    """The baselines that can hold the catalogue."""
    reports = {}
    for make in _BASELINES:
        baseline = make()
        if isinstance(baseline, EASE) and encoded.num_items > baseline.max_items:
            continue
        baseline.fit(encoded.train, encoded.num_items)
        reports[baseline.name] = evaluate(baseline, encoded, exclude_seen=exclude_seen)
    return reports


def _details(report: Mapping[str, Any], dataset: Dataset, preparation: Preparation) -> dict[str, Any]:
    """What manifest and model card tell of the run."""
    kept = ("dataset", "exclude_seen", "seed", "run", "command")
    return {
        **{name: report[name] for name in kept},
        **asdict(preparation),
        "licence of the data": dataset.licence,
        "citation of the data": dataset.citation,
        "metrics": {"validation": report["validation"], "test": report["test"]},
    }
