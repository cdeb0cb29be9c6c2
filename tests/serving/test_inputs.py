"""What people say of themselves, as the arrays that a signature takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.serving.inputs import Requests

INPUTS: dict[str, Any] = {
    "history": {"dtype": "string", "shape": [None, None]},
    "user_id": {"dtype": "string", "shape": [None]},
    "job": {"dtype": "string", "shape": [None, None]},
    "bio": {"dtype": "string", "shape": [None]},
    "age": {"dtype": "float32", "shape": [None]},
    "home": {"dtype": "float32", "shape": [None, 2]},
    "voice": {"dtype": "int16", "shape": [None, 3]},
}


def profiles(*given: dict[str, Any]) -> dict[str, np.ndarray]:
    return Requests(INPUTS).people([[]] * len(given), None, given, None)


def test_profiles_by_dtype_and_shape() -> None:
    found = profiles(
        {"job": ["cook", "poet"], "bio": "likes cups", "age": 30, "home": (48.1, 11.5), "voice": [1, 2, 3]},
        {"job": "cook", "age": np.float64(31.5), "home": [None, float("nan")]},
        {name: None for name in ("job", "bio", "age", "home", "voice")},
    )
    assert found["job"].tolist() == [["cook", "poet"], ["cook", ""], ["", ""]]
    assert found["bio"].tolist() == ["likes cups", "", ""]
    np.testing.assert_array_equal(found["age"], np.array([30, 31.5, np.nan], np.float32))
    expected = np.array([[48.1, 11.5], [np.nan] * 2, [np.nan] * 2], np.float32)
    np.testing.assert_array_equal(found["home"], expected)
    assert found["voice"].tolist() == [[1, 2, 3], [0, 0, 0], [0, 0, 0]]
    dtypes = {name: values.dtype for name, values in found.items()}
    assert (dtypes["age"], dtypes["home"], dtypes["voice"]) == (np.float32, np.float32, np.int16)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"home": (1, 2, 3)}, r"'home' must be 2 numbers, or None. Received: \(1, 2, 3\)"),
        ({"home": 1.0}, "'home' must be 2 numbers"),
        ({"age": "old"}, "'age' must be a number, or None. Received: 'old'"),
        ({"age": [30]}, "'age' must be a number"),
    ],
)
def test_profiles_of_another_shape(profile: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        profiles(profile)
    with pytest.raises(UnknownNameError, match="Did you mean 'age'"):
        profiles({"agee": 3})
