"""Which data a command reads, and how it is filtered and split."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.data.filters import k_core, minimum_rating
from tfrec_zoo.data.load import load
from tfrec_zoo.data.splits import Split, global_time_split, leave_last_out, random_split
from tfrec_zoo.data.tables import Dataset, Interactions

SPLITS = ("leave_last_out", "global_time", "random")

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


@dataclass(frozen=True)
class Preparation:
    """How a table becomes a split; kept in the manifest, so that an evaluation repeats it."""

    split: str = "leave_last_out"
    """Protocol: leave_last_out, global_time or random."""
    minimum_rating: float | None = None
    """Rows with a lower rating are left out."""
    k_core: int | None = None
    """Users and items with fewer rows are left out, until none is."""
    split_seed: int = 42
    """Seed of a random split."""

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError("split", self.split, SPLITS)

    def apply(self, interactions: Interactions) -> Split:
        """Filter and split."""
        if self.minimum_rating is not None:
            interactions = minimum_rating(interactions, self.minimum_rating).interactions
        if self.k_core is not None:
            interactions = k_core(interactions, self.k_core, self.k_core).interactions
        if self.split == "random":
            return random_split(interactions, test=0.2, validation=0.1, seed=self.split_seed)
        return (
            global_time_split(interactions) if self.split == "global_time" else leave_last_out(interactions)
        )

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
