"""LiteRT files, in LiteRT's own runtime."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.export.exported import DATA, NUM_ITEMS, features_of, small_model
from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.export import export
from tfrec_zoo.export.formats.litert import to_litert
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.export.verification.check import check_engine
from tfrec_zoo.export.verification.engines import LITERT
from tfrec_zoo.export.verification.golden import golden_answers
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.models import list_models
from tfrec_zoo.serving import LiteRTRecommender, load

SIZES = ("float32", "float16", "int8")


@pytest.fixture(scope="module", params=list_models())
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    features = features_of(request.param == "cnn_ranker")
    model = small_model(request.param, features)
    folder = tmp_path_factory.mktemp("litert") / request.param
    export(model, features, folder, litert=SIZES)
    return model, features, folder


def test_float32_answers_as_the_model(exported) -> None:
    model, features, folder = exported
    files = read_manifest(folder).litert_files(folder)
    assert sorted(files) == sorted(SIZES)
    goldens = golden_answers(model, features, 60)
    checks = check_engine(LITERT, files["float32"], goldens, features)
    assert [check.signature for check in checks] == ["recommend", "score"]
    assert all(check.passed and not check.reordered for check in checks), checks


def test_the_recommender_answers_as_that_of_the_saved_model(exported) -> None:
    _, features, folder = exported
    served = load(folder)
    device = LiteRTRecommender(read_manifest(folder).litert_files(folder)["float32"])
    assert device.description["precision"] == "float32"
    assert device.description["model"] == served.manifest.model
    ids = features.item_vocabulary.tokens
    name = next(iter(DATA.users.profile))
    profile = {name: DATA.users.profile[name][0]} if name in served.signatures["recommend"]["inputs"] else {}
    requests = [
        {"history": ids[:3], "k": 4},
        {"history": [], "k": NUM_ITEMS * 2},
        {"history": ["unheard of", ids[5], "", ids[6], ids[5]], "user_id": str(DATA.users.user_id[3])},
        {"history": ids[:20], "exclude": ids[20:25], "allow": ids[18:35]},
        {"history": ids[:30], "exclude_seen": False, "profile": profile},
    ]
    for request in requests:
        own, expected = device.recommend(**request), served.recommend(**request)
        assert [r.item_id for r in own] == [r.item_id for r in expected]
        np.testing.assert_allclose([r.score for r in own], [r.score for r in expected], rtol=1e-4, atol=1e-5)
    batch = [ids[:2], [], ids[4:9]]
    own, expected = device.recommend_batch(batch, k=3), served.recommend_batch(batch, k=3)
    assert [[r.item_id for r in row] for row in own] == [[r.item_id for r in row] for row in expected]
    assert device.recommend_batch([]) == []
    candidates = [*ids[:4], "unheard of"]
    np.testing.assert_allclose(
        device.score(candidates, ids[:3]), served.score(candidates, ids[:3]), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(DataError, match="must have the signature 'similar_items'"):
        device.similar_items(ids[0])


FRESH = """
import sys
for name in ("tensorflow", "keras", "pandas"):
    sys.modules[name] = None
import tfrec_zoo
found = tfrec_zoo.LiteRTRecommender(sys.argv[1]).recommend(sys.argv[2:], k=3)
print(",".join(item.item_id for item in found))
"""


def test_a_device_needs_no_tensorflow(exported) -> None:
    _, features, folder = exported
    history = features.item_vocabulary.tokens[:4]
    file = read_manifest(folder).litert_files(folder)["float32"]
    run = subprocess.run(
        [sys.executable, "-c", FRESH, str(file), *history], check=True, capture_output=True, text=True
    )
    assert run.stdout.strip().split(",") == [r.item_id for r in load(folder).recommend(history, k=3)]


def test_ids_of_any_script(tmp_path: Path) -> None:
    names = [f"\U0001f3b5{n}" for n in range(6)] + [f"\u00e9 {n}" for n in range(6)]
    interactions = type(DATA.interactions)([f"\u00fc{n // 12}" for n in range(144)], names * 12)
    features = FeatureSpace.fit(interactions)
    export(small_model("two_tower", features), features, tmp_path / "ids", litert=["float32"])
    file = read_manifest(tmp_path / "ids").litert_files(tmp_path / "ids")["float32"]
    found = LiteRTRecommender(file).recommend(names[:3], "\u00fc1", 20)
    assert {r.item_id for r in found} == set(names[3:])


def test_somebody_without_a_history_and_vectors_of_length_one(tmp_path: Path) -> None:
    features = features_of(False)
    model = small_model("gru_ranker", features, normalize=True, temperature=0.1)
    export(model, features, tmp_path / "x", litert=["float32"])
    device = LiteRTRecommender(read_manifest(tmp_path / "x").litert_files(tmp_path / "x")["float32"])
    served = load(tmp_path / "x")
    assert device.recommend([], k=4) == served.recommend([], k=4)
    assert [r.score for r in device.recommend([], k=2)] == [0, 0]


def test_smaller_weights_make_a_smaller_file_of_nearly_the_same_answers(tmp_path: Path) -> None:
    features = features_of(False)
    model = small_model("attention_ranker", features, embedding_dim=64, num_layers=1)
    export(model, features, tmp_path / "x", litert=SIZES)
    files = read_manifest(tmp_path / "x").litert_files(tmp_path / "x")
    sizes = [files[name].stat().st_size for name in SIZES]
    assert sizes == sorted(sizes, reverse=True)
    goldens = golden_answers(model, features, 20)
    for precision, limit in (("float16", 1e-3), ("int8", 0.1)):
        for check in check_engine(LITERT, files[precision], goldens, features):
            assert 0 < check.difference < limit


def test_an_operation_outside_of_litert_is_refused(monkeypatch) -> None:
    features = features_of(False)
    model = small_model("two_tower", features)
    module = ServingModule(model, features, 5)
    plain = type(model).with_bias
    monkeypatch.setattr(
        type(model),
        "with_bias",
        lambda self, scores: plain(self, tf.strings.to_number(tf.strings.as_string(scores))),
    )
    with pytest.raises(ValueError, match="must need LiteRT's own operations alone"):
        to_litert(module, "float32", {})


def test_refusals(tmp_path: Path, monkeypatch) -> None:
    features = features_of(False)
    model = small_model("two_tower", features)
    with pytest.raises(UnknownNameError, match="Did you mean 'float16'"):
        export(model, features, tmp_path / "x", litert=["float15"])
    with monkeypatch.context() as patch:
        patch.setattr("tfrec_zoo.export.verification.engines.find_spec", lambda name: None)
        with pytest.raises(DataError, match=r"pip install 'tfrec-zoo\[litert\]'"):
            export(model, features, tmp_path / "x", litert=["float32"])
    assert not (tmp_path / "x").exists()
    with pytest.raises(DataError, match="no file at"):
        LiteRTRecommender(tmp_path / "nothing.tflite")
    (tmp_path / "text.tflite").write_text("not a model, but long enough to be looked at")
    with pytest.raises(DataError, match="which LiteRT cannot open"):
        LiteRTRecommender(tmp_path / "text.tflite")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
        with pytest.raises(ImportError, match="pip install ai-edge-litert"):
            LiteRTRecommender(tmp_path / "text.tflite")
