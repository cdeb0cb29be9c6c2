"""The clients, against the local server and against a gRPC service that answers from the SavedModel."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.serving.conftest import Start, until
from tests.serving.exports import DATA, ITEMS, publish
from tests.serving.grpc_service import answering
from tfrec_zoo._errors import DataError
from tfrec_zoo.serving import Client, GrpcClient, Recommender, load


@pytest.fixture(scope="module")
def target(exports) -> Iterator[str]:
    with answering(exports["first"]) as address:
        yield address


@pytest.fixture(params=["rest", "grpc"])
def client(request: pytest.FixtureRequest, exports) -> Iterator[Recommender]:
    if request.param == "grpc":
        client: Any = GrpcClient(request.getfixturevalue("target"), "shop")
    else:
        address, _ = request.getfixturevalue("start")(exports["first"])
        client = Client(address, "shop")
    yield client
    client.close()


def test_a_client_answers_as_the_saved_model(client: Recommender, exports) -> None:
    local = load(exports["first"])
    assert client.signatures == local.signatures
    profile = {name: values[3] for name, values in DATA.users.profile.items()}
    user = str(DATA.users.user_id[3])
    histories = [ITEMS[:3], [], ["unheard of", "\u00e9", "", ITEMS[5]]]
    for ask in (
        lambda r: r.recommend(ITEMS[:4], user, 7, profile),
        lambda r: r.recommend(),
        lambda r: r.recommend(ITEMS[:-2], k=1000),
        lambda r: r.recommend(ITEMS[:2], exclude=ITEMS[4:9], allow=ITEMS[:20], exclude_seen=False, k=30),
        lambda r: [row for rows in r.recommend_batch(histories, [user, None, "nobody"], 5) for row in rows],
        lambda r: r.similar_items(ITEMS[0], 4),
        lambda r: r.similar_items("unheard of"),
    ):
        found, expected = ask(client), ask(local)
        assert [r.item_id for r in found] == [r.item_id for r in expected]
        np.testing.assert_allclose(
            [r.score for r in found], [r.score for r in expected], rtol=1e-5, atol=1e-6
        )
    candidates = [ITEMS[7], "unheard of", ITEMS[0]]
    found = client.score(candidates, ITEMS[:4], user, profile)
    np.testing.assert_allclose(found, local.score(candidates, ITEMS[:4], user, profile), rtol=1e-5)
    assert found[1] == -np.inf
    assert client.recommend_batch([]) == []
    vectors = client.run("encode_item", {"item_id": np.array(ITEMS[:2], object)})["vectors"]
    assert (vectors.shape, vectors.dtype) == ((2, 8), np.float32)


def test_what_the_server_refuses_is_a_data_error(client: Recommender) -> None:
    mixed = {"history": np.array([["a"]] * 2, object), "user_id": np.array(["a"] * 3, object)}
    full = {
        name: np.full(
            [2 if size is None else size for size in spec["shape"]], "" if spec["dtype"] == "string" else 0
        )
        for name, spec in client.signatures["serving_default"]["inputs"].items()
    }
    with pytest.raises(DataError, match=r"answers with (status 400|INVALID_ARGUMENT): "):
        client.run("serving_default", {**full, **mixed})


def test_a_model_that_is_not_there(exports, start: Start, target: str) -> None:
    address, _ = start(exports["first"])
    with pytest.raises(DataError, match=r"status 404: Servable not found for request: Latest\(half\)"):
        Client(address, "half")
    with pytest.raises(DataError, match=r"status 404: .*Specific\(shop, 7\)"):
        Client(address, "shop", version=7)
    with pytest.raises(DataError, match=r"NOT_FOUND: Servable not found"):
        GrpcClient(target, "half")
    with pytest.raises(DataError, match="NOT_FOUND"):
        GrpcClient(target, "shop", version=7)
    GrpcClient(target, "shop", version=1).close()


def test_nobody_answers() -> None:
    with pytest.raises(ConnectionError, match=r"must answer at http://127.0.0.1:9/v1/models/shop/metadata"):
        Client("127.0.0.1:9", "shop")
    with pytest.raises(ConnectionError, match=r"must answer at 127.0.0.1:9. Received: UNAVAILABLE"):
        GrpcClient("127.0.0.1:9", "shop")


@contextmanager
def other_server(status: int, body: bytes) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (200, b"<html>", ConnectionError, "must speak TensorFlow Serving's REST API"),
        (200, b"[]", ConnectionError, "must speak TensorFlow Serving's REST API"),
        (
            200,
            b'{"metadata": {"signature_def": {"signature_def": {}}}}',
            DataError,
            "must have the signature",
        ),
        (503, b'{"error": "busy"}', ConnectionError, "status 503: busy"),
        (400, b'"no"', DataError, "status 400: no"),
    ],
)
def test_servers_of_other_kinds(status: int, body: bytes, kind: type[Exception], message: str) -> None:
    with other_server(status, body) as address, pytest.raises(kind, match=message):
        Client(address, "shop")


def test_a_pinned_client_is_told_when_its_version_has_gone(exports, shop: Path, start: Start) -> None:
    address, versions = start(shop)
    pinned, newest = Client(address, "shop", version=1), Client(address.removeprefix("http://"), "shop")
    before = newest.recommend(ITEMS[:3])
    assert pinned.recommend(ITEMS[:3]) == before
    publish(exports["second"], shop, 2)
    until(lambda: versions.number == 2)
    assert newest.recommend(ITEMS[:3]) != before
    with pytest.raises(DataError, match=r"status 404: .*Specific\(shop, 1\)"):
        pinned.recommend(ITEMS[:3])
    pinned.close()
    newest.close()


def test_a_client_needs_no_tensorflow() -> None:
    code = "import sys; from tfrec_zoo.serving import Client; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_many_threads_share_a_client(exports, start: Start) -> None:
    address, _ = start(exports["first"])
    client, local = Client(address, "shop"), load(exports["first"])
    histories = [ITEMS[n : n + 3] for n in range(20)]
    with futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(client.recommend, histories))
    client.close()
    assert [[r.item_id for r in own] for own in found] == [
        [r.item_id for r in local.recommend(history)] for history in histories
    ]
