"""Recent popularity: the items with the most training interactions of late."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import require
from tfrec_zoo.baselines.baseline import (
    Baseline,
    ScoreFunction,
    check_fit,
    check_fitted,
    popularity_scorer,
)
from tfrec_zoo.features.encoded import EncodedInteractions
from tfrec_zoo.schema import NUM_RESERVED

_DAY = 86_400.0


@dataclass(eq=False)
class RecentPopularity(Baseline):
    """Scores are training counts in which an interaction fades with its age or ends with a window.

    Age is counted from the newest training interaction.
    Source: Ji et al., "A re-visit of the popularity baseline in recommender systems" (SIGIR 2020).

    Example:
        >>> import numpy as np
        >>> from tfrec_zoo.features import EncodedInteractions
        >>> train = EncodedInteractions(
        ...     np.array([2]), np.array([0, 2]), item_index=np.array([2, 3]), timestamp=np.array([0, 604800])
        ... )
        >>> popularity = RecentPopularity(half_life=7).fit(train, num_items=4)  # 604,800 seconds are 7 days
        >>> popularity.catalogue_scorer()({"history": np.array([[2]])}).tolist()
        [[0.0, 0.0, 0.5, 1.0]]

    Raises:
        ValueError: not exactly one of the two is given, or it is not above 0.
    """

    half_life: float | None = None
    """Days in which an interaction loses half its weight."""
    window: float | None = None
    """Days after which an interaction counts no more."""
    name: ClassVar[str] = "recent_popularity"
    _counts: npt.NDArray[np.float64] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        require(
            (self.half_life is None) != (self.window is None),
            "Exactly one of `half_life` and `window` must be given, in days.",
            (self.half_life, self.window),
        )
        days = self.half_life if self.window is None else self.window
        require(days is not None and days > 0, "`half_life` or `window` must be above 0 days.", days)

    def fit(self, train: EncodedInteractions, num_items: int) -> Self:
        """Count with weights.

        Raises:
            ValueError: no interactions, no timestamps, or items outside the catalogue.
        """
        check_fit(train, num_items)
        if train.timestamp is None:
            raise ValueError("RecentPopularity needs `timestamp`. Received: None. Use Popularity instead.")
        age = (train.timestamp.max() - train.timestamp) / _DAY
        weights = 0.5 ** (age / self.half_life) if self.half_life else (age <= self.window)
        counts = np.bincount(train.item_index, weights, num_items).astype(np.float64)
        counts[:NUM_RESERVED] = 0
        self._counts = counts
        return self

    def catalogue_scorer(self) -> ScoreFunction:
        """See `Baseline`."""
        check_fitted(self, self._counts)
        assert self._counts is not None
        return popularity_scorer(self._counts)
