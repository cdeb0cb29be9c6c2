"""EASE: a linear model from the history to the next item, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.sparse.linalg import svds

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


@dataclass(eq=False)
class EASE(Baseline):
    """Item-to-item weights with a zero diagonal that best rebuild each user's set of items.

    With X the users x items matrix of zeros and ones: P = (X^T X + l2 I)^-1, B_ij = -P_ij / P_jj, B_jj = 0,
    scores X B. The inverse is taken in float64, the weights are kept in float32.
    Source: Steck, "Embarrassingly shallow autoencoders for sparse data" (WWW 2019), equation 8.

    Example:
        >>> import numpy as np
        >>> from tfrec_zoo.features import EncodedInteractions
        >>> train = EncodedInteractions(np.array([2, 3]), np.array([0, 2, 3]), item_index=np.array([2, 3, 4]))
        >>> score = EASE(l2=1.0).fit(train, num_items=5).catalogue_scorer()
        >>> int(score({"history": np.array([[2]])}).argmax())  # whoever took item 2 took item 3
        3

    Raises:
        ValueError: a hyper-parameter out of range.
    """

    l2: float = 250.0
    """Strength of the L2 penalty on the weights; grows with the number of users."""
    max_items: int = 15_000
    """Refuse larger catalogues: fitting takes up to 20 bytes x items^2, and time in items^3."""
    name: ClassVar[str] = "ease"
    _weights: Scores | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        require(self.l2 > 0, "`l2` must be above 0.", self.l2)
        require(self.max_items >= 1, "`max_items` must be at least 1.", self.max_items)

    def fit(self, train: EncodedInteractions, num_items: int) -> Self:
        """Solve for the weights.

        Raises:
            ValueError: no interactions, items outside the catalogue, or more items than `max_items`.
        """
        check_fit(train, num_items)
        require(
            num_items <= self.max_items,
            f"EASE needs about {20 * num_items**2 / 2**30:.1f} GiB for its dense items x items matrices, so "
            f"the catalogue must be at most `max_items` = {self.max_items:,}. Raise it if the memory is "
            "there, filter rare items, or use ItemKNN.",
            num_items,
        )
        sets = training_sets(train, num_items).astype(np.float64)
        gram = (sets.T @ sets).toarray()
        gram[np.diag_indices(num_items)] += self.l2
        inverse = _inverse_of_positive(gram)
        inverse /= -np.diag(inverse).copy()
        np.fill_diagonal(inverse, 0.0)
        self._weights = np.ascontiguousarray(inverse, dtype=np.float32)
        return self

    def factors(self, dim: int) -> tuple[Scores, Scores]:
        """The best weights of rank `dim`: of items in a history and as candidates, [num_items, dim] each.

        Their products are the weights; where the rank is lower, the rest is zeros.

        Raises:
            ValueError: not fitted, or `dim` below 1.
        """
        check_fitted(self, self._weights)
        assert self._weights is not None
        require(dim >= 1, "`dim` must be at least 1.", dim)
        rank = min(dim, len(self._weights) - 1)
        start = np.random.default_rng(0).normal(size=len(self._weights)).astype(np.float32)
        left, values, right = svds(self._weights, k=rank, v0=start)
        order = np.argsort(-values)
        wider = [(0, 0), (0, dim - rank)]
        return np.pad(left[:, order], wider), np.pad((right.T * values)[:, order], wider)

    def catalogue_scorer(self) -> ScoreFunction:
        """See `Baseline`."""
        check_fitted(self, self._weights)
        weights = self._weights
        assert weights is not None

        def score(batch: Mapping[str, npt.NDArray[Any]]) -> Scores:
            return np.asarray(history_sets(batch, len(weights)) @ weights)

        return score


def _inverse_of_positive(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Inverse of a symmetric positive definite matrix by Cholesky, in its own memory."""
    factor, failed = lapack.dpotrf(matrix.T, lower=True, overwrite_a=True)
    if not failed:
        inverse, failed = lapack.dpotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise ValueError(
            f"EASE's matrix must be positive definite. Received: LAPACK code {failed}. Raise `l2`."
        )
    for row in range(len(inverse)):
        inverse[row, row:] = inverse[row:, row]
    return np.asarray(inverse)
