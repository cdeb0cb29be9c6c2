from __future__ import annotations

import numpy as np
import pytest

from tfrec_zoo.models import create_model
from tfrec_zoo.schema import Feature, Schema

SCHEMA = Schema(num_users=10, num_items=30, num_trained_items=30)
RNG = np.random.default_rng(0)
HISTORY = np.array([[0, 0, 5, 9], [7, 8, 2, 3], [0, 0, 0, 0]], np.int32)
INPUTS = {"history": HISTORY, "user_index": np.array([2, 3, 1], np.int32)}


def make(**settings):
    return create_model("two_stage", SCHEMA, embedding_dim=8, max_history_length=4, **settings)


@pytest.mark.parametrize("ranker", ["attention_ranker", "gru_ranker", "cnn_ranker"])
@pytest.mark.parametrize("num_candidates", [1, 6, 100])
def test_it_is_the_retrievers_best_in_the_rankers_order(ranker: str, num_candidates: int) -> None:
    model = make(
        ranker=ranker,
        num_candidates=num_candidates,
        retriever_settings={"embedding_dim": 5},
        ranker_settings={"use_item_id": True},
    )
    found = model.catalogue_scorer()(INPUTS)
    first, second = (stage.catalogue_scorer()(INPUTS) for stage in model.stages)
    assert found.shape == (3, 30)
    for row in range(3):
        open_to_all = [item for item in range(2, 30) if item not in HISTORY[row]]
        retrieved = sorted(open_to_all, key=lambda item: -first[row, item])[:num_candidates]
        expected = np.full(30, -np.inf)
        expected[retrieved] = second[row, retrieved]
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-5)


def test_what_is_not_allowed_takes_no_candidates_place() -> None:
    model = make(num_candidates=4)
    vectors = model.item_vectors()
    everything = np.ones((3, 30), bool)
    best = np.argsort(-np.asarray(model.catalogue_scores(INPUTS, vectors, everything)), axis=1)[:, :2]
    np.put_along_axis(everything, best, False, axis=1)
    again = np.asarray(model.catalogue_scores(INPUTS, vectors, everything))
    assert (np.take_along_axis(again, best, axis=1) == -np.inf).all()
    assert (np.isfinite(again).sum(axis=1) == 4).all()


def test_settings_reach_their_stage_and_wrong_ones_are_refused() -> None:
    model = make(
        ranker="gru_ranker", retriever_settings={"loss": "in_batch"}, ranker_settings={"num_layers": 2}
    )
    assert model.retriever.config.loss == "in_batch"
    assert model.ranker.config.loss == "full"
    assert model.ranker.config.num_layers == 2
    assert model.vector_dim == 16
    with pytest.raises(ValueError, match="two_tower"):
        make(ranker="two_tower")
    with pytest.raises(ValueError, match="Unknown ranker"):
        make(ranker=["gru_ranker"])
    with pytest.raises(ValueError, match="`num_layers` must be a value of type int"):
        make(ranker_settings={"num_layers": "2"})
    with pytest.raises(ValueError, match="num_layer"):
        make(ranker_settings={"num_layer": 2})


def test_a_ranker_by_content_stays_one() -> None:
    schema = Schema(10, 30, 30, item_features=(Feature("title", "text", (4,), 9),))
    for settings, first, second in (
        ({}, True, False),
        ({"ranker_settings": {"use_item_id": True}}, True, True),
        ({"use_item_id": False}, False, False),
        ({"ranker": "gru_ranker"}, True, True),
        ({"ranker": "gru_ranker", "use_item_id": False}, False, False),
    ):
        model = create_model("two_stage", schema, **{"ranker": "cnn_ranker", **settings})
        assert model.retriever.config.use_item_id is first, settings
        assert model.ranker.config.use_item_id is second, settings
    with pytest.raises(ValueError, match=r"`ranker_settings=\{'use_item_id': True\}`. Received: 'a schema"):
        make(ranker="cnn_ranker")
