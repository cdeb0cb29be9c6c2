"""Exports through engines that are not of this package, and what a server reads beside a SavedModel."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig
from typer.testing import CliRunner

from tests.export.exported import features_of, small_model
from tfrec_zoo.cli.main import app
from tfrec_zoo.export import export, verify
from tfrec_zoo.export.verification.check import EngineCheck, check_engine, refuse_mismatches
from tfrec_zoo.export.verification.engines import CPP_LOADER, ENGINES, SAVED_MODEL
from tfrec_zoo.export.verification.golden import Golden, compare, golden_answers
from tfrec_zoo.models import list_models

SIGNATURES = {"serving_default", "recommend", "score", "similar_items", "encode_query", "encode_item"}


@pytest.fixture(scope="module", params=list_models())
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    features = features_of(request.param == "cnn_ranker")
    folder = tmp_path_factory.mktemp("verify") / request.param
    ids = {"use_item_id": request.param != "cnn_ranker"}
    export(small_model(request.param, features, **ids), features, folder, litert=["float32"])
    return folder


def test_every_engine_answers_as_the_model(exported: Path) -> None:
    checks = verify(exported, 30)
    asked = {(check.engine, check.signature) for check in checks}
    assert asked == {
        *((engine.name, name) for engine in (SAVED_MODEL, CPP_LOADER) for name in SIGNATURES),
        ("OpenVINO", "serving_default"),
        ("LiteRT, float32", "recommend"),
        ("LiteRT, float32", "score"),
    }
    for check in checks:
        assert check.passed, check
        assert (check.requests, check.reordered) == (30, 0), check


def test_warm_up_requests_are_answered(exported: Path) -> None:
    file = exported / "1" / "assets.extra" / "tf_serving_warmup_requests"
    signatures = tf.saved_model.load(str(exported / "1")).signatures
    asked = []
    for record in tf.data.TFRecordDataset(str(file)):
        request = PredictionLog.FromString(record.numpy()).predict_log.request
        asked.append(request.model_spec.signature_name)
        assert request.model_spec.name == exported.name
        answer = signatures[asked[-1]](
            **{name: tf.constant(tf.make_ndarray(proto)) for name, proto in request.inputs.items()}
        )
        assert all(len(values) == 1 for values in answer.values())
    assert set(asked) == SIGNATURES


def test_server_configurations_can_be_read(exported: Path) -> None:
    config = text_format.Parse((exported / "models.config").read_text(), ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == (exported.name, f"/models/{exported.name}")
    assert "pad_variable_length_inputs: true" in (exported / "batching.config").read_text()
    card = (exported / "README.md").read_text()
    assert f'docker run --rm -p 127.0.0.1:8501:8501 -v "$PWD/{exported.name}:/models/{exported.name}"' in card


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    features = features_of(False)
    export(small_model("gru_ranker", features), features, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.mark.parametrize("engine", [SAVED_MODEL, CPP_LOADER], ids=lambda engine: engine.name)
def test_an_engine_refuses_a_folder_without_variables(damaged: Path, engine) -> None:
    features = features_of(False)
    goldens = golden_answers(small_model("gru_ranker", features), features, 2)
    shutil.rmtree(damaged / "1" / "variables")
    checks = check_engine(engine, damaged / "1", goldens, features)
    assert all("cannot answer from" in check.problem and not check.passed for check in checks)
    with pytest.raises(ValueError, match=r"cannot answer from .* Nothing was published"):
        refuse_mismatches(checks)


def test_the_command_tells_what_each_engine_did(damaged: Path, monkeypatch) -> None:
    monkeypatch.setattr(ENGINES, "_entries", {name: ENGINES[name] for name in ("cpp_loader", "litert")})
    run = CliRunner().invoke(app, ["verify", str(damaged), "--requests", "5"])
    assert run.exit_code == 0, run.output
    assert "no LiteRT file in this export" in run.output
    assert "0 of 5" in run.output
    run = CliRunner().invoke(app, ["verify", str(damaged), "--requests", "5", "--json"])
    rows = json.loads(run.stdout)
    assert {row["signature"] for row in rows if not row["skipped"]} == SIGNATURES
    assert all(row["passed"] for row in rows)
    wrong = EngineCheck("an engine", "score", difference=0.5, requests=5)
    monkeypatch.setattr("tfrec_zoo.export.verification.verify.check_engine", lambda *_: [wrong])
    run = CliRunner().invoke(app, ["verify", str(damaged), "--requests", "5"])
    assert (run.exit_code, "above 0.0001" in run.output) == (1, True)


def test_the_difference_of_lists() -> None:
    features = features_of(False)
    names = features.item_vocabulary.strings
    values = np.full((1, 42), -np.inf, np.float32)
    values[0, [5, 6, 7, 8]] = [4.0, 3.0, 3.0, 1.0]
    golden = Golden({}, values, "item_ids")

    def difference(rows: list[int], scores: list[float]):
        answer = {"item_ids": names(np.array([rows])).astype(str), "scores": np.array([scores], np.float32)}
        found = compare(golden, answer, features)
        return found.largest, found.reordered

    inf = float("-inf")
    assert difference([5, 6, 7], [4, 3, 3]) == (0, 0)
    assert difference([5, 7, 6], [4, 3, 3]) == (0, 0), "an exact tie"
    assert difference([5, 7, 8], [4, 3, 1]) == (2, 1), "a better one left out"
    assert difference([6, 5, 7], [3, 4, 3]) == (1, 1), "another order"
    assert difference([5, 6, 7], [4, 3, 2.5])[0] == 0.5
    assert difference([5, 6, 6], [4, 3, 3])[0] == np.inf, "the same item twice"
    assert difference([5, 6, 9], [4, 3, 3])[0] == np.inf, "one that must not come"
    assert difference([5, 6, 7, 8, 0], [4, 3, 3, 1, inf]) == (0, 0), "an empty tail"
    assert difference([5, 6, 7, 0, 0], [4, 3, 3, inf, inf])[0] == np.inf, "a tail too early"
    assert difference([5, 6, 7], [4, 3, float("nan")])[0] == np.inf
    # A first stage of rounded weights retrieved item 9, which may come, in the place of item 7.
    answer = {"item_ids": names(np.array([[5, 6, 9]])).astype(str), "scores": np.array([[4, 3, 2.9]], "f")}
    golden = Golden({}, values, "item_ids", np.ones((1, 42), bool))
    assert compare(golden, answer, features, rounded=True).largest == pytest.approx(0.1)
    assert compare(golden, answer, features).largest == np.inf
    closed = Golden({}, values, "item_ids", ~np.isneginf(values))
    assert compare(closed, answer, features, rounded=True).largest == np.inf
