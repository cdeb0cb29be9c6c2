"""Checks of the bridge to TFRS, as a script: importing the bridge changes `tf.keras` in the whole process.

python -m tests.interop.tfrs_checks FOLDER NAME... prints {NAME: "" or the traceback} as its last line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.evaluation.recommend import recommend
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.interop import tfrs
from tfrec_zoo.models import create_model
from tfrec_zoo.training import RunConfig, train

NUM_ITEMS = 300
DATA = synthetic(num_users=200, num_items=NUM_ITEMS, num_interactions=6000, seed=3)
SPLIT = leave_last_out(DATA.interactions)
SHARED = {"embedding_dim": 8, "max_history_length": 6, "use_item_id": True}


@cache
def trained(name: str = "two_tower", content: bool = True, **settings: Any) -> tuple[Any, FeatureSpace]:
    chosen = {"content": ["categories"], "profile": list(DATA.users.profile)} if content else {}
    features = FeatureSpace.fit(SPLIT.train, DATA.items, DATA.users, **chosen)
    model = create_model(name, features.schema, **SHARED, **settings)
    if content:
        model.set_content(features.item_features)
    train(model, features.transform(SPLIT), RunConfig(epochs=1, batch_size=256))
    return model, features


def people(features: FeatureSpace, model: Any, n: int = 5) -> dict[str, tf.Tensor]:
    items = features.item_vocabulary.tokens
    raw: dict[str, Any] = {
        "history": tf.constant([[*items[row : row + row], *[""] * (n - row)] for row in range(n)]),
        "user_id": tf.constant([str(user) for user in DATA.users.user_id[:n]]),
    }
    for feature in model.profile_features:
        values = DATA.users.profile[feature.name][:n]
        raw[feature.name] = (
            tf.constant(values, tf.float32)
            if feature.kind == "number"
            else tf.ragged.constant([[v] if isinstance(v, str) else list(v) for v in values]).to_tensor("")
        )
    return raw


def expected(model: Any, features: FeatureSpace, raw: dict[str, tf.Tensor], k: int) -> list[Any]:
    return [
        recommend(
            model,
            features,
            history=[name.decode() for name in raw["history"].numpy()[row] if name],
            user_id=raw["user_id"].numpy()[row].decode(),
            k=k,
            exclude_seen=False,
        )
        for row in range(len(raw["user_id"]))
    ]


def same(found: tuple[Any, Any], lists: list[Any]) -> None:
    scores, ids = (values.numpy() for values in found)
    assert [[name.decode() for name in row] for row in ids] == [[r.item_id for r in row] for row in lists]
    np.testing.assert_allclose(scores, [[r.score for r in row] for row in lists], rtol=1e-4, atol=1e-5)


def exact_indices_rank_as_the_model(folder: Path) -> None:
    for settings in ({}, {"normalize": True}):
        model, features = trained(**settings)
        raw = people(features, model)
        for kind in ("brute_force", "streaming"):
            index = tfrs.retrieval_index(model, features, kind, k=7)
            same(index(raw), expected(model, features, raw, 7))
            same(index(raw, k=3), expected(model, features, raw, 3))


def exclusions_are_raw_ids(folder: Path) -> None:
    model, features = trained()
    raw = people(features, model)
    index = tfrs.retrieval_index(model, features, k=7)
    _, ids = index.query_with_exclusions(raw, exclusions=raw["history"])
    for history, row in zip(raw["history"].numpy(), ids.numpy(), strict=True):
        assert len(set(row)) == 7
        assert not set(history) & set(row)


def retired_items_are_not_found(folder: Path) -> None:
    model, features = trained(content=False)
    raw = people(features, model)
    before = expected(model, features, raw, 6)
    retired = {before[2][0].item_id, before[4][3].item_id}
    for kind in ("brute_force", "streaming"):
        assert tfrs.export_index(model, features, folder / kind, kind, 6, retired=retired) == 1
        _, ids = tfrs.retrieval_index(model, features, kind, 6, retired=retired)(raw)
        left = [[r.item_id for r in row if r.item_id not in retired] for row in before]
        assert [row[:4].astype(str).tolist() for row in ids.numpy()] == [row[:4] for row in left]
    with pytest.raises(ValueError, match=f"from 1 to the {NUM_ITEMS - 2} items"):
        tfrs.retrieval_index(model, features, k=NUM_ITEMS, retired=retired)


def saved_indices_answer_without_this_package(folder: Path) -> None:
    model, features = trained(content=False)
    raw = people(features, model)
    for kind in ("brute_force", "streaming"):
        assert tfrs.export_index(model, features, folder / kind, kind, k=6) == 1
        found = answer_of_a_fresh_process(folder / kind, raw)
        assert found == [[r.item_id for r in row] for row in expected(model, features, raw, 6)]


def scann_finds_the_best(folder: Path) -> None:
    model, features = trained(content=False)
    raw = people(features, model)
    recall = tfrs.export_index(model, features, folder / "scann", "scann", k=6, num_leaves_to_search=17)
    assert recall > 0.95
    found = answer_of_a_fresh_process(folder / "scann", raw, "from scann import scann_ops")
    best = [{r.item_id for r in row} for row in expected(model, features, raw, 6)]
    assert np.mean([len(set(row) & of_row) / 6 for row, of_row in zip(found, best, strict=True)]) > 0.9
    with pytest.raises(ValueError, match=r"must find 1.01 of the exact best.*Received"):
        tfrs.export_index(model, features, folder / "second", "scann", minimum_recall=1.01)
    assert not (folder / "second").exists()


def scann_that_is_not_installed_is_named(folder: Path) -> None:
    with pytest.raises(ImportError, match="scann"):
        tfrs.retrieval_index(*trained(content=False), "scann")


FRESH = """
import json, sys
sys.modules.update(dict.fromkeys(("tfrec_zoo", "tensorflow_recommenders", "keras")))
import tensorflow as tf
exec(sys.argv[3])
answer = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
found = answer(**{name: tf.constant(values) for name, values in json.loads(sys.argv[2]).items()})
print(json.dumps([[name.decode() for name in row] for row in found["item_ids"].numpy()]))
"""


def answer_of_a_fresh_process(folder: Path, raw: dict[str, tf.Tensor], first: str = "") -> list[list[str]]:
    values = {name: tensor.numpy().astype(str).tolist() for name, tensor in raw.items()}
    command = [sys.executable, "-c", FRESH, str(folder), json.dumps(values), first]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found: list[list[str]] = json.loads(run.stdout.splitlines()[-1])
    return found


def the_metric_is_that_of_evaluate(folder: Path) -> None:
    ks = (1, 5, 10, 50)
    for name in ("two_tower", "gru_ranker"):
        model, features = trained(name, content=False)
        encoded = features.transform(SPLIT)
        for part in ("validation", "test"):
            found = tfrs.factorized_top_k(model, encoded, part, ks)
            ours = evaluate(model, encoded, part, ks=ks, exclude_seen=False).metrics
            assert 0 < found["target_hr@50"] < 1
            for key, value in found.items():
                assert value == pytest.approx(ours[key], abs=1e-6), (name, part, key)


def a_two_stage_model_gives_its_retriever(folder: Path) -> None:
    model, features = trained("two_stage", content=False, num_candidates=20)
    raw = people(features, model)
    for row in range(1, 5):
        raw_row = {name: values[row : row + 1] for name, values in raw.items()}
        _, ids = tfrs.retrieval_index(model, features, k=20)(raw_row)
        lists = expected(model, features, raw_row, 20)
        # The retriever passes over the history where nothing else is asked.
        of_model = {r.item_id for r in lists[0]}
        left_out = set(raw_row["history"].numpy().astype(str)[0])
        assert {name for name in ids.numpy().astype(str)[0] if name not in left_out} <= of_model
    assert tfrs.export_index(model, features, folder / "index") == 1


def refusals(folder: Path) -> None:
    model, features = trained(content=False)
    with pytest.raises(UnknownNameError, match="Did you mean 'brute_force'"):
        tfrs.retrieval_index(model, features, "bruteforce")
    for k in (0, NUM_ITEMS + 1):
        with pytest.raises(ValueError, match="`k` must be from 1 to the"):
            tfrs.retrieval_index(model, features, k=k)
    other = create_model("attention_ranker", features.schema, **SHARED, target_attention=True)
    with pytest.raises(ValueError, match="whose scores are inner products"):
        tfrs.retrieval_index(other, features)
    encoded = features.transform(SPLIT)
    with pytest.raises(ValueError, match="must score by inner products"):
        tfrs.factorized_top_k(other, encoded)
    with pytest.raises(UnknownNameError, match="part"):
        tfrs.factorized_top_k(model, encoded, "train")
    for ks in ((), (0,), (NUM_ITEMS + 1,)):
        with pytest.raises(ValueError, match="`ks` must be from 1 to the"):
            tfrs.factorized_top_k(model, encoded, ks=ks)
    with pytest.raises(ValueError, match="those that the model was built for"):
        tfrs.retrieval_index(trained()[0], features)
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").touch()
    with pytest.raises(DataError, match="must go to a new or empty folder"):
        tfrs.export_index(model, features, folder / "mine")


def an_index_that_answers_otherwise_is_not_left(folder: Path) -> None:
    model, features = trained(content=False)
    export_module = sys.modules["tfrec_zoo.interop.tfrs.export"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_module, "vectors_to_index", lambda _, table: np.asarray(table)[2:] * 1.01)
        with pytest.raises(ValueError, match="must answer as the model does"):
            tfrs.export_index(model, features, folder / "index")
    assert list(folder.iterdir()) == []


def keras_stays_keras_3(folder: Path) -> None:
    assert keras.__version__.startswith("3.")
    assert isinstance(trained(content=False)[0], keras.Model)


CHECKS: dict[str, Callable[[Path], None]] = {
    check.__name__: check
    for check in (
        exact_indices_rank_as_the_model,
        exclusions_are_raw_ids,
        retired_items_are_not_found,
        saved_indices_answer_without_this_package,
        scann_finds_the_best,
        scann_that_is_not_installed_is_named,
        the_metric_is_that_of_evaluate,
        a_two_stage_model_gives_its_retriever,
        refusals,
        an_index_that_answers_otherwise_is_not_left,
        keras_stays_keras_3,
    )
}


def outcome(name: str, folder: Path) -> str:
    folder.mkdir()
    try:
        CHECKS[name](folder)
    except BaseException:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    print(json.dumps({name: outcome(name, Path(sys.argv[1]) / name) for name in sys.argv[2:]}))
