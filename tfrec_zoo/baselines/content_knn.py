"""ContentKNN: items whose content is like that of the history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from tfrec_zoo._errors import require
from tfrec_zoo.baselines.baseline import (
    Baseline,
    ScoreFunction,
    check_fit,
    check_fitted,
)
from tfrec_zoo.baselines.item_knn import nearest_items, neighbours_scorer
from tfrec_zoo.features.encoded import EncodedInteractions


@dataclass(eq=False)
class ContentKNN(Baseline):
    """The score of an item is the sum of its cosines with those of its nearest neighbours in the history.

    The cosine is that of content vectors: bags of categories, TF-IDF of words, ready-made embeddings.
    Neighbours are items of the training data, so an item that nobody has touched yet is scored too.
    Source: Lops et al., "Content-based recommender systems" (2011), section 3.3.1.

    Example:
        >>> import numpy as np
        >>> from tfrec_zoo.features import EncodedInteractions
        >>> train = EncodedInteractions(np.array([2]), np.array([0, 2]), item_index=np.array([2, 3]))
        >>> vectors = [[0, 0], [0, 0], [1, 0], [0, 1], [0, 2]]  # by catalogue row; nobody took item 4
        >>> score = ContentKNN(vectors).fit(train, num_items=5).catalogue_scorer()
        >>> score({"history": np.array([[3]])}).tolist()
        [[0.0, 0.0, 0.0, 0.0, 1.0]]

    Raises:
        ValueError: vectors that are no matrix, or a hyper-parameter out of range.
    """

    vectors: Any
    """One row per item, PAD and OOV included: an array or a scipy.sparse one, [num_items, n]."""
    num_neighbours: int = 100
    """Most similar trained items kept for each item."""
    name: ClassVar[str] = "content_knn"
    _similarity: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        require(self.num_neighbours >= 1, "`num_neighbours` must be at least 1.", self.num_neighbours)
        require(
            np.ndim(self.vectors) == 2 or sparse.issparse(self.vectors), "`vectors` must be a matrix.", ""
        )
        self.vectors = sparse.csr_array(self.vectors, dtype=np.float32)

    def fit(self, train: EncodedInteractions, num_items: int) -> Self:
        """Find the neighbours of each item among those of the training data.

        Raises:
            ValueError: no interactions, items outside the catalogue, or vectors of another catalogue.
        """
        check_fit(train, num_items)
        require(
            self.vectors.shape[0] == num_items,
            f"`vectors` must have a row for each of the {num_items} catalogue rows.",
            self.vectors.shape,
        )
        known = sparse.diags_array((train.item_counts(num_items) > 0).astype(np.float32))
        self._similarity = sparse.csr_array(
            nearest_items(self.vectors, sparse.csr_array((known @ self.vectors).T), self.num_neighbours).T
        )
        return self

    def catalogue_scorer(self) -> ScoreFunction:
        """See `Baseline`."""
        check_fitted(self, self._similarity)
        return neighbours_scorer(self._similarity)
