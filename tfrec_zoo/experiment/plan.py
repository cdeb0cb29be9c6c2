"""All that decides a run, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tfrec_zoo.data.splits import Split
from tfrec_zoo.data.tables import Dataset
from tfrec_zoo.evaluation.report import EvaluationReport
from tfrec_zoo.experiment.preparation import Preparation
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.registry import get_preset
from tfrec_zoo.training.run_config import RunConfig


@dataclass(frozen=True)
class Plan:
    """All that decides a run.

    Example:
        >>> plan = Plan.from_preset("two_tower", synthetic(30, 20, 200), "runs/first", run={"epochs": 3})
        >>> plan.preparation.split, plan.run.epochs
        ('leave_last_out', 3)
    """

    model: str
    """Name in the registry of models."""
    dataset: Dataset
    """Read already."""
    output: Path
    """Folder of the export, the report and the plots; only one run at a time may use it."""
    preparation: Preparation = field(default_factory=Preparation)
    """Filters and split."""
    hyper_parameters: Mapping[str, Any] = field(default_factory=dict)
    """Those that differ from the model's defaults."""
    run: RunConfig = field(default_factory=RunConfig)
    """Options of the training."""
    content: Sequence[str] = ()
    """Item columns that the model reads."""
    profile: Sequence[str] = ()
    """User columns that the model reads."""
    keep_content: bool = True
    """Whether the catalogue's content goes into the export."""
    formats: Sequence[str] = ()
    """What the export holds beside the SavedModel, names of `tfrec_zoo.export.FORMATS`."""
    command: str = ""
    """What was typed to start it, for the report."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "output", Path(self.output))

    @classmethod
    def from_preset(
        cls,
        name: str,
        dataset: Dataset,
        output: str | Path,
        *,
        seed: int = 0,
        hyper_parameters: Mapping[str, Any] | None = None,
        run: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Self:
        """The plan of a preset with settings of one's own.

        Args:
            name: of a preset, or of a model for its defaults.
            dataset: read already.
            output: see `Plan`.
            seed: of the model and of the training.
            hyper_parameters: that differ from the preset's.
            run: options of `RunConfig` that differ from the preset's.
            **options: other fields of `Plan`.

        Raises:
            UnknownNameError: no preset and no model of that name.
            ValueError: an option out of its range.
        """
        preset = get_preset(name)
        return cls(
            model=preset.model,
            dataset=dataset,
            output=Path(output),
            hyper_parameters={"seed": seed, **preset.config_with(hyper_parameters or {})},
            run=RunConfig(**{**preset.run, "seed": seed, **(run or {})}),
            **options,
        )


@dataclass(frozen=True, eq=False)
class Run:
    """What came of a plan.

    Example:
        >>> run.report["model"]  # run: of `execute(plan)`
        'two_tower'
        >>> sorted(run.tests)  # beside the baselines
        ['ease', 'item_knn', 'popularity', 'two_tower']
    """

    report: dict[str, Any]
    """As it was written."""
    split: Split
    """Raw parts of the data."""
    features: FeatureSpace
    """Of the training part."""
    encoded: EncodedSplit
    """The parts as the model reads them."""
    model: RecommenderModel
    """Trained."""
    tests: Mapping[str, EvaluationReport]
    """On the test part: the model by its name, then the baselines."""
