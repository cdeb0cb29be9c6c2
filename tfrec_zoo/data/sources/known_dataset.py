"""What `load` must know of a data set that has a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tfrec_zoo._errors import require
from tfrec_zoo.data.tables import Dataset

Fetch: TypeAlias = Callable[[Path, float], Dataset]
"""Fetches and reads a data set, given an empty folder to work in and the seconds without a sign of life after
which it gives up; it raises DataError or OSError where its source does not answer."""


@dataclass(frozen=True)
class PublishedLayout:
    """How the files of a publisher are recognised, and read whichever release they are of.

    Example:
        >>> def read_orders(folder):
        ...     return load_dataset(folder / "orders.csv")
        >>> PublishedLayout(read_orders, files=("orders.csv",))
        PublishedLayout(files=('orders.csv',), endings=(), stands_alone=False)
    """

    read: Callable[[Path], Dataset] = field(repr=False)
    """Reads them from a folder, an archive or, where one may stand alone, a file."""
    files: tuple[str, ...] = ()
    """Names of which one in a folder or an archive is enough."""
    endings: tuple[str, ...] = ()
    """Ends of names of which one in a folder is enough, if nothing there is of another layout's `files`."""
    stands_alone: bool = False
    """Whether one of `files` by itself is enough too."""


@dataclass(frozen=True)
class KnownDataset:
    """One data set that has a name: it is read, from files that are there or fetched, or it is drawn.

    Example:
        >>> from tfrec_zoo.data.files import read_interactions
        >>> from tfrec_zoo.data.sources.known import DATASETS
        >>> def read_shop(path):
        ...     return read_interactions(path / "orders.tsv", name="shop/2024")
        >>> layout = PublishedLayout(read_shop, files=("orders.tsv",))
        >>> shop = KnownDataset("9 users, 5 items", "ours", read_shop, "ask the shop", layout=layout)
        >>> DATASETS.register("shop/2024", shop)
        >>> DATASETS["shop/2024"].routes
        ('folder',)
        >>> DATASETS.unregister("shop/2024")

    Raises:
        ValueError: neither `read` nor `draw` or both, or files without a word on how to get them.
    """

    size: str
    """Users, items of the catalogue and interactions, in words."""
    licence: str
    read: Callable[[Path], Dataset] | None = field(default=None, repr=False)
    """Reads it from a folder or an archive."""
    by_hand: str = field(default="", repr=False)
    """How to get the files, for messages."""
    places: tuple[str, ...] = ()
    """Usual names of its folder or archive, beside its own name."""
    fetch: Mapping[str, Fetch] = field(default_factory=dict, repr=False)
    """Name of a route -> what fetches it that way, in the order of trying; what was fetched is cached."""
    layout: PublishedLayout | None = field(default=None, repr=False)
    """Its publisher's, by which a folder or an archive without a name is recognised."""
    draw: Callable[[], Dataset] | None = field(default=None, repr=False)
    """Makes it up, without any file."""

    def __post_init__(self) -> None:
        require(
            (self.read is None) != (self.draw is None),
            "A known data set must have either `read` or `draw`.",
            self,
        )
        require(
            self.read is None or bool(self.by_hand),
            "A known data set that is read must say in `by_hand` how to get its files.",
            self,
        )

    @property
    def routes(self) -> tuple[str, ...]:
        """Where it can come from, in the order of trying."""
        if self.draw is not None:
            return ("drawn",)
        return ("folder", "cache", *self.fetch) if self.fetch else ("folder",)
