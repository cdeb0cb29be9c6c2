"""Rows brought together by an integer code, in linear time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix


def grouped_order(codes: npt.NDArray[Any], num_codes: int, order: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Reorder rows by their code; within a code they keep their order.

    The same as `order[np.argsort(codes[order], kind="stable")]`, by counting in place of comparing.

    Args:
        codes: of each row, [n], from 0 to num_codes - 1.
        num_codes: how many codes there are.
        order: rows in the order to keep, [n].

    Returns:
        The rows, int64 [n].
    """
    table = csr_matrix((order, (codes[order], np.arange(len(order)))), shape=(num_codes, len(order)))
    return np.asarray(table.data, dtype=np.int64)
