"""Which categories each item of a catalogue is in, as a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from tfrec_zoo.schema import NUM_RESERVED

Array = npt.NDArray[Any]


def categories_of_strings(rows: Array, values: Array, num_items: int) -> Any:
    """From raw categories.

    Args:
        rows: catalogue row of each described item, [n]; PAD and OOV are passed over.
        values: a string or several of each item, object [n].
        num_items: rows of the catalogue, PAD and OOV included.

    Returns:
        bool scipy.sparse.csr_array [num_items, C], the categories in the order of their strings.
    """
    of_item = [(value,) if isinstance(value, str) else tuple(value) for value in values]
    owner = np.repeat(rows, [len(own) for own in of_item])
    names = pd.Series([" ".join(str(name).split()) for own in of_item for name in own], dtype=object)
    real = (owner >= NUM_RESERVED) & (names != "").to_numpy(np.bool_)
    codes, _ = pd.factorize(names[real], sort=True)
    return _matrix(owner[real], codes, num_items)


def categories_of_indices(indices: Array) -> Any:
    """The same from the indices of a category feature, int [num_items, length]."""
    owner, place = np.nonzero(indices >= NUM_RESERVED)
    return _matrix(owner, indices[owner, place] - NUM_RESERVED, len(indices))


def _matrix(owner: Array, category: Array, num_items: int) -> Any:
    shape = (num_items, int(category.max(initial=-1)) + 1)
    matrix = sparse.csr_array((np.ones(len(owner), np.int32), (owner, category)), shape=shape)
    return matrix.astype(np.bool_)
