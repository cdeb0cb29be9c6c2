"""What the baselines share: their interface, and histories as sparse sets of items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from tfrec_zoo._errors import require
from tfrec_zoo.features.encoded import EncodedInteractions
from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]
Scores: TypeAlias = npt.NDArray[np.float32]
ScoreFunction: TypeAlias = Callable[[Mapping[str, Array]], Scores]


class Baseline(ABC):
    """A model that is fitted in one go and scores the whole catalogue from the items of a history.

    Example:
        >>> import numpy as np
        >>> class Newest(Baseline):  # the later in the catalogue, the better
        ...     name = "newest"
        ...     def fit(self, train, num_items):
        ...         self.scores = np.arange(num_items, dtype=np.float32)
        ...         return self
        ...     def catalogue_scorer(self):
        ...         return lambda batch: np.tile(self.scores, (len(batch["history"]), 1))
        >>> newest = Newest().fit(train=None, num_items=5)
        >>> newest.catalogue_scorer()({"history": np.array([[2]])}).tolist()
        [[0.0, 1.0, 2.0, 3.0, 4.0]]
    """

    name: ClassVar[str]
    max_history_length: ClassVar[int | None] = None

    @abstractmethod
    def fit(self, train: EncodedInteractions, num_items: int) -> Self:
        """Learn from training interactions.

        Args:
            train: what users did.
            num_items: rows of the catalogue, PAD and OOV included.

        Returns:
            Itself.
        """

    @abstractmethod
    def catalogue_scorer(self) -> ScoreFunction:
        """A function from a batch ("history" int32 [B, T]) to scores float32 [B, num_items].

        Raises:
            ValueError: the model was not fitted.
        """


def check_fit(train: EncodedInteractions, num_items: int) -> None:
    """Refuse what cannot be fitted on.

    Raises:
        ValueError: no interactions, or items outside the catalogue.
    """
    require(len(train) > 0, "`train` must hold at least one interaction.", len(train))
    highest = int(train.item_index.max())
    require(highest < num_items, f"`train` must hold catalogue rows below {num_items}.", highest)


def check_fitted(model: Baseline, fitted: object) -> None:
    """Refuse to score before `fit`.

    Raises:
        ValueError: nothing was fitted.
    """
    if fitted is None:
        raise ValueError(f"{type(model).__name__} must be fitted before it scores. Call `fit` first.")


def popularity_scorer(counts: npt.NDArray[np.float64]) -> ScoreFunction:
    """The same scores for every row of a batch, as a read-only view of one row."""
    row = counts.astype(np.float32)
    return lambda batch: np.broadcast_to(row, (len(batch["history"]), len(row)))


def item_sets(rows: Array, items: Array, shape: tuple[int, int]) -> Any:
    """Users x items with 1 where a user has the item, however often; PAD and OOV are left out.

    Args:
        rows: row of each entry, [n].
        items: catalogue row of each entry, [n].
        shape: users and num_items.

    Returns:
        scipy.sparse.csr_array, float32.
    """
    known = items >= NUM_RESERVED
    matrix = sparse.csr_array(
        (np.ones(int(known.sum()), np.float32), (rows[known], items[known])), shape=shape
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def training_sets(train: EncodedInteractions, num_items: int) -> Any:
    """`item_sets` of a part, [num_rows, num_items]."""
    return item_sets(train.row_of_position(), train.item_index, (train.num_rows, num_items))


def history_sets(batch: Mapping[str, Array], num_items: int) -> Any:
    """`item_sets` of the histories of a batch, [B, num_items]."""
    history = np.asarray(batch["history"])
    rows = np.repeat(np.arange(len(history)), history.shape[1])
    return item_sets(rows, history.ravel(), (len(history), num_items))
