"""The files that tell of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfrec_zoo._files import write_text
from tfrec_zoo.evaluation import EvaluationReport, plot_comparison, plot_training

REPORT_FILE = "report.json"
TRAINING_PLOT = "training.png"
COMPARISON_PLOT = "comparison.png"


def write_report(folder: Path, report: Mapping[str, Any], tests: Mapping[str, EvaluationReport]) -> None:
    """Write the report and its plots into a run's folder.

    Args:
        folder: that the export is in.
        report: JSON-ready, with the "history" of the training.
        tests: what to compare, the model first.
    """
    write_text(folder / REPORT_FILE, json.dumps(report, indent=1) + "\n")
    plot_training(report["history"], folder / TRAINING_PLOT)
    plot_comparison(tests, path=folder / COMPARISON_PLOT)
