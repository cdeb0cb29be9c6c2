"""ItemKNN: items whose nearest neighbours are in the history."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from tfrec_zoo._errors import require
from tfrec_zoo.baselines.baseline import (
    Baseline,
    ScoreFunction,
    Scores,
    check_fit,
    check_fitted,
    history_sets,
    training_sets,
)
from tfrec_zoo.features.encoded import EncodedInteractions

_BLOCK = 1024


@dataclass(eq=False)
class ItemKNN(Baseline):
    """The score of an item is the sum of its similarities to those of its nearest neighbours in the history.

    The similarity of two items is the cosine between the sets of their users, with shrinkage:
    common / (sqrt(users of one) * sqrt(users of the other) + shrink).
    Source: Sarwar et al., "Item-based collaborative filtering recommendation algorithms" (WWW 2001);
    shrinkage as in Dacrema et al., "Are we really making much progress?" (RecSys 2019), section 3.2.

    Example:
        >>> import numpy as np
        >>> from tfrec_zoo.features import EncodedInteractions
        >>> train = EncodedInteractions(np.array([2, 3]), np.array([0, 2, 3]), item_index=np.array([2, 3, 4]))
        >>> score = ItemKNN(num_neighbours=1).fit(train, num_items=5).catalogue_scorer()
        >>> score({"history": np.array([[2]])}).tolist()  # whoever took item 2 took item 3
        [[0.0, 0.0, 0.0, 1.0, 0.0]]

    Raises:
        ValueError: a hyper-parameter out of range.
    """

    num_neighbours: int = 20
    """Most similar items kept for each item."""
    shrink: float = 0.0
    """Added to the denominator, so that items with few users in common are less alike."""
    name: ClassVar[str] = "item_knn"
    _similarity: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        require(self.num_neighbours >= 1, "`num_neighbours` must be at least 1.", self.num_neighbours)
        require(self.shrink >= 0, "`shrink` must be at least 0.", self.shrink)

    def fit(self, train: EncodedInteractions, num_items: int) -> Self:
        """Find the neighbours of each item.

        Raises:
            ValueError: no interactions, or items outside the catalogue.
        """
        check_fit(train, num_items)
        sets = training_sets(train, num_items)
        # Row by row the neighbours of one item, so that its score is a sum over its own neighbours.
        self._similarity = sparse.csr_array(
            nearest_items(sparse.csr_array(sets.T), sets, self.num_neighbours, self.shrink).T
        )
        return self

    def catalogue_scorer(self) -> ScoreFunction:
        """See `Baseline`."""
        check_fitted(self, self._similarity)
        return neighbours_scorer(self._similarity)


def neighbours_scorer(similarity: Any) -> ScoreFunction:
    """Sums of similarities to the items of each history, from [neighbour, item] to scores [B, num_items]."""

    def score(batch: Mapping[str, npt.NDArray[Any]]) -> Scores:
        return np.asarray((history_sets(batch, similarity.shape[0]) @ similarity).toarray())

    return score


def nearest_items(items: Any, others: Any, num_neighbours: int, shrink: float = 0.0) -> Any:
    """Cosines of each item with its nearest others; an item is no neighbour of itself.

    Args:
        items: scipy.sparse.csr_array [num_items, n].
        others: the same items, or some of them and zeros, scipy.sparse.csr_array [n, num_items].
        num_neighbours: how many are kept.
        shrink: added to the denominator.

    Returns:
        scipy.sparse.csr_array float32 [num_items, num_items].
    """
    norms = np.sqrt(np.asarray((items * items).sum(axis=1), dtype=np.float32))
    blocks = [
        _nearest(
            sparse.csr_array(items[start : start + _BLOCK] @ others), start, norms, num_neighbours, shrink
        )
        for start in range(0, items.shape[0], _BLOCK)
    ]
    return sparse.csr_array(sparse.vstack(blocks))


def _nearest(common: Any, start: int, norms: Scores, num_neighbours: int, shrink: float) -> Any:
    """The block of items from `start` on, [block, num_items]."""
    common.sort_indices()
    item = np.repeat(np.arange(common.shape[0]) + start, np.diff(common.indptr))
    similarity = common.data / (norms[item] * norms[common.indices] + np.float32(shrink))
    similarity[item == common.indices] = 0
    nearest = [
        # Stable, or which of equally similar items is a neighbour would depend on the machine.
        begin + np.argsort(-similarity[begin:end], kind="stable")[:num_neighbours]
        for begin, end in itertools.pairwise(common.indptr)
    ]
    kept = np.concatenate(nearest)
    positions = (item[kept] - start, common.indices[kept])
    return sparse.csr_array((similarity[kept], positions), shape=common.shape)
