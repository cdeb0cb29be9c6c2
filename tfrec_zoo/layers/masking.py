"""A softmax that passes over what is not real."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops


def masked_softmax(mask: Any, scores: Any) -> Any:
    """Softmax over the last axis of the scores where `mask` is True; without meaning where none is.

    It is computed in float32: in half precision, a row that is masked as a whole can come out as NaN.
    """
    lowest = float(np.finfo(np.float32).min)
    masked = ops.where(mask, ops.cast(scores, "float32"), lowest)
    return ops.cast(ops.softmax(masked, axis=-1), scores.dtype)
