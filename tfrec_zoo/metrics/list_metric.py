"""What a metric of recommended lists is, and what it is computed from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]
Need = Literal["train_counts", "histories", "targets", "item_vectors", "categories"]


class ItemsOfUsers(NamedTuple):
    """Some items of each user, as compressed sparse rows.

    Example:
        >>> import numpy as np
        >>> targets = ItemsOfUsers(items=np.array([5, 6, 2]), row_splits=np.array([0, 2, 3]))
        >>> targets.owner.tolist()
        [0, 0, 1]
    """

    items: Array
    """Catalogue rows, int [n]."""
    row_splits: Array
    """User u owns items[row_splits[u]:row_splits[u + 1]], int [U + 1]."""

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The user of each item, [n]."""
        return np.asarray(np.repeat(np.arange(len(self.row_splits) - 1), np.diff(self.row_splits)))


class UserValues(NamedTuple):
    """One number per user: the metric is their weighted mean, which has an interval.

    Example:
        >>> import numpy as np
        >>> found = UserValues(values=np.array([1.0, 0.0]), weights=np.array([3, 1]))
        >>> float(np.average(found.values, weights=found.weights))
        0.75
    """

    values: Array
    """float [U]."""
    weights: Array
    """How heavy each user is in the mean, [U]; 0 for one of whom there is nothing to say."""


@dataclass(frozen=True, eq=False)
class RecommendedLists:
    """The lists of an evaluation, with what a metric `needs` at hand; what none asked for is None.

    Example:
        >>> import numpy as np
        >>> RecommendedLists(np.array([[2, 3], [4, 0]]), num_items=6).filled.tolist()
        [2, 1]
    """

    lists: Array
    """Recommended catalogue rows, best first, int [U, k]; PAD fills a short list."""
    num_items: int
    """Rows of the catalogue, PAD and OOV included."""
    train_counts: Array | None = None
    """Training interactions of each catalogue row, [num_items]."""
    histories: ItemsOfUsers | None = None
    """What each user had before, oldest first, repeats included."""
    targets: ItemsOfUsers | None = None
    """What each user chose: the held-out items, each once; OOV for one outside the catalogue."""
    item_vectors: Array | None = None
    """By whose cosine two items are alike, float [num_items, D]."""
    categories: Any = None
    """Which categories each item is in, bool scipy.sparse.csr_array [num_items, C]."""

    @property
    def filled(self) -> npt.NDArray[np.int64]:
        """Number of items in each list, [U]."""
        return np.asarray(np.count_nonzero(self.lists >= NUM_RESERVED, axis=1))


Result: TypeAlias = float | UserValues


class ListMetric(ABC):
    """What recommended lists are like. A subclass says what it needs, and computes it.

    Example:
        >>> import numpy as np
        >>> class ShareOfFullLists(ListMetric):
        ...     def compute(self, given):
        ...         return float((given.filled == given.lists.shape[1]).mean())
        >>> ShareOfFullLists().compute(RecommendedLists(np.array([[2, 3], [4, 0]]), num_items=6))
        0.5

    `LIST_METRICS.register("full_lists", ShareOfFullLists())` makes it known to `evaluate`,
    `RankingMetrics` and `RunConfig.monitor` as "full_lists@10".
    """

    needs: ClassVar[tuple[Need, ...]] = ()
    """Fields of `RecommendedLists` that must be given."""
    higher_is_better: ClassVar[bool] = True
    """Which way early stopping looks for the best epoch."""

    @abstractmethod
    def compute(self, given: RecommendedLists) -> Result:
        """One number over all lists together, or one per user, whose mean gets a confidence interval."""
