"""What a run reports while it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from tfrec_zoo.data.tables import Dataset
from tfrec_zoo.evaluation.report import EvaluationReport


class Progress:
    """Listens to a run. This one is silent; a subclass prints or keeps what it likes.

    Example:
        >>> class Losses(Progress):
        ...     def epoch_ends(self, logs):
        ...         print(f"loss {logs['loss']:.1f}")
        >>> Losses().epoch_ends({"loss": 2.34})  # `execute(plan, Losses())` calls it so
        loss 2.3
    """

    def data_read(self, dataset: Dataset) -> None:
        """The run begins with this data."""

    def filtered(self, removals: Sequence[str]) -> None:
        """Each filter that removed rows has a line."""

    def columns_read(self, kinds: Mapping[str, str]) -> None:
        """These columns of items and users are read, each as a feature of this kind."""

    def fit_begins(self, epochs: int, monitor: str) -> None:
        """A `fit` of at most so many epochs begins; its best epoch has the best "val_MONITOR"."""

    def epoch_ends(self, logs: Mapping[str, Any]) -> None:
        """An epoch ended with these figures: "loss", "val_ndcg@10" and so on."""

    def trained(self, folder: Path) -> None:
        """The trained model is on disk in this folder, until its export is."""

    def evaluated(self, reports: Mapping[str, EvaluationReport]) -> None:
        """The model and the baselines were ranked on the test part."""

    def exported(self, folder: Path, report: Mapping[str, Any]) -> None:
        """Export, report and plots are in this folder; the run ends."""


class EpochEvents(keras.callbacks.Callback):
    """Hands the events of a `fit` on."""

    def __init__(self, progress: Progress, monitor: str) -> None:
        super().__init__()
        self._progress = progress
        self._monitor = monitor

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A `fit` begins."""
        self._progress.fit_begins(self.params["epochs"], self._monitor)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """One epoch further."""
        self._progress.epoch_ends(logs or {})
