"""`recommend` in memory and of an export: the same arguments, the same lists."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from tests.export.exported import DATA, SPLIT, features_of, small_model
from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.evaluation import recommend
from tfrec_zoo.export import export
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import RecommenderModel
from tfrec_zoo.serving import Recommender, SavedModelRecommender, load
from tfrec_zoo.training import RunConfig, train

MODELS: dict[str, dict[str, Any]] = {
    "two_tower": {},
    "two_stage": {"num_candidates": 12},
    "attention_ranker": {"time_bias": True},
}
Both = tuple[RecommenderModel, FeatureSpace, SavedModelRecommender]


@pytest.fixture(
    scope="module",
    params=[
        "two_tower",
        *(pytest.param(name, marks=pytest.mark.slow) for name in MODELS if name != "two_tower"),
    ],
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    features = features_of(False)
    model = small_model(request.param, features, **MODELS[request.param])
    train(model, features.transform(SPLIT), RunConfig(epochs=2, learning_rate=0.02))
    folder = tmp_path_factory.mktemp("alike") / "shop"
    export(model, features, folder)
    return model, features, load(folder)


def drawn(model: RecommenderModel, features: FeatureSpace, seed: int) -> dict[str, Any]:
    """One request with every argument that the model takes; an export knows no profile by itself."""
    generator = np.random.default_rng(seed)
    names = [*features.item_vocabulary.tokens, "unheard of", ""]

    def some(most: int) -> list[str]:
        return [str(name) for name in generator.choice(names, generator.integers(most + 1))]

    history = some(12)
    request: dict[str, Any] = {"history": history, "k": int(generator.integers(1, 45))}
    request |= {"exclude": some(9), "exclude_seen": bool(generator.integers(2))}
    request["allow"] = [[], some(30), ["unheard of"], [""]][generator.choice(4, p=[0.3, 0.5, 0.1, 0.1])]
    row = generator.integers(len(DATA.users.user_id))
    request["user_id"] = [None, "nobody", "", DATA.users.user_id[row]][generator.integers(4)]
    if model.profile_features:
        values = {"group": DATA.users.profile["group"][row], "age": float(generator.normal(40, 20))}
        given: list[Any] = [
            values,
            values | {"age": None},
            values | {"group": ["unheard of", values["group"]]},
        ]
        request["profile"] = given[generator.integers(3)]
    if model.reads_times:
        request["history_time"] = np.sort(generator.integers(0, 10**7, len(history))).tolist()
    return request


def test_thirty_drawn_requests_have_the_same_lists(both: Both) -> None:
    model, features, served = both
    lengths = set()
    for seed in range(30):
        request = drawn(model, features, seed)
        found, expected = served.recommend(**request), recommend(model, features, **request)
        assert [item.item_id for item in found] == [item.item_id for item in expected], request
        np.testing.assert_allclose(
            [item.score for item in found], [item.score for item in expected], rtol=1e-4, atol=1e-5
        )
        lengths.add(len(found))
    assert 0 in lengths
    assert max(lengths) >= 12


def test_a_known_profile_is_that_of_an_export_s_request(both: Both) -> None:
    model, features, served = both
    if not model.profile_features:
        pytest.skip("reads no profile")
    for row in range(5):
        user = DATA.users.user_id[row]
        profile = {name: values[row] for name, values in DATA.users.profile.items()}
        found, expected = served.recommend((), user, 5, profile), recommend(model, features, (), user, 5)
        assert [item.item_id for item in found] == [item.item_id for item in expected]


def test_both_refuse_alike(both: Both) -> None:
    model, features, served = both
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (ValueError, {"k": 0}),
        (TypeError, {"k": 2.5}),
        (TypeError, {"history": "abc"}),
        (TypeError, {"history": [1.5]}),
        (TypeError, {"user_id": 1.5}),
        (TypeError, {"exclude": "abc"}),
        (TypeError, {"exclude": [None]}),
        (TypeError, {"allow": "abc"}),
        (UnknownNameError, {"profile": {"nothing": 1}}),
        (ValueError, {"history": ["a", "b"], "history_time": [1]}),
    ]
    for kind, arguments in wrong:
        times = {"history_time": []} if model.reads_times and "history" not in arguments else {}
        messages = []
        for ask in (served.recommend, lambda **given: recommend(model, features, **given)):
            with pytest.raises(kind) as error:
                ask(**times | arguments)
            messages.append(str(error.value))
        assert messages[0] == messages[1]


def test_the_arguments_have_the_same_names_order_and_defaults() -> None:
    served = list(inspect.signature(Recommender.recommend).parameters.values())[1:]
    in_memory = list(inspect.signature(recommend).parameters.values())[2:]
    assert in_memory.pop().name == "reranker", "of which an export has its own"
    assert [(p.name, p.kind, p.default) for p in in_memory] == [(p.name, p.kind, p.default) for p in served]
