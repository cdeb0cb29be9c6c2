"""Small encoded splits and a model that scores as it is told, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit


def encoded(items: Sequence[Sequence[int]]) -> EncodedInteractions:
    """One list of catalogue rows per user; user u has the index u + 2."""
    return EncodedInteractions(
        user_index=np.arange(len(items), dtype=np.int32) + 2,
        row_splits=np.append(0, np.cumsum([len(user) for user in items])),
        item_index=np.array([item for user in items for item in user], np.int32),
        profile={"age": np.arange(len(items), dtype=np.float32)},
    )


def random_split(
    seed: int, num_users: int = 60, num_items: int = 30, longest: int = 6, unknown: float = 0.1
) -> EncodedSplit:
    """Random histories, several targets per user, some unknown, some met before, some given twice."""
    rng = np.random.default_rng(seed)

    def lists(low: int, high: int, oov: float) -> list[list[int]]:
        drawn = [rng.integers(2, num_items, rng.integers(low, high + 1)) for _ in range(num_users)]
        return [np.where(rng.random(len(items)) < oov, 1, items).tolist() for items in drawn]

    train, validation, test = lists(0, 9, 0.05), lists(0, 2, 0), lists(0, longest, unknown)
    return EncodedSplit("random", encoded(train), encoded(validation), encoded(test), num_items)


@dataclass
class TableModel:
    """Scores of user index u are the row u - 2 of a table."""

    table: npt.NDArray[Any]
    max_history_length: int | None = None
    name: str = "table"
    on_batch: Callable[[Mapping[str, npt.NDArray[Any]]], None] | None = None

    def catalogue_scorer(self) -> Callable[[Mapping[str, npt.NDArray[Any]]], npt.NDArray[Any]]:
        def score(batch: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
            if self.on_batch:
                self.on_batch(batch)
            return np.asarray(self.table[batch["user_index"] - 2])

        return score
