"""The matrix of items and categories, from a table and from the features' own column."""

from __future__ import annotations

import numpy as np
import pytest

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.tables import Interactions, Items
from tfrec_zoo.features import FeatureSpace

TRAIN = Interactions(["u", "u", "v"], ["cup", "jug", "mug"])
ITEMS = Items(
    ["jug", "cup", "new", "mug"],
    title=["Jug", "Cup", "New", "Mug"],
    categories=[("tall", "blue"), "blue", (), ("red", "  blue ", "red")],
)


def named(matrix, features: FeatureSpace, names: list[str]) -> dict[str, set[str]]:
    dense = matrix.toarray()
    assert dense.dtype == np.bool_
    assert not dense[:2].any()
    return {
        item: {names[place] for place in np.flatnonzero(dense[row])}
        for row, item in enumerate(features.item_vocabulary.tokens, start=2)
    }


EXPECTED = {"cup": {"blue"}, "jug": {"blue", "tall"}, "mug": {"blue", "red"}}


def test_from_a_table_whatever_the_features_are() -> None:
    features = FeatureSpace.fit(TRAIN)
    assert named(features.item_categories(ITEMS), features, ["blue", "red", "tall"]) == EXPECTED


def test_from_the_features_themselves() -> None:
    features = FeatureSpace.fit(TRAIN, ITEMS, content=["categories"])
    names = features.item_transforms["categories"].vocabulary.tokens
    assert named(features.item_categories(), features, names) == EXPECTED | {"new": set()}


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match="needs the column 'categories': give the table of items"):
        FeatureSpace.fit(TRAIN).item_categories()
    with pytest.raises(DataError, match="needs the column 'genre'"):
        FeatureSpace.fit(TRAIN).item_categories(ITEMS, "genre")
    with pytest.raises(DataError, match="name a category feature"):
        FeatureSpace.fit(TRAIN, ITEMS, content=["title"]).item_categories(column="title")
