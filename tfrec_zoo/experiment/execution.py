"""One run: split, features, model, training, evaluation beside baselines, export, report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras

from tfrec_zoo.data.splits import Split
from tfrec_zoo.data.tables import Dataset
from tfrec_zoo.experiment.plan import Plan, Run
from tfrec_zoo.experiment.preparation import Preparation
from tfrec_zoo.experiment.progress import EpochEvents, Progress
from tfrec_zoo.experiment.report import write_report
from tfrec_zoo.experiment.results import evaluate_beside_baselines
from tfrec_zoo.experiment.trained import Trained, check_training_folder, kept_until_exported
from tfrec_zoo.export import check_formats, check_target, export
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import RecommenderModel, create_model
from tfrec_zoo.training import RunConfig, train


def execute(plan: Plan, progress: Progress | None = None) -> Run:
    """Carry out a plan, and write export, report and plots into its folder.

    The trained model is on disk before anything is evaluated or exported; where that fails, it stays in the
    folder `training` of the output, which the error names.

    Args:
        plan: all that decides the run.
        progress: is told how it goes; nobody where left out.

    Returns:
        The report that was written, and what it is about.

    Raises:
        UnknownNameError: a model, content, profile column or format that there is not.
        DataError: data that cannot be used, an output that cannot be written to, or a package for a format
            that is not installed.
        ValueError: settings out of their range, or an export that answers otherwise than the model.
    """
    started = time.perf_counter()
    progress = progress or Progress()
    check_target(plan.output)
    check_training_folder(plan.output)
    check_formats(plan.formats)
    data = _prepare(plan, progress)
    trained = _train(plan, data, progress)
    with kept_until_exported(trained, plan.output) as folder:
        progress.trained(folder)
        found = evaluate_beside_baselines(plan.model, trained.model, data.encoded, plan.run.exclude_seen)
        progress.evaluated(found.tests)
        report = {**trained.report, **found.to_dict()}
        version = export(
            trained.model,
            data.features,
            plan.output,
            keep_content=plan.keep_content,
            formats=plan.formats,
            details=_details(report, plan.dataset, plan.preparation),
        )
        report["seconds"] = round(time.perf_counter() - started, 2)
        report["export"] = version.name
        write_report(plan.output, report, found.tests)
    progress.exported(plan.output, report)
    return Run(report, data.split, data.features, data.encoded, trained.model, found.tests)


@dataclass(frozen=True, eq=False)
class _Data:
    """A data set as the model reads it."""

    split: Split
    filtered: Sequence[str]
    features: FeatureSpace
    encoded: EncodedSplit


def _prepare(plan: Plan, progress: Progress) -> _Data:
    """Filter, split, fit the features, encode."""
    progress.data_read(plan.dataset)
    interactions, filtered = plan.preparation.filter(plan.dataset.interactions)
    progress.filtered(filtered)
    split = plan.preparation.cut(interactions)
    features = FeatureSpace.fit(
        split.train, plan.dataset.items, plan.dataset.users, content=plan.content, profile=plan.profile
    )
    described = (*features.schema.item_features, *features.schema.user_features)
    progress.columns_read({feature.name: feature.kind for feature in described})
    return _Data(split, filtered, features, features.transform(split))


def _train(plan: Plan, data: _Data, progress: Progress) -> Trained:
    """Make the model and train it."""
    run, features = plan.run, data.features
    keras.utils.set_random_seed(run.seed)
    model = create_model(plan.model, features.schema, **{"seed": run.seed, **plan.hyper_parameters})
    check_formats(plan.formats, model.profile_features)
    if features.item_features:
        model.set_content(features.item_features)
    history = train(model, data.encoded, run, callbacks=[EpochEvents(progress, run.monitor)])
    report = {
        "model": plan.model,
        "dataset": plan.dataset.name,
        "source": plan.dataset.source,
        "exclude_seen": run.exclude_seen,
        "seed": run.seed,
        **asdict(plan.preparation),
        "config": model.config.to_dict(),
        "run": _resolved(model, run),
        "history": history,
        "rejected_rows": dict(plan.dataset.rejected.by_reason),
        "filtered": data.filtered,
        "command": plan.command,
    }
    return Trained(model, features, report)


def _resolved(model: RecommenderModel, run: RunConfig) -> dict[str, Any]:
    """The options that each `fit` of the run had."""
    if model.stages:
        stages = model.training_stages()
        return {name: _resolved(stage, run.of_stage(name)) for name, stage in stages.items()}
    return run.with_defaults(model.run_defaults).to_dict()


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
