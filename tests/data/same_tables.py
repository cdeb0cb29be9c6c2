"""Equality of data sets, table by table and row for row."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from tfrec_zoo.data.tables import Dataset


def assert_same_tables(one: Dataset, other: Dataset) -> None:
    assert one.interactions.equals(other.interactions)
    assert (one.name, one.licence, one.citation) == (other.name, other.licence, other.citation)
    assert str(one.rejected) == str(other.rejected)
    assert (one.items is None) == (other.items is None)
    if one.items is not None:
        for field in fields(one.items):
            mine, theirs = getattr(one.items, field.name), getattr(other.items, field.name)
            assert (mine is None) == (theirs is None), field.name
            if mine is not None:
                assert mine.tolist() == theirs.tolist(), field.name
    assert (one.users is None) == (other.users is None)
    if one.users is not None and other.users is not None:
        np.testing.assert_array_equal(one.users.user_id, other.users.user_id)
        assert list(one.users.profile) == list(other.users.profile)
        for name, values in one.users.profile.items():
            assert values.dtype == other.users.profile[name].dtype, name
            np.testing.assert_array_equal(values, other.users.profile[name])
