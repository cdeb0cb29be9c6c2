"""A bar a training run."""

from __future__ import annotations

from typing import Any

import keras
from rich.progress import Progress


class TrainingProgress(keras.callbacks.Callback):
    """A progress bar a `fit`, moved by an epoch, with the loss and the validation metric beside it."""

    def __init__(self, progress: Progress, monitor: str) -> None:
        super().__init__()
        self._progress = progress
        self._monitor = f"val_{monitor}"

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Draw a new bar."""
        self._task = self._progress.add_task("epochs", total=self.params["epochs"], status="")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """One epoch further."""
        logs = logs or {}
        shown = [f"{name} {logs[name]:.4f}" for name in ("loss", self._monitor) if name in logs]
        self._progress.update(self._task, advance=1, status=", ".join(shown))
