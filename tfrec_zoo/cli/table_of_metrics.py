"""Tables of metrics."""

from __future__ import annotations

from collections.abc import Mapping

from tfrec_zoo.cli.console import Output
from tfrec_zoo.evaluation.report import EvaluationReport

SHOWN = ("hr@10", "ndcg@10", "hr@100", "coverage@10")


def show_reports(output: Output, reports: Mapping[str, EvaluationReport]) -> None:
    """A row for each model, with the 95 % interval of the first metric."""
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
        (
            first.seen_targets,
            "were met before and left the ranking (--include-seen, or in training --set "
            "exclude_seen=false, keeps them)",
        ),
    ):
        if count:
            output.say(f"{count:,} of {first.num_targets:,} targets {why}: each counts as a miss.")
