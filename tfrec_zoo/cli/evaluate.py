"""`tfrec-zoo evaluate`: an export on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.data_options import (
    DataDirOption,
    DatasetOption,
    FormatOption,
    ItemColumn,
    RatingColumn,
    TimeColumn,
    UserColumn,
    load_dataset,
)
from tfrec_zoo.cli.tensorflow_noise import import_quietly


def evaluate(
    folder: Annotated[Path, typer.Argument(help="An export.", metavar="DIR")],
    dataset: DatasetOption,
    data_dir: DataDirOption = None,
    exclude_seen: Annotated[
        bool,
        typer.Option("--exclude-seen/--include-seen", help="Whether items of the history leave the ranking."),
    ] = True,
    user_column: UserColumn = None,
    item_column: ItemColumn = None,
    time_column: TimeColumn = None,
    rating_column: RatingColumn = None,
    format: FormatOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the metrics as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Rank the whole catalogue for every held-out user, with the split that the model was trained on."""
    read_manifest(folder)
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.cli.table_of_metrics import show_reports
    from tfrec_zoo.evaluation import evaluate as rank
    from tfrec_zoo.experiment import encode_for_export
    from tfrec_zoo.export import open_export

    saved = open_export(folder)
    table = load_dataset(dataset, data_dir, user_column, item_column, time_column, rating_column, format)
    encoded = encode_for_export(saved, table)
    reports = {
        part: rank(saved.model, encoded, part, exclude_seen=exclude_seen) for part in ("validation", "test")
    }
    for report in reports.values():
        show_reports(out, {saved.manifest.model: report})
    out.json(
        {
            "model": saved.manifest.model,
            "dataset": table.name,
            "split": reports["test"].split,
            "exclude_seen": exclude_seen,
            "validation": dict(reports["validation"].metrics),
            "test": dict(reports["test"].metrics),
            "test_intervals": {name: list(bounds) for name, bounds in reports["test"].intervals.items()},
            "unknown_targets": reports["test"].unknown_targets,
            "seen_targets": reports["test"].seen_targets,
            "num_users": reports["test"].num_users,
        }
    )
