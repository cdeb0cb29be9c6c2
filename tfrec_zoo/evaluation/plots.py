"""Pictures of a training run and of a comparison, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo._files import written_whole
from tfrec_zoo.evaluation.report import EvaluationReport
from tfrec_zoo.metrics.registry import higher_is_better

_DPI = 144
_ROW_HEIGHT = 0.34


def plot_training(history: Mapping[str, Sequence[float]], path: str | Path) -> None:
    """Draw the loss and the validation metrics against the epoch.

    Args:
        history: `History.history` of a fit: "loss", perhaps "val_loss", and "val_..." metrics.
        path: PNG file to write; its folder must exist. A reader never sees half of it.

    Raises:
        ValueError: no "loss" in the history.
    """
    require("loss" in history, '`history` must hold "loss".', sorted(history))
    losses = [name for name in ("loss", "val_loss") if name in history]
    metrics = [name for name in history if name.startswith("val_") and name != "val_loss"]
    panels = [("loss", losses)] + ([("validation", metrics)] if metrics else [])
    figure = Figure(figsize=(5.2 * len(panels), 3.8), layout="constrained")
    for axes, (title, names) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for name in names:
            _draw_curve(axes, history[name], _label(name, title))
            if title == "validation":
                _mark_best(axes, name.removeprefix("val_"), history[name])
        axes.set_title(title, loc="left")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlim(0.5, max(len(history[name]) for name in names) + 0.5)
        axes.grid(alpha=0.3)
        axes.margins(y=0.12)
        if names is metrics:
            axes.set_ylim(bottom=0)
        axes.legend(loc="best", frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def plot_comparison(
    rows: Mapping[str, EvaluationReport],
    metrics: Sequence[str] = ("hr@10", "ndcg@10"),
    *,
    path: str | Path,
) -> None:
    """Draw one bar per model and metric, with the 95 % interval where the report has one.

    Args:
        rows: name to show -> report; the first one is at the top and in a stronger colour.
        metrics: a panel each.
        path: PNG file to write; its folder must exist. A reader never sees half of it.

    Raises:
        ValueError: no rows or no metrics, or reports that differ in part, split or seen filter.
        UnknownNameError: a metric that a report does not have.
    """
    require(bool(rows) and bool(metrics), "`rows` and `metrics` must not be empty.", (list(rows), metrics))
    for report in rows.values():
        for metric in metrics:
            if metric not in report.metrics:
                raise UnknownNameError("metric", metric, report.metrics)
    protocols = {(report.part, report.split, report.exclude_seen) for report in rows.values()}
    require(len(protocols) == 1, "`rows` must have been evaluated alike (part, split, seen).", protocols)
    size = (1.6 + 3.6 * len(metrics), 1.3 + _ROW_HEIGHT * len(rows))
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(wspace=0.06))
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        _draw_bars(axes, rows, metric)
    panels[0].set_yticks(range(len(rows)), list(rows))
    panels[0].invert_yaxis()
    ((part, split, exclude_seen),) = protocols
    seen = "left out" if exclude_seen else "left in"
    figure.suptitle(f"{part}, {split}, seen items {seen}", fontsize=10)
    _write(figure, path)


def _draw_curve(axes: Any, values: Sequence[float], label: str) -> None:
    epochs = np.arange(1, len(values) + 1)
    axes.plot(epochs, values, label=label, marker="." if len(values) <= 30 else None)


def _mark_best(axes: Any, metric: str, values: Sequence[float]) -> None:
    """A ring and the value at the best epoch of the curve that was drawn last."""
    best = int(np.nanargmax(values) if higher_is_better(metric) else np.nanargmin(values))
    color = axes.lines[-1].get_color()
    axes.plot(best + 1, values[best], "o", color=color, markersize=7, fillstyle="none")
    axes.annotate(
        f"{values[best]:.4f}",
        (best + 1, values[best]),
        xytext=(0, 7),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=color,
    )


def _draw_bars(axes: Any, rows: Mapping[str, EvaluationReport], metric: str) -> None:
    values = np.array([report.metrics[metric] for report in rows.values()])
    bounds = np.array([report.intervals.get(metric, (np.nan, np.nan)) for report in rows.values()])
    # A percentile interval may lie wholly on one side of a skewed estimate; a bar has no negative whisker.
    whiskers = np.maximum(np.stack([values - bounds[:, 0], bounds[:, 1] - values]), 0)
    ends = values + np.nan_to_num(whiskers[1])
    places = np.arange(len(rows))
    colours = ["#1f77b4"] + ["#9db4c8"] * (len(rows) - 1)
    axes.barh(places, values, xerr=whiskers, color=colours, capsize=3, error_kw={"elinewidth": 1})
    for place, value, end in zip(places, values, ends, strict=True):
        axes.annotate(
            f"{value:.4f}",
            (end, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axes.set_xlim(0, max(float(ends.max()), 1e-9) * 1.28)
    axes.set_title(metric.upper(), loc="left", fontsize=11)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _label(name: str, title: str) -> str:
    if title == "loss":
        return "validation" if name == "val_loss" else "training"
    return name.removeprefix("val_").upper()


def _write(figure: Figure, path: str | Path) -> None:
    with written_whole(Path(path)) as file:
        FigureCanvasAgg(figure)
        figure.savefig(file, format="png", dpi=_DPI)
