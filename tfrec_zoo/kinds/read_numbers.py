"""Numbers out of raw values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array, is_unknown


def read_numbers(values: Array, column: str, ids: Array, kind: str) -> Array:
    """One number for each row, NaN where unknown; columns of numbers keep their dtype.

    Raises:
        DataError: several values in a row, or one that is no number; it names the row.
    """
    if values.ndim == 1 and values.dtype.kind in "iuf":
        return values
    if values.ndim == 1 and values.dtype.kind == "b":
        return values.astype(np.float64)
    numbers = np.full(len(values), np.nan)
    for place, value in enumerate(values):
        try:
            numbers[place] = np.nan if is_unknown(value) else float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"`{column}` must hold numbers, or nothing where one is unknown. Received: {value!r} for "
                f"{ids[place]!r}. Mend it, or say another kind than {kind!r}: '{column}:category'."
            ) from None
    return numbers


def are_numbers(values: Array) -> bool:
    """Whether a raw column [n] holds numbers, or nothing, in each row, and a number in some."""
    if values.ndim != 1:
        return False
    if values.dtype.kind in "iuf":
        return True
    if values.dtype.kind != "O":
        return False
    known = [value for value in values if not is_unknown(value)]
    return bool(known) and all(
        isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in known
    )


def as_requested(values: Array) -> npt.NDArray[np.float32]:
    """Numbers in the precision of a request; what is beyond its range is infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=np.float32)
