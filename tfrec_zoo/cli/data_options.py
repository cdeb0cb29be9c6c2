"""Which data a command reads, and how it is filtered and split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.data.filters import Filtered, drop_duplicates, k_core, minimum_rating
from tfrec_zoo.data.item_tables import read_items
from tfrec_zoo.data.load import load
from tfrec_zoo.data.reading.feature_columns import LOCATION
from tfrec_zoo.data.splits import (
    Split,
    cold_items_split,
    cold_users_split,
    global_time_split,
    leave_last_out,
    random_split,
)
from tfrec_zoo.data.tables import Dataset, Interactions, Items
from tfrec_zoo.feature_kind import named_kinds

SPLITS: dict[str, Callable[[Interactions, int], Split]] = {
    "leave_last_out": lambda interactions, seed: leave_last_out(interactions),
    "global_time": lambda interactions, seed: global_time_split(interactions),
    "random": lambda interactions, seed: random_split(interactions, test=0.2, validation=0.1, seed=seed),
    "cold_items": lambda interactions, seed: cold_items_split(interactions, seed=seed),
    "cold_users": lambda interactions, seed: cold_users_split(interactions, seed=seed),
}
"""Name -> split of the interactions under a seed."""

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


Duplicates = Literal["all", "first", "last", "error"]


@dataclass(frozen=True)
class Preparation:
    """How a table becomes a split; kept in the manifest, so that an evaluation repeats it."""

    split: str = "leave_last_out"
    """Protocol, a name of `SPLITS`."""
    minimum_rating: float | None = None
    """Rows with a lower rating are left out."""
    duplicates: Duplicates = "all"
    """Which rows of a repeated user and item stay: all, first or last; with error, none may repeat."""
    k_core: int | None = None
    """Users and items with fewer rows are left out, until none is."""
    split_seed: int = 42
    """Seed of the splits that draw."""

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError("split", self.split, SPLITS)
        if self.duplicates not in get_args(Duplicates):
            raise UnknownNameError("policy of duplicates", self.duplicates, get_args(Duplicates))

    def filter(self, interactions: Interactions) -> tuple[Interactions, list[str]]:
        """The rows that stay, and what each filter that removed some has to say."""
        filters: dict[str, Callable[[Interactions], Filtered]] = {}
        if self.minimum_rating is not None:
            filters["minimum_rating"] = partial(minimum_rating, threshold=self.minimum_rating)
        if self.duplicates != "all":
            filters["duplicates"] = partial(drop_duplicates, keep=self.duplicates)
        if self.k_core is not None:
            filters["k_core"] = partial(k_core, user_k=self.k_core, item_k=self.k_core)
        said = []
        for name, apply in filters.items():
            filtered = apply(interactions)
            interactions = filtered.interactions
            if filtered.removed_rows:
                said.append(f"{name}: {filtered}")
        return interactions, said

    def cut(self, interactions: Interactions) -> Split:
        """The split of rows that `filter` kept."""
        return SPLITS[self.split](interactions, self.split_seed)

    @classmethod
    def from_details(cls, details: dict[str, Any]) -> Preparation:
        """What a manifest tells; the defaults where it tells nothing."""
        return cls(**{field.name: details[field.name] for field in fields(cls) if field.name in details})


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
