"""One seam: what re-orders the lists is met alike by evaluation, `recommend`, the SavedModel and LiteRT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.export.exported import DATA, SPLIT, features_of, small_model
from tfrec_zoo.evaluation import evaluate, recommend, target_ranks
from tfrec_zoo.export import export, refresh_catalogue, verify
from tfrec_zoo.reranking import RERANKERS, ReRanker, describe_reranker, make_reranker
from tfrec_zoo.schema import NUM_RESERVED
from tfrec_zoo.serving import LiteRTRecommender, load

IDS = features_of(False).item_vocabulary.tokens
PEOPLE: list[list[str]] = [IDS[:3], IDS[7:8], []]


class Upside(ReRanker):
    """The worst come first, and a bonus goes to rows above a number."""

    def __init__(self, bonus_from: int = 20) -> None:
        self.bonus_from = bonus_from

    def get_config(self) -> dict[str, Any]:
        return {"bonus_from": self.bonus_from}

    def __call__(self, scores: Any, *, inputs: Mapping[str, Any], k: Any) -> Any:
        assert "history" in inputs
        refused = scores < -1e30
        bonus = np.where(np.arange(scores.shape[-1]) >= self.bonus_from, 3.0, 0.0).astype(np.float32)
        return keras.ops.where(refused, scores, bonus - scores)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    RERANKERS.register("upside", Upside)
    yield
    RERANKERS.unregister("upside")


def test_the_identity_changes_nothing() -> None:
    features = features_of(False)
    encoded = features.transform(SPLIT)
    model = small_model("two_tower", features)
    plain = evaluate(model, encoded, num_bootstrap=0)
    assert evaluate(model, encoded, num_bootstrap=0, reranker=ReRanker()).metrics == plain.metrics
    assert describe_reranker(ReRanker()) == {}
    assert type(make_reranker({})) is ReRanker


@pytest.mark.parametrize("name", ["two_tower", pytest.param("two_stage", marks=pytest.mark.slow)])
def test_every_door_gives_the_re_ranked_list(name: str, tmp_path: Path) -> None:
    features = features_of(False)
    model, reranker = small_model(name, features), Upside(12)
    export(model, features, tmp_path / "m", reranker=reranker, litert=["float32"])
    assert all(row.passed for row in verify(tmp_path / "m", 20))
    served = load(tmp_path / "m")
    assert served.manifest.reranker == {"name": "upside", "config": {"bonus_from": 12}}
    device = LiteRTRecommender(next(iter(served.manifest.litert_files(tmp_path / "m").values())))
    profiles = {name: None for name in DATA.users.profile} if name == "two_tower" else {}
    for history in PEOPLE:
        in_memory = recommend(model, features, history=history, k=6, reranker=reranker, profile=profiles)
        plain = recommend(model, features, history=history, k=6, profile=profiles)
        assert [item.item_id for item in in_memory] != [item.item_id for item in plain]
        for recommender in (served, device):
            found = recommender.recommend(history, k=6, profile=profiles)
            assert [item.item_id for item in found] == [item.item_id for item in in_memory]
            np.testing.assert_allclose(
                [item.score for item in found], [item.score for item in in_memory], rtol=1e-4, atol=1e-5
            )


def test_ranks_are_those_of_the_re_ranked_scores() -> None:
    features = features_of(False)
    encoded = features.transform(SPLIT)
    model, reranker = small_model("two_tower", features), Upside(12)
    ranked = target_ranks(model, encoded, reranker=reranker, list_k=5)
    scores = model.catalogue_scorer()(
        {
            "history": encoded.history_of("test").history(ranked.rows, model.max_history_length),
            "user_index": encoded.train.user_index[ranked.rows],
            **{name: values[ranked.rows] for name, values in encoded.train.profile.items()},
        }
    )
    history = encoded.history_of("test")
    for row, user in enumerate(ranked.rows):
        own = np.where(np.arange(scores.shape[1]) >= 12, 3.0, 0.0).astype(np.float32) - scores[row]
        own[:NUM_RESERVED] = -np.inf
        own[history.item_index[history.row_splits[user] : history.row_splits[user + 1]]] = -np.inf
        np.testing.assert_array_equal(ranked.lists[row], np.argsort(-own, kind="stable")[:5])
        target = ranked.item_index[ranked.row_splits[row]]
        expected = np.inf if own[target] == -np.inf else np.count_nonzero(own >= own[target])
        assert ranked.ranks[ranked.row_splits[row]] == expected


def test_a_refresh_keeps_it_and_an_unregistered_one_is_refused(tmp_path: Path) -> None:
    features = features_of(False)
    model = small_model("gru_ranker", features)
    export(model, features, tmp_path / "m", reranker=Upside(9))
    refresh_catalogue(tmp_path / "m", retire=IDS[:1])
    assert load(tmp_path / "m").manifest.reranker == {"name": "upside", "config": {"bonus_from": 9}}
    RERANKERS.unregister("upside")
    with pytest.raises(ValueError, match="must be registered"):
        export(model, features, tmp_path / "other", reranker=Upside())
    with pytest.raises(ValueError, match="Unknown re-ranker"):
        verify(tmp_path / "m", 5)
    RERANKERS.register("upside", Upside)


class Zero(ReRanker):
    """Forgets what must not come."""

    def __call__(self, scores: Any, *, inputs: Mapping[str, Any], k: Any) -> Any:
        return keras.ops.zeros_like(scores)


class Short(ReRanker):
    """Forgets most items."""

    def __call__(self, scores: Any, *, inputs: Mapping[str, Any], k: Any) -> Any:
        return scores[:, :5]


def test_what_must_not_come_does_not_come_back(tmp_path: Path) -> None:
    features = features_of(False)
    model = small_model("gru_ranker", features)
    history, left_out = IDS[:3], IDS[5:7]
    RERANKERS.register("zero", Zero)
    try:
        export(model, features, tmp_path / "m", reranker=Zero(), litert=["float32"])
        served = load(tmp_path / "m")
    finally:
        RERANKERS.unregister("zero")
    device = LiteRTRecommender(next(iter(served.manifest.litert_files(tmp_path / "m").values())))
    for found in (
        recommend(model, features, history, k=50, exclude=left_out, reranker=Zero()),
        served.recommend(history, k=50, exclude=left_out),
        device.recommend(history, k=50, exclude=left_out),
    ):
        assert len(found) == len(IDS) - 5
        assert not {item.item_id for item in found} & {*history, *left_out}


def test_what_is_no_re_ranker_is_refused() -> None:
    features = features_of(False)
    model = small_model("gru_ranker", features)
    for wrong in ("upside", Upside):
        with pytest.raises(TypeError, match="must be a ReRanker that is made"):
            recommend(model, features, reranker=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must give a score for each that it gets"):
        recommend(model, features, reranker=Short())
    with pytest.raises(ValueError, match="must give a score for each that it gets"):
        evaluate(model, features.transform(SPLIT), reranker=Short())
    with pytest.raises(ValueError, match="must be a subclass of ReRanker"):
        RERANKERS.register("made", Upside())  # type: ignore[arg-type]
