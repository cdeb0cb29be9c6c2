"""Examples that a model cannot train on, and splits of other features, are refused before the first batch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfrec_zoo.baselines import Popularity
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import RecommenderModel, create_model
from tfrec_zoo.pipelines import pairs, sequences
from tfrec_zoo.training import RunConfig, train


def prepared(num_users: int, num_items: int, profile: bool = False) -> tuple[FeatureSpace, EncodedSplit]:
    data = synthetic(num_users=num_users, num_items=num_items, num_interactions=num_users * 6, seed=1)
    split = leave_last_out(data.interactions)
    columns = list(data.users.profile) if profile and data.users else []
    features = FeatureSpace.fit(split.train, users=data.users, profile=columns)
    return features, features.transform(split)


FEATURES, SPLIT = prepared(40, 20)
WITH_PROFILE, _ = prepared(40, 20, profile=True)
SIZES = {"batch_size": 8, "max_history_length": 4}


def model_of(name: str, features: FeatureSpace = FEATURES, **settings) -> RecommenderModel:
    return create_model(name, features.schema, embedding_dim=4, max_history_length=4, **settings)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("two_tower", {}),
        ("two_stage", {}),
        ("gru_ranker", {"loss": "rating"}),
        ("attention_ranker", {"target_attention": True}),
    ],
)
def test_sequences_are_no_pairs(name: str, settings: dict) -> None:
    model = model_of(name, **settings)
    model.compile()
    with pytest.raises(ValueError, match=r"`pipelines.pairs`.* Received: TensorSpec\(shape=\(None, None\)"):
        model.fit(sequences(SPLIT.train, **SIZES))


def test_a_sequence_model_takes_pairs_too() -> None:
    model = model_of("gru_ranker")
    model.compile()
    model.fit(pairs(SPLIT.train, **SIZES), steps_per_epoch=1, verbose=0)


@pytest.mark.parametrize("pipeline", [pairs, sequences])
def test_times_that_a_model_reads(pipeline) -> None:
    model = model_of("attention_ranker", time_bias=True)
    model.compile()
    with pytest.raises(ValueError, match=r"must have \['history_time'\].*`with_times=True`.* Received: \["):
        model.fit(pipeline(SPLIT.train, **SIZES))


def test_profiles_that_a_model_reads() -> None:
    model = model_of("two_tower", WITH_PROFILE)
    model.compile()
    with pytest.raises(ValueError, match=r"must have \['age', 'group'\]"):
        model.fit(pairs(SPLIT.train, **SIZES))


@pytest.mark.parametrize("sizes", [(40, 30), (40, 16), (60, 20)])
@pytest.mark.parametrize("name", ["two_tower", "two_stage"])
def test_a_split_of_other_features(name: str, sizes: tuple[int, int]) -> None:
    _, other = prepared(*sizes)
    received = rf"Received: '{sizes[1] + 2} items, {sizes[0] + 2} users'"
    message = rf"encoded by .* the model's schema \(22 items, 42 users\).* {received}"
    model = model_of(name)
    with pytest.raises(ValueError, match=message):
        train(model, other, RunConfig(epochs=1))
    with pytest.raises(ValueError, match=message):
        evaluate(model, other)
    assert evaluate(Popularity().fit(other.train, other.num_items), other, num_bootstrap=0).num_users


def test_a_split_without_times() -> None:
    untimed = replace(SPLIT, train=replace(SPLIT.train, timestamp=None))
    with pytest.raises(ValueError, match="a model that reads times, needs a time for each interaction"):
        train(model_of("attention_ranker", time_bias=True), untimed, RunConfig(epochs=1))
