"""Recommendations by index and by raw id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.evaluation.arrays import TableModel
from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.data.tables import Interactions, Users
from tfrec_zoo.evaluation import recommend, recommend_indices
from tfrec_zoo.features import FeatureSpace

SCORES = np.array([[99, 99, 5, 4, 3, 2], [99, 99, 1, 2, 3, 4]], np.float32)
INPUTS = {"history": np.array([[0, 2], [5, 4]], np.int32), "user_index": np.array([2, 3], np.int32)}


def test_seen_and_excluded_items_are_left_out() -> None:
    model = TableModel(SCORES)
    assert recommend_indices(model, INPUTS, 2).indices.tolist() == [[3, 4], [3, 2]]
    assert recommend_indices(model, INPUTS, 2, exclude_seen=False).indices.tolist() == [[2, 3], [5, 4]]
    for_all = recommend_indices(model, INPUTS, 2, exclude=np.array([3]))
    assert for_all.indices.tolist() == [[4, 5], [2, 0]]
    assert for_all.scores.tolist() == [[3, 2], [1, -np.inf]]
    each = recommend_indices(model, INPUTS, 2, exclude_seen=False, exclude=np.array([[2, 3], [0, 5]]))
    assert each.indices.tolist() == [[4, 5], [4, 3]]


def test_the_scores_of_the_model_are_left_alone() -> None:
    table = SCORES.copy()
    model = TableModel(table)
    model.catalogue_scorer = lambda: lambda batch: table  # type: ignore[method-assign]
    recommend_indices(model, INPUTS, 3)
    np.testing.assert_array_equal(table, SCORES)


@pytest.mark.parametrize("rows", [[6], [-1]])
def test_rows_outside_the_catalogue_are_refused(rows: list[int]) -> None:
    with pytest.raises(ValueError, match=r"Rows to leave out or to allow must be from 0 to 5. Received"):
        recommend_indices(TableModel(SCORES), INPUTS, exclude=np.array(rows))
    with pytest.raises(ValueError, match=r"Rows to leave out or to allow must be"):
        recommend_indices(TableModel(SCORES), INPUTS, allow=np.array(rows))


def test_rows_that_are_allowed_are_the_only_ones() -> None:
    model = TableModel(SCORES)
    some = recommend_indices(model, INPUTS, 2, allow=np.array([0, 3, 5, 5]), exclude=np.array([3]))
    assert some.indices.tolist() == [[5, 0], [0, 0]]
    assert recommend_indices(model, INPUTS, 2, allow=np.array([], int)).indices.tolist() == [[0, 0], [0, 0]]


@pytest.fixture
def features() -> FeatureSpace:
    train = Interactions(user_id=["u", "u", "v", "v"], item_id=["a", "b", "a", "c"])
    return FeatureSpace.fit(train, users=Users(["u", "v"], {"age": [20, 40]}), profile=["age"])


class Watches(TableModel):
    """Prefers the last items of the catalogue, and keeps the batch."""

    def catalogue_scorer(self) -> Any:
        def score(batch: Mapping[str, Any]) -> Any:
            self.batch = batch
            return np.arange(5, dtype=np.float32)[None, :]

        return score


def test_raw_ids_go_in_and_come_out(features: FeatureSpace) -> None:
    model = Watches(SCORES)
    found = recommend(model, features, history=["b", "nowhere"], user_id="v", k=5)
    assert features.item_vocabulary.tokens == ["a", "b", "c"]
    assert [(item.item_id, item.score) for item in found] == [("c", 4.0), ("a", 2.0)]
    assert model.batch["history"].tolist() == [[3]]
    assert model.batch["user_index"].tolist() == features.user_vocabulary.lookup(["v"]).tolist()
    np.testing.assert_array_equal(model.batch["age"], features.profiles(np.array(["v"], dtype=object))["age"])


def test_a_stranger_is_an_unknown_user_with_no_history(features: FeatureSpace) -> None:
    model = Watches(SCORES, max_history_length=3)
    assert [item.item_id for item in recommend(model, features, k=2)] == ["c", "b"]
    assert model.batch["history"].tolist() == [[0, 0, 0]]
    assert model.batch["user_index"].tolist() == [1]


def test_the_model_reads_the_newest_but_all_seen_items_are_left_out(features: FeatureSpace) -> None:
    model = Watches(SCORES, max_history_length=1)
    history = ["c", "a"]
    assert [item.item_id for item in recommend(model, features, history=history)] == ["b"]
    assert model.batch["history"].tolist() == [[2]]
    kept = recommend(model, features, history=history, exclude_seen=False)
    assert [item.item_id for item in kept] == ["c", "b", "a"]


def test_a_string_is_no_history(features: FeatureSpace) -> None:
    with pytest.raises(TypeError, match=r"A history must be a sequence of item ids. Received: 'abc'"):
        recommend(Watches(SCORES), features, history="abc")


def test_excluded_and_allowed_ids_are_as_an_export_takes_them(features: FeatureSpace) -> None:
    model = Watches(SCORES)

    def ids(**limits: Any) -> list[str]:
        return [item.item_id for item in recommend(model, features, **limits)]

    assert ids() == ["c", "b", "a"]
    assert ids(exclude=["b", "nowhere", ""]) == ["c", "a"]
    assert ids(allow=["a", "b", "nowhere"]) == ["b", "a"]
    assert ids(allow=["a", "b"], exclude=["b"]) == ["a"]
    assert ids(history=["a"], allow=["a", "b"]) == ["b"]
    assert ids(history=["a"], allow=["a", "b"], exclude_seen=False) == ["b", "a"]
    assert ids(allow=[""]) == ["c", "b", "a"], "names none"
    assert ids(allow=["nowhere"]) == [], "names one, which is not there"
    for name in ("exclude", "allow"):
        with pytest.raises(TypeError, match=rf"`{name}` must be a sequence of ids. Received: 'abc'"):
            ids(**{name: "abc"})


def test_a_given_profile_stands_before_the_known_one(features: FeatureSpace) -> None:
    model = Watches(SCORES)
    own = features.profiles(np.array(["v"], dtype=object))["age"]
    recommend(model, features, [], "v", 3, {})
    np.testing.assert_array_equal(model.batch["age"], own)
    recommend(model, features, [], "v", 3, {"age": 20})
    np.testing.assert_array_equal(model.batch["age"], features.profiles(np.array(["u"], dtype=object))["age"])
    recommend(model, features, user_id="v", profile={"age": None})
    np.testing.assert_array_equal(model.batch["age"], [0.0])
    with pytest.raises(UnknownNameError, match=r"Unknown profile feature. Did you mean 'age'\?"):
        recommend(model, features, profile={"ages": 3})
    model.profile_features = ()  # type: ignore[attr-defined]
    with pytest.raises(UnknownNameError, match=r"Unknown profile feature. There is none here"):
        recommend(model, features, profile={"age": 3})


def test_times_go_with_a_model_that_reads_them(features: FeatureSpace) -> None:
    model = Watches(SCORES, max_history_length=2)
    with pytest.raises(ValueError, match="must be left out: this model reads no times"):
        recommend(model, features, ["a"], history_time=[3])
    model.reads_times = True  # type: ignore[attr-defined]
    recommend(model, features, ["a", "nowhere", "b", "c"], history_time=[1, 2, 3, 4])
    assert model.batch["history_time"].tolist() == [[3, 4]]
    for times in (None, [1, 2]):
        with pytest.raises(ValueError, match="must have a time for each item of the history"):
            recommend(model, features, ["a"], history_time=times)
