"""A run on the terminal: its words, and a bar for each `fit`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.table_of_metrics import show_reports
from tfrec_zoo.data.tables import Dataset
from tfrec_zoo.evaluation.report import EvaluationReport
from tfrec_zoo.experiment.progress import Progress
from tfrec_zoo.experiment.report import REPORT_FILE


class ConsoleProgress(Progress):
    """Prints how a run goes; in a `with` block, it takes the bars down when the run fails."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bars = output.progress()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars.live.is_started:
            self._bars.stop()
        if isinstance(error, KeyboardInterrupt):  # of which nothing else is shown
            sys.stderr.writelines(f"{note}\n" for note in getattr(error, "__notes__", ()))

    def data_read(self, dataset: Dataset) -> None:
        """What was read, and what was not."""
        self._output.say(f"{dataset.interactions!r} from {dataset.source}")
        if dataset.rejected.total:
            self._output.say(str(dataset.rejected))
        if dataset.interactions.timestamp is None:
            self._output.say("No times were read: the order of the rows is taken as the order in time.")

    def filtered(self, removals: Sequence[str]) -> None:
        """A line for each filter."""
        for line in removals:
            self._output.say(line)

    def columns_read(self, kinds: Mapping[str, str]) -> None:
        """Which kind each column was taken for, since kinds are guessed where none is said."""
        if kinds:
            told = ", ".join(f"{name} as {kind}" for name, kind in kinds.items())
            self._output.say(f"Columns read: {told}. NAME:KIND says another kind.")

    def fit_begins(self, epochs: int, monitor: str) -> None:
        """Draw a new bar, moved by an epoch."""
        self._monitor = f"val_{monitor}"
        self._bars.start()
        self._task = self._bars.add_task("epochs", total=epochs, status="")

    def epoch_ends(self, logs: Mapping[str, Any]) -> None:
        """One epoch further, with the loss and the validation metric beside the bar."""
        shown = [f"{name} {logs[name]:.4f}" for name in ("loss", self._monitor) if name in logs]
        self._bars.update(self._task, advance=1, status=", ".join(shown))

    def trained(self, folder: Path) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def evaluated(self, reports: Mapping[str, EvaluationReport]) -> None:
        """The table of the model beside baselines."""
        show_reports(self._output, reports)

    def exported(self, folder: Path, report: Mapping[str, Any]) -> None:
        """Where it all is."""
        self._output.say(
            f"Wrote {folder} in {report['seconds']:.0f} s: the export, {REPORT_FILE}, two plots."
        )
