"""Interactions as integer arrays, user by user: what pipelines, baselines and evaluation read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo.data.grouping import grouped_order
from tfrec_zoo.data.splits import Candidates
from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class EncodedInteractions:
    """Each user's items, oldest first, as one flat array with row splits (compressed sparse rows).

    All parts of one split share the user axis: row u is the same user everywhere.

    Example:
        >>> import numpy as np
        >>> known = EncodedInteractions(
        ...     user_index=np.array([2, 3]), row_splits=np.array([0, 3, 4]), item_index=np.array([5, 6, 7, 5])
        ... )
        >>> known.history(np.array([0, 1]), max_length=2).tolist()
        [[6, 7], [0, 5]]
    """

    user_index: npt.NDArray[np.int32]
    """Index in the user vocabulary, [U]; OOV for users that the training data does not hold."""
    row_splits: npt.NDArray[np.int64]
    """User u owns the positions row_splits[u]:row_splits[u + 1], [U + 1]."""
    item_index: npt.NDArray[np.int32]
    """Row in the catalogue, [n]; OOV for items outside the catalogue."""
    timestamp: npt.NDArray[np.float64] | None = None
    """Seconds since 1970, [n]."""
    weight: npt.NDArray[np.float32] | None = None
    """Importance in training, [n]."""
    rating: npt.NDArray[np.float32] | None = None
    """Explicit preference, [n]."""
    profile: Mapping[str, Array] = field(default_factory=dict)
    """Encoded profile features, each [U, ...]."""

    def __len__(self) -> int:
        return len(self.item_index)

    @property
    def num_rows(self) -> int:
        """Number of users on the axis, U."""
        return len(self.user_index)

    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of items of each user, [U]."""
        return np.diff(self.row_splits)

    def row_of_position(self) -> npt.NDArray[np.int64]:
        """The user row that owns each position, [n]."""
        return np.repeat(np.arange(self.num_rows), self.lengths())

    def item_counts(self, num_items: int) -> npt.NDArray[np.int64]:
        """Interactions of each catalogue row, [num_items]; zero for PAD and OOV."""
        counts = np.bincount(self.item_index, minlength=num_items)
        counts[:NUM_RESERVED] = 0
        return counts

    def history(self, rows: Array, max_length: int) -> npt.NDArray[np.int32]:
        """The newest known items of the given users, oldest first, padded at the left.

        Args:
            rows: user rows, [B].
            max_length: T.

        Returns:
            Catalogue rows, int32 [B, T], PAD where there is nothing.
        """
        return _newest(self.known_only.item_index, self.known_only.row_splits, rows, max_length).astype(
            np.int32
        )

    def history_time(self, rows: Array, max_length: int) -> npt.NDArray[np.int64] | None:
        """Seconds since 1970 of the items of `history`, int64 [B, T], 0 where there is nothing.

        None where the table has no times.
        """
        known = self.known_only
        if known.timestamp is None:
            return None
        return _newest(known.timestamp, known.row_splits, rows, max_length).astype(np.int64)

    @cached_property
    def known_only(self) -> EncodedInteractions:
        """The same users without the items outside the catalogue."""
        known = self.item_index >= NUM_RESERVED
        if known.all():
            return self
        lengths = np.bincount(self.row_of_position()[known], minlength=self.num_rows)
        columns: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[known]
            for name in ("item_index", "timestamp", "weight", "rating")
        }
        row_splits = np.concatenate([[0], np.cumsum(lengths)])
        return replace(self, row_splits=row_splits, **columns)

    def append(self, other: EncodedInteractions) -> EncodedInteractions:
        """This part's items followed by `other`'s, user by user, on the shared user axis."""
        lengths = self.lengths() + other.lengths()
        row_splits = np.concatenate([[0], np.cumsum(lengths)])
        rows = np.concatenate([self.row_of_position(), other.row_of_position()])
        order = grouped_order(rows, self.num_rows, np.arange(len(rows)))

        def joined(name: str) -> Any:
            mine, theirs = getattr(self, name), getattr(other, name)
            return None if mine is None or theirs is None else np.concatenate([mine, theirs])[order]

        columns = {name: joined(name) for name in ("item_index", "timestamp", "weight", "rating")}
        return EncodedInteractions(self.user_index, row_splits, profile=self.profile, **columns)


def _newest(values: Array, row_splits: Array, rows: Array, max_length: int) -> Array:
    """The last values of each of the rows, [B, max_length], zeros at the left."""
    positions = row_splits[rows + 1][:, None] - max_length + np.arange(max_length)
    real = positions >= row_splits[rows][:, None]
    if not len(values):
        return np.zeros(positions.shape)
    return np.where(real, values[np.where(real, positions, 0)], 0)


@dataclass(frozen=True, eq=False)
class EncodedSplit:
    """The parts of a split on one user axis, with the sizes that a scorer needs.

    Example:
        >>> split = leave_last_out(Interactions(["ann"] * 3 + ["bob"], ["cup", "jug", "pot", "jug"]))
        >>> encoded = FeatureSpace.fit(split.train).transform(split)
        >>> encoded.history_of("test").lengths().tolist()  # ann's two items before her last, bob's one
        [2, 1]
    """

    name: str
    """How it was split, e.g. "leave_last_out"."""
    train: EncodedInteractions
    validation: EncodedInteractions
    test: EncodedInteractions
    num_items: int
    """Rows of the catalogue, PAD and OOV included."""
    fold_in: EncodedInteractions | None = None
    """What else is known when a question is asked, without being trained on; see `Split.fold_in`."""
    candidates: Candidates = "all"
    """As of `Split`."""

    def candidates_of(self, part: str) -> npt.NDArray[np.int64] | None:
        """Catalogue rows that an evaluation of `part` ranks, ascending; None for all of them."""
        if self.candidates == "all":
            return None
        rows = np.unique(getattr(self, part).item_index)
        return rows[rows >= NUM_RESERVED]

    def history_of(self, part: str) -> EncodedInteractions:
        """What is known before `part`: train, for "test" validation as well, and the fold-in rows."""
        known = self.train if part == "validation" else self.train.append(self.validation)
        return known if self.fold_in is None else known.append(self.fold_in)
