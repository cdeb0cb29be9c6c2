"""How a table becomes a split: filters, then a protocol by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, get_args

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo._registry import Registry
from tfrec_zoo.data.filters import Filtered, drop_duplicates, k_core, minimum_rating
from tfrec_zoo.data.splits import (
    Split,
    cold_items_split,
    cold_users_split,
    global_time_split,
    leave_last_out,
    random_split,
)
from tfrec_zoo.data.tables import Interactions

SPLITS: Registry[Callable[[Interactions, int], Split]] = Registry(
    "split",
    {
        "leave_last_out": lambda interactions, seed: leave_last_out(interactions),
        "global_time": lambda interactions, seed: global_time_split(interactions),
        "random": lambda interactions, seed: random_split(interactions, test=0.2, validation=0.1, seed=seed),
        "cold_items": lambda interactions, seed: cold_items_split(interactions, seed=seed),
        "cold_users": lambda interactions, seed: cold_users_split(interactions, seed=seed),
    },
)
"""Name -> split of the interactions under a seed."""

Duplicates = Literal["all", "first", "last", "error"]


@dataclass(frozen=True)
class Preparation:
    """How a table becomes a split; kept in the manifest, so that an evaluation repeats it.

    Example:
        >>> preparation = Preparation(minimum_rating=4)
        >>> liked, said = preparation.filter(Interactions(["ann"] * 4, list("abcd"), rating=[5, 1, 4, 4]))
        >>> preparation.cut(liked).test.item_id.tolist()
        ['d']
    """

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
        SPLITS.find(self.split)
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
        return SPLITS.find(self.split)(interactions, self.split_seed)

    @classmethod
    def from_details(cls, details: dict[str, Any]) -> Preparation:
        """What a manifest tells; the defaults where it tells nothing."""
        return cls(**{field.name: details[field.name] for field in fields(cls) if field.name in details})
