"""`tfrec-zoo train`: any model on any data."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

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
    names_of,
    read_content,
)
from tfrec_zoo.cli.settings import parse_settings
from tfrec_zoo.cli.tensorflow_noise import import_quietly
from tfrec_zoo.experiment.preparation import Duplicates, Preparation


def train(
    model: Annotated[str, typer.Argument(help="A model or a preset of `tfrec-zoo models`.")],
    dataset: DatasetOption,
    data_dir: DataDirOption = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the export; runs/MODEL where left out.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Most epochs.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE of the model or the run, as `tfrec-zoo models MODEL` lists them."
        ),
    ] = None,
    content: Annotated[str, typer.Option(help="Item columns to use: title,price,... or NAME:KIND,...")] = "",
    items: Annotated[
        Path | None,
        typer.Option(help="Table of the items (CSV, Parquet, ...) with the columns of --content."),
    ] = None,
    keep_content: Annotated[
        bool,
        typer.Option(
            "--keep-content/--drop-content",
            help="Whether titles, pictures and so on go into the export, or the item vectors alone.",
        ),
    ] = True,
    litert: Annotated[
        str, typer.Option(help="LiteRT files to write beside the SavedModel: float32,float16,int8.")
    ] = "",
    profile: Annotated[str, typer.Option(help="User columns to use: age,gender,... or NAME:KIND,...")] = "",
    split: Annotated[
        str, typer.Option(help="leave_last_out, global_time, random, cold_items or cold_users.")
    ] = "leave_last_out",
    minimum_rating: Annotated[float | None, typer.Option(help="Leave out rows with a lower rating.")] = None,
    duplicates: Annotated[
        Duplicates, typer.Option(help="Rows of a repeated user and item: all, first, last, error.")
    ] = "all",
    k_core: Annotated[int | None, typer.Option(help="Leave out users and items with fewer rows.")] = None,
    user_column: UserColumn = None,
    item_column: ItemColumn = None,
    time_column: TimeColumn = None,
    rating_column: RatingColumn = None,
    format: FormatOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Train a model, evaluate it beside baselines, and export it."""
    preparation = Preparation(split, minimum_rating, duplicates, k_core)
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.cli.progress import ConsoleProgress
    from tfrec_zoo.experiment import Plan, execute
    from tfrec_zoo.export import check_formats, check_target, litert_formats
    from tfrec_zoo.models import get_model_class, get_preset
    from tfrec_zoo.training import RunConfig

    config_class = get_model_class(get_preset(model).model).config_class
    hyper_parameters, options = parse_settings(settings or [], config_class, RunConfig)
    folder = output or Path("runs") / model
    check_target(folder)
    formats = litert_formats(names_of(litert))
    check_formats(formats)
    table = load_dataset(dataset, data_dir, user_column, item_column, time_column, rating_column, format)
    columns = names_of(content)
    if items is not None:
        table = replace(table, items=read_content(items, columns))
    plan = Plan.from_preset(
        model,
        table,
        folder,
        seed=seed,
        hyper_parameters=hyper_parameters,
        run={**({} if epochs is None else {"epochs": epochs}), **options},
        preparation=preparation,
        content=columns,
        profile=names_of(profile),
        keep_content=keep_content,
        formats=formats,
        command=shlex.join(["tfrec-zoo", *sys.argv[1:]]),
    )
    with ConsoleProgress(out) as progress:
        out.json(execute(plan, progress).report)
