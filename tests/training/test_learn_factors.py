"""An item encoder that learns EASE's factors, and so places items that nobody has touched."""

from __future__ import annotations

import numpy as np
import pytest

from tfrec_zoo.baselines import EASE
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import cold_items_split
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import create_model
from tfrec_zoo.training import RunConfig, train

DATA = synthetic(num_users=300, num_items=120, num_interactions=6000, seed=3)
SPLIT = cold_items_split(DATA.interactions)
FEATURES = FeatureSpace.fit(SPLIT.train, DATA.items, content=["categories", "vectors"])
ENCODED = FEATURES.transform(SPLIT)
RUN = RunConfig(teacher="ease", epochs=15, batch_size=16, learning_rate=1e-2)


def model_of(**settings):
    settings = {"score": "dot", "loss": "full", "profile_of": "id", "max_history_length": 50} | settings
    model = create_model("cnn_ranker", FEATURES.schema, embedding_dim=16, **settings)
    model.set_content(FEATURES.item_features)
    return model


def test_new_items_are_placed_by_what_is_known_of_others() -> None:
    model = model_of()
    untrained = evaluate(model, ENCODED, num_bootstrap=0).metrics["ndcg@10"]
    history = train(model, ENCODED, RUN)
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_ndcg@10"][0] > 0
    assert evaluate(model, ENCODED, num_bootstrap=0).metrics["ndcg@10"] > untrained + 0.1


def test_items_of_a_history_stand_for_their_factors() -> None:
    model = model_of()
    train(model, ENCODED, RUN)
    of_history, of_items = EASE().fit(ENCODED.train, FEATURES.schema.num_trained_items).factors(16)
    scale = (of_items[2:] - of_items[2:].mean(axis=0)).std()
    history = np.array([[0, 0, 4, 9], [0, 3, 5, 8]], np.int32)
    query = model({"history": history, "user_index": np.zeros(2, np.int32)})["query"]
    expected = [of_history[[4, 9]].mean(axis=0) * scale, of_history[[3, 5, 8]].mean(axis=0) * scale]
    np.testing.assert_allclose(query, expected, rtol=1e-4, atol=1e-7)


def test_the_seed_decides_the_run() -> None:
    first, again, other = (model_of(seed=seed) for seed in (1, 1, 2))
    for model in (first, again, other):
        train(model, ENCODED, RUN)
    np.testing.assert_array_equal(first.item_vectors(), again.item_vectors())
    assert np.abs(first.item_vectors() - other.item_vectors()).max() > 1e-3


@pytest.mark.parametrize(
    "settings",
    [
        {"profile_of": "both"},
        {"score": "dense"},
        {"normalize": True},
        {"use_item_id": True},
        {"use_user_id": True},
        {"query_hidden_dims": (8,)},
        {"loss": "like"},
    ],
)
def test_a_model_that_factors_do_not_fit_is_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="`teacher='ease'` is for a cnn_ranker with profile_of='id'"):
        train(model_of(**settings), ENCODED, RUN)


def test_another_model_is_refused() -> None:
    model = create_model("gru_ranker", FEATURES.schema)
    model.set_content(FEATURES.item_features)
    with pytest.raises(ValueError, match="is for a cnn_ranker"):
        train(model, ENCODED, RUN)
