"""The k best catalogue rows of each row of scores."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import require
from tfrec_zoo.schema import PAD

Array = npt.NDArray[Any]


class TopK(NamedTuple):
    """The best catalogue rows, best first.

    Example:
        >>> import numpy as np
        >>> best = top_k(np.array([[-np.inf, -np.inf, 0.5, 2.0]], np.float32), k=3)
        >>> best.indices.tolist(), best.scores.tolist()
        ([[3, 2, 0]], [[2.0, 0.5, -inf]])
    """

    indices: npt.NDArray[np.int32]
    """Catalogue rows, [B, k]; PAD behind the last candidate."""
    scores: npt.NDArray[np.float32]
    """Their scores, [B, k]; -inf behind the last candidate."""


def top_k(scores: Array, k: int) -> TopK:
    """The k best columns of each row, equal scores by the lower index, whatever the machine.

    Args:
        scores: [B, num_items], float32; -inf for what must not be returned.
        k: length of the lists; may be above num_items.

    Returns:
        Lists whose tail is PAD with -inf where fewer than k candidates remain.

    Raises:
        ValueError: k below 1, scores that are not a matrix, or NaN among them.
    """
    require(k >= 1, "`k` must be at least 1.", k)
    require(scores.ndim == 2, "`scores` must have the shape [batch, num_items].", scores.shape)
    require(not np.isnan(scores.max(initial=-np.inf)), "`scores` must not be NaN.", "NaN among them")
    batch, num_items = scores.shape
    width = min(k, num_items)
    columns = np.nonzero(_best(scores, width))[1].reshape(batch, width)
    values = np.take_along_axis(scores, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    indices = np.full((batch, k), PAD, np.int32)
    best = np.full((batch, k), -np.inf, np.float32)
    indices[:, :width] = np.take_along_axis(columns, order, axis=1)
    best[:, :width] = np.take_along_axis(values, order, axis=1)
    indices[best == -np.inf] = PAD
    return TopK(indices, best)


def _best(scores: Array, width: int) -> npt.NDArray[np.bool_]:
    """Mask with exactly `width` entries per row, the best; of those equal to the last one, the lowest."""
    threshold = np.partition(scores, scores.shape[1] - width, axis=1)[:, [scores.shape[1] - width]]
    best = scores >= threshold
    tied = np.flatnonzero(np.count_nonzero(best, axis=1) > width)
    if len(tied):
        above = scores[tied] > threshold[tied]
        equal = best[tied] & ~above
        room = width - np.count_nonzero(above, axis=1)[:, None]
        best[tied] = above | (equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= room))
    return best
