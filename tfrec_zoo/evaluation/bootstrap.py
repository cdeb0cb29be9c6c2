"""Bootstrap confidence intervals over users."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_DRAWS_AT_ONCE = 1 << 20


def bootstrap_intervals(
    values: Array, weights: Array, num_samples: int, *, seed: int = 0, level: float = 0.95
) -> Array:
    """Percentile intervals of weighted means over users.

    Users are drawn with replacement; each draw gives sum(weight * value) / sum(weight), and the interval
    is between the draws' percentiles.
    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.

    Args:
        values: one column per metric, [U, M].
        weights: weight of each user in each mean, [U, M].
        num_samples: number of draws.
        seed: the same seed gives the same intervals.
        level: coverage of the interval.

    Returns:
        Low and high, float64 [2, M].
    """
    num_users = len(values)
    rng = np.random.default_rng(seed)
    stacked = np.hstack([values * weights, weights]).astype(np.float64)
    sums = np.empty((num_samples, stacked.shape[1]))
    step = max(1, _DRAWS_AT_ONCE // num_users)
    for start in range(0, num_samples, step):
        size = min(step, num_samples - start)
        drawn = rng.integers(num_users, size=(size, num_users), dtype=np.int32)
        drawn += np.arange(size, dtype=np.int32)[:, None] * num_users
        times = np.bincount(drawn.ravel(), minlength=size * num_users).reshape(size, num_users)
        sums[start : start + size] = times.astype(np.float64) @ stacked
    total, weight = np.hsplit(sums, 2)
    tail = (1 - level) / 2
    return np.asarray(np.quantile(total / np.maximum(weight, np.finfo(float).tiny), [tail, 1 - tail], axis=0))
