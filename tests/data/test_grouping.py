from __future__ import annotations

import numpy as np
import pytest

from tfrec_zoo.data.grouping import grouped_order


@pytest.mark.parametrize("n", [0, 1, 500])
def test_the_same_as_a_stable_sort(n: int) -> None:
    rng = np.random.default_rng(n)
    codes = rng.integers(0, 30, size=n).astype(np.int16)
    order = rng.permutation(n)
    np.testing.assert_array_equal(
        grouped_order(codes, 31, order), order[np.argsort(codes[order], kind="stable")]
    )
