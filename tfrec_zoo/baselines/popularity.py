"""Popularity: every user gets the items with the most training interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from tfrec_zoo.baselines.baseline import (
    Baseline,
    ScoreFunction,
    check_fit,
    check_fitted,
    popularity_scorer,
)
from tfrec_zoo.features.encoded import EncodedInteractions


@dataclass(eq=False)
class Popularity(Baseline):
    """Scores are training counts.

    Example:
        >>> import numpy as np
        >>> from tfrec_zoo.features import EncodedInteractions
        >>> train = EncodedInteractions(np.array([2, 3]), np.array([0, 2, 3]), item_index=np.array([2, 4, 4]))
        >>> popularity = Popularity().fit(train, num_items=5)
        >>> popularity.catalogue_scorer()({"history": np.array([[2]])}).tolist()
        [[0.0, 0.0, 1.0, 0.0, 2.0]]
    """

    name: ClassVar[str] = "popularity"
    _counts: npt.NDArray[np.float64] | None = field(default=None, init=False, repr=False)

    def fit(self, train: EncodedInteractions, num_items: int) -> Self:
        """Count.

        Raises:
            ValueError: no interactions, or items outside the catalogue.
        """
        check_fit(train, num_items)
        self._counts = train.item_counts(num_items).astype(np.float64)
        return self

    def catalogue_scorer(self) -> ScoreFunction:
        """See `Baseline`."""
        check_fitted(self, self._counts)
        assert self._counts is not None
        return popularity_scorer(self._counts)
