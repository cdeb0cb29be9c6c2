"""Which data a command reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tfrec_zoo.data.item_tables import read_items
from tfrec_zoo.data.load import load
from tfrec_zoo.data.reading.feature_columns import LOCATION
from tfrec_zoo.data.tables import Dataset, Items
from tfrec_zoo.feature_kind import named_kinds

DatasetOption = Annotated[
    str, typer.Option("--dataset", help="A name such as movielens/100k, or a path to a file or folder.")
]
DataDirOption = Annotated[
    str | None, typer.Option("--data-dir", help="Folder that holds the data set's files.")
]
UserColumn = Annotated[str | None, typer.Option(help="Column of the users' ids, by name or position.")]
ItemColumn = Annotated[str | None, typer.Option(help="Column of the items' ids, by name or position.")]
TimeColumn = Annotated[str | None, typer.Option(help="Column of the times, by name or position.")]
RatingColumn = Annotated[str | None, typer.Option(help="Column of the ratings, by name or position.")]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="csv, tsv, parquet, jsonl, pairs or sequences; guessed where left out."),
]


def load_dataset(
    spec: str,
    data_dir: str | None,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    rating_column: str | None = None,
    format: str | None = None,
) -> Dataset:
    """The data set of a command's options; only options that were given are passed on."""
    given: dict[str, Any] = {
        "user_column": user_column,
        "item_column": item_column,
        "time_column": time_column,
        "rating_column": rating_column,
        "format": format,
    }
    return load(spec, data_dir, **{name: value for name, value in given.items() if value is not None})


def read_content(path: Path, columns: Sequence[str] | Mapping[str, str]) -> Items:
    """The items' table with the named columns, NAME or NAME:KIND each, or name -> kind."""
    places = None if LOCATION in named_kinds(columns) else ()
    return read_items(path, columns=columns, location_columns=places)


def names_of(text: str) -> list[str]:
    """NAME,NAME,... as a list."""
    return [name.strip() for name in text.split(",") if name.strip()]
