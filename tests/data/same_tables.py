"""Equality of data sets, table by table and row for row."""

from __future__ import annotations

import numpy as np

from tfrec_zoo.data.tables import Dataset


def assert_same_tables(one: Dataset, other: Dataset) -> None:
    assert one.interactions.equals(other.interactions)
    assert (one.name, one.licence, one.citation) == (other.name, other.licence, other.citation)
    assert str(one.rejected) == str(other.rejected)
    assert (one.items is None) == (other.items is None)
    if one.items is not None:
        assert one.items.item_id.tolist() == other.items.item_id.tolist()
        assert one.items.kinds == other.items.kinds
        for name, values in one.items.columns.items():
            assert values.tolist() == other.items.columns[name].tolist(), name
    assert (one.users is None) == (other.users is None)
    if one.users is not None and other.users is not None:
        np.testing.assert_array_equal(one.users.user_id, other.users.user_id)
        assert one.users.kinds == other.users.kinds
        assert list(one.users.profile) == list(other.users.profile)
        for name, values in one.users.profile.items():
            assert values.dtype == other.users.profile[name].dtype, name
            np.testing.assert_array_equal(values, other.users.profile[name])
