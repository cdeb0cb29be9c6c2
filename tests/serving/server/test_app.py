"""The local server over HTTP."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from google.protobuf.json_format import ParseDict
from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusResponse

from tests.serving.conftest import Start, until
from tests.serving.exports import K, publish, request, rows_of
from tfrec_zoo.serving import load


def ask(address: str, body: Any, path: str = "/v1/models/shop:predict") -> requests.Response:
    return requests.post(
        address + path, data=body if isinstance(body, bytes) else json.dumps(body), timeout=30
    )


def test_both_forms_give_the_saved_model_s_answer(exports, start: Start) -> None:
    address, _ = start(exports["first"])
    columns = request()
    expected = load(exports["first"]).run("serving_default", {n: np.array(v) for n, v in columns.items()})
    by_column = ask(address, {"inputs": columns}).json()["outputs"]
    by_row = ask(address, {"instances": rows_of(columns)}).json()["predictions"]
    assert by_row == rows_of(by_column)
    assert by_column["item_ids"] == expected["item_ids"].tolist()
    np.testing.assert_allclose(by_column["scores"], expected["scores"], rtol=1e-6)
    encoded = ask(address, {"signature_name": "encode_query", "instances": rows_of(columns)}).json()
    assert np.array(encoded["predictions"]).shape == (2, 8)
    pinned = ask(address, {"inputs": columns}, "/v1/models/shop/versions/1:predict").json()["outputs"]
    assert pinned == by_column
    similar = {"signature_name": "similar_items", "inputs": {"item_id": ["unheard of"], "k": 2}}
    assert ask(address, similar).text == (
        '{"outputs": {"item_ids": [["", ""]], "scores": [[-Infinity, -Infinity]]}}'
    )


def test_status_and_metadata_are_tensorflow_serving_s_messages(exports, start: Start) -> None:
    address, versions = start(exports["first"])
    model = f"{address}/v1/models/shop"
    status = requests.get(model, timeout=30).json()
    assert status == {
        "model_version_status": [
            {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }
    assert requests.get(f"{model}/versions/1", timeout=30).json() == status
    ParseDict(status, GetModelStatusResponse())
    metadata = requests.get(f"{model}/metadata", timeout=30).json()
    assert metadata == requests.get(f"{model}/versions/1/metadata", timeout=30).json()
    assert metadata["model_spec"] == {"name": "shop", "signature_name": "", "version": "1"}
    definitions = ParseDict(metadata["metadata"]["signature_def"], SignatureDefMap()).signature_def
    with versions.lease() as version:
        assert set(version.signatures) < set(definitions)
    history = metadata["metadata"]["signature_def"]["signature_def"]["recommend"]["inputs"]["history"]
    assert history["dtype"] == "DT_STRING"
    assert history["tensor_shape"] == {
        "dim": [{"size": "-1", "name": ""}, {"size": "-1", "name": ""}],
        "unknown_rank": False,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/v1/models/half:predict", 404, r"Servable not found for request: Latest(half)"),
        (
            "POST",
            "/v1/models/shop/versions/7:predict",
            404,
            r"Servable not found for request: Specific(shop, 7)",
        ),
        ("GET", "/v1/models/half", 404, "Could not find any versions of model half"),
        ("GET", "/v1/models/shop/versions/7", 404, "Could not find version 7 of model shop"),
        ("GET", "/v1/models/half/metadata", 404, "Servable not found for request: Latest(half)"),
        (
            "GET",
            "/v1/models/shop/versions/7/metadata",
            404,
            "Servable not found for request: Specific(shop, 7)",
        ),
        ("POST", "/v1/models/shop:regress", 400, "Malformed request: POST /v1/models/shop:regress"),
        ("POST", "/v1/models/shop/versions/x:predict", 400, "Malformed request"),
        ("GET", "/v1/models/shop/versions/1:predict", 400, "Malformed request"),
        ("GET", "/", 404, "Malformed request: GET /"),
    ],
)
def test_addresses_that_are_not_there(exports, start: Start, method, path, status, message) -> None:
    address, _ = start(exports["first"])
    answer = requests.request(method, address + path, data="{}", timeout=30)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert message in answer.json()["error"]
    assert answer.headers["content-type"] == "application/json"


def test_bad_input_is_the_asker_s_fault(exports, start: Start) -> None:
    address, _ = start(exports["first"])
    columns = request()
    for body, message in (
        (b"{", "JSON Parse error"),
        ({"inputs": {**columns, "user_id": ["u1", 2]}}, "'user_id' must hold values of type string"),
        ({"inputs": {**columns, "user_id": ["u1"] * 3}}, ""),
        ({"signature_name": "__saved_model_init_op", "inputs": {}}, "not found"),
    ):
        answer = ask(address, body)
        assert answer.status_code == 400, body
        assert message in answer.json()["error"]
        assert answer.json()["error"]
    assert ask(address, {"inputs": columns}).status_code == 200


def test_a_large_body_is_refused_while_it_comes(exports, start: Start) -> None:
    address, _ = start(exports["first"], max_body_mb=0.01)
    body = json.dumps({"inputs": request()}).encode()
    assert ask(address, body + b" " * (10_000 - len(body))).status_code == 200
    for size in (10_001, 30_000, 1_000_000):
        try:
            answer = ask(address, body + b" " * (size - len(body)))
        except requests.ConnectionError:
            assert size == 1_000_000, "a client that sends on and on may be cut off"
            continue
        assert answer.status_code == 413
        assert answer.json() == {"error": "A request must have at most 10000 bytes."}
    # Without a length, and without an end: what counts is what came.
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/models/shop:predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(5):
            connection.sendall(b"2710\r\n" + b" " * 10_000 + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert ask(address, body).status_code == 200


def test_health_and_metrics(exports, start: Start) -> None:
    address, _ = start(exports["first"])
    health = requests.get(f"{address}/healthz", timeout=30)
    assert (health.status_code, health.json()["version"]) == (200, "1")
    ask(address, {"inputs": request()})
    ask(address, {"inputs": {}})
    ask(address, b"{")
    page = requests.get(f"{address}/metrics", timeout=30)
    assert page.headers["content-type"].startswith("text/plain")
    for line in (
        'tfrec_zoo_requests_total{signature="serving_default",status="200"} 1.0',
        'tfrec_zoo_requests_total{signature="serving_default",status="400"} 1.0',
        'tfrec_zoo_requests_total{signature="",status="400"} 1.0',
        'tfrec_zoo_request_seconds_count{signature="serving_default"} 2.0',
        'tfrec_zoo_request_seconds_bucket{le="+Inf",signature="serving_default"} 2.0',
        "tfrec_zoo_live_version 1.0",
    ):
        assert line in page.text.splitlines()


def test_the_loop_answers_while_tensorflow_works(exports, start: Start) -> None:
    address, versions = start(exports["first"], threads=1)
    asked, go_on = threading.Event(), threading.Event()
    with versions.lease() as version:
        run = version.run

        def slow(*arguments: Any) -> Any:
            asked.set()
            assert go_on.wait(60)
            return run(*arguments)

        version.run = slow  # type: ignore[method-assign]
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(ask(address, {"inputs": request()}).status_code))
    thread.start()
    assert asked.wait(60)
    assert requests.get(f"{address}/healthz", timeout=30).status_code == 200
    go_on.set()
    thread.join()
    assert answers == [200]


@pytest.mark.slow
def test_versions_change_under_load_without_a_failed_or_mixed_answer(
    exports, shop: Path, start: Start
) -> None:
    address, versions = start(shop)
    people = 4
    bodies = [{"inputs": request(people)}, {"instances": rows_of(request(people))}]
    answered: Counter[int] = Counter()
    wrong: list[Any] = []
    expected = {}
    for kind, export in exports.items():
        answer = load(export).run("serving_default", {n: np.array(v) for n, v in request(people).items()})
        expected[K[kind]] = answer["item_ids"].tolist()
    stop = threading.Event()

    def asker(body: dict[str, Any]) -> None:
        with requests.Session() as session:
            while not stop.is_set():
                try:
                    answer = session.post(f"{address}/v1/models/shop:predict", json=body, timeout=30)
                    content = answer.json()
                    rows = (
                        content["outputs"]["item_ids"]
                        if "outputs" in content
                        else [r["item_ids"] for r in content["predictions"]]
                    )
                    if rows == expected[len(rows[0])]:
                        answered[len(rows[0])] += 1
                    else:
                        wrong.append(rows)
                except Exception as error:
                    wrong.append(error)

    threads = [threading.Thread(target=asker, args=(bodies[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, 7):
            kind = ("second", "first")[number % 2]
            publish(exports[kind], shop, number)
            until(lambda number=number: versions.number == number)
            before = answered[K[kind]]
            until(lambda kind=kind, before=before: bool(wrong) or answered[K[kind]] >= before + 20)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong[:3]
    assert [state.state for _, state in versions.states()] == ["AVAILABLE", *["END"] * 5]


def test_a_refused_version_shows_in_the_status(exports, shop: Path, start: Start) -> None:
    address, versions = start(shop)
    manifest = publish(exports["second"], shop, 2)
    (shop / "2" / "saved_model.pb").write_bytes(b"half")
    manifest.write(shop)
    until(lambda: dict(versions.states()).get(2) is not None and dict(versions.states())[2].state == "END")
    status = requests.get(f"{address}/v1/models/shop", timeout=30).json()["model_version_status"]
    assert [entry["state"] for entry in status] == ["END", "AVAILABLE"]
    assert status[0]["status"]["error_code"] == "DATA_LOSS"
    assert "saved_model.pb" in status[0]["status"]["error_message"]
    answer = ask(address, {"inputs": request()})
    assert np.array(answer.json()["outputs"]["scores"]).shape == (2, K["first"])
