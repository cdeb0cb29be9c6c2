"""`tfrec-zoo evaluate`: an export on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfrec_zoo.bundle import check_files, read_manifest
from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.data_options import (
    DataDirOption,
    DatasetOption,
    FormatOption,
    ItemColumn,
    Preparation,
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
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    out = Output(json, quiet)
    import_quietly()
    import keras

    import tfrec_zoo.models  # noqa: F401  registers the classes that a .keras file names
    from tfrec_zoo.cli.run import show_reports
    from tfrec_zoo.evaluation import evaluate as rank
    from tfrec_zoo.features import FeatureSpace

    features = FeatureSpace.load(manifest.features_folder(folder))
    table = load_dataset(dataset, data_dir, user_column, item_column, time_column, rating_column, format)
    preparation = Preparation.from_details(manifest.details)
    split = preparation.cut(preparation.filter(table.interactions)[0])
    if table.users is not None and features.user_transforms:
        features = features.with_users(table.users)
    encoded = features.transform(split)
    model = keras.saving.load_model(manifest.model_file(folder))
    reports = {part: rank(model, encoded, part, exclude_seen=exclude_seen) for part in ("validation", "test")}
    for report in reports.values():
        show_reports(out, {manifest.model: report})
    out.json(
        {
            "model": manifest.model,
            "dataset": table.name,
            "split": split.name,
            "exclude_seen": exclude_seen,
            "validation": dict(reports["validation"].metrics),
            "test": dict(reports["test"].metrics),
            "test_intervals": {name: list(bounds) for name, bounds in reports["test"].intervals.items()},
            "unknown_targets": reports["test"].unknown_targets,
            "seen_targets": reports["test"].seen_targets,
            "num_users": reports["test"].num_users,
        }
    )
