"""A local server that speaks TensorFlow Serving's REST API. Needs fastapi, uvicorn and prometheus-client."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tfrec_zoo._errors import DataError

try:
    import uvicorn
    from fastapi import FastAPI, Request, Response
    from starlette.requests import ClientDisconnect

    from tfrec_zoo.serving.server.monitoring import Monitoring
except ImportError as error:
    raise ImportError(
        "The local server needs fastapi, uvicorn and prometheus-client. Install them by "
        f"`pip install 'tfrec-zoo[serving]'`. Received: {error}"
    ) from error

from tfrec_zoo.serving.server.config import ServerConfig
from tfrec_zoo.serving.server.live_version import LiveVersion, UnknownVersionError
from tfrec_zoo.serving.server.rest import (
    error_body,
    is_by_row,
    read_inputs,
    read_object,
    signature_of,
    to_json,
    write_predict,
)

logger = logging.getLogger(__name__)

_DISCARDED = 4
"""Times the limit: so much of a body that is too large is read away, for a client that reads no answer before
it has sent everything."""


def serve(
    folder: str | Path, config: ServerConfig | None = None, on_start: Callable[[str, int], None] | None = None
) -> None:
    """Serve an export until SIGINT or SIGTERM comes; requests under way are answered first.

    Args:
        folder: that `export` wrote; later versions become live as they come.
        config: options.
        on_start: called with the model's name and the port once requests are taken.

    Raises:
        DataError: no export there, or one that is damaged or does not load.
        OSError: the port is taken.
    """
    config = config or ServerConfig()
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off for sockets that name their protocol alone; with it, each answer
    # waits 40 ms for the client's acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
        live = LiveVersion(folder)
        live.watch(config.poll_seconds)
        try:
            server = make_server(live, config)
            listener.listen()
            if on_start is not None:
                on_start(live.name, listener.getsockname()[1])
            server.run(sockets=[listener])
        finally:
            live.close()


def make_server(live: LiveVersion, config: ServerConfig) -> uvicorn.Server:
    """The server, for a socket that listens."""
    app = create_app(live, config)
    return uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
    )


def create_app(live: LiveVersion, config: ServerConfig) -> FastAPI:
    """The application.

    Args:
        live: of the model.
        config: options; host, port and poll_seconds are others' business.
    """
    app = FastAPI(openapi_url=None)
    monitoring = Monitoring(lambda: live.number)
    # TensorFlow blocks: the event loop only reads and writes.
    pool = ThreadPoolExecutor(config.threads, thread_name_prefix="predict")
    limit = int(config.max_body_mb * 1_000_000)

    async def predict(request: Request, name: str, number: int | None = None) -> Response:
        try:
            body = await _read_body(request, limit)
        except ClientDisconnect:
            return Response(status_code=499)
        started = time.perf_counter()
        if body is None:
            signature, status, content = "", 413, error_body(f"A request must have at most {limit} bytes.")
        else:
            signature, status, content = await asyncio.get_running_loop().run_in_executor(
                pool, _predict, live, name, number, body
            )
        monitoring.count(signature, status, time.perf_counter() - started)
        return _json(content, status)

    app.post("/v1/models/{name}:predict")(predict)
    app.post("/v1/models/{name}/versions/{number:int}:predict")(predict)
    _add_descriptions(app, live)
    _add_monitoring(app, live, monitoring)
    app.exception_handler(404)(_no_such_address)
    app.exception_handler(405)(_no_such_address)
    return app


def _add_descriptions(app: FastAPI, live: LiveVersion) -> None:
    """Status and metadata of the model."""

    async def status(name: str, number: int | None = None) -> Response:
        states = [
            {
                "version": str(version),
                "state": state.state,
                "status": {"error_code": state.error_code, "error_message": state.error_message},
            }
            for version, state in live.states()
            if name == live.name and number in (None, version)
        ]
        if states:
            return _json(to_json({"model_version_status": states}))
        wanted = "any versions" if number is None else f"version {number}"
        return _json(error_body(f"Could not find {wanted} of model {name}"), 404)

    async def metadata(name: str, number: int | None = None) -> Response:
        try:
            with _lease(live, name, number) as version:
                spec = {"name": name, "signature_name": "", "version": str(version.number)}
                definitions = {"signature_def": version.definitions}
        except UnknownVersionError as error:
            return _json(error_body(error), 404)
        return _json(to_json({"model_spec": spec, "metadata": {"signature_def": definitions}}))

    for path, endpoint in (("", status), ("/metadata", metadata)):
        app.get(f"/v1/models/{{name}}{path}")(endpoint)
        app.get(f"/v1/models/{{name}}/versions/{{number:int}}{path}")(endpoint)


def _add_monitoring(app: FastAPI, live: LiveVersion, monitoring: Monitoring) -> None:
    """What watches the server itself."""

    @app.get("/healthz")
    async def healthz() -> Response:
        return _json(to_json({"status": "live", "model": live.name, "version": str(live.number)}))

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(monitoring.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _predict(live: LiveVersion, name: str, number: int | None, body: bytes) -> tuple[str, int, bytes]:
    """Answer one request, all of it from one version: signature, status, body."""
    signature = ""
    try:
        with _lease(live, name, number) as version:
            content = read_object(body)
            signature = signature_of(content, version.signatures)
            inputs = read_inputs(content, version.signatures[signature]["inputs"])
            outputs = version.run(signature, inputs)
        return signature, 200, write_predict(outputs, is_by_row(content))
    except UnknownVersionError as error:
        return signature, 404, error_body(error)
    except DataError as error:
        return signature, 400, error_body(error)
    except Exception as error:
        logger.exception("A request could not be answered.")
        return signature, 500, error_body(f"{type(error).__name__}: {error}")


def _lease(live: LiveVersion, name: str, number: int | None) -> Any:
    if name != live.name:
        wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
        raise UnknownVersionError(f"Servable not found for request: {wanted}")
    return live.lease(number)


async def _read_body(request: Request, limit: int) -> bytes | None:
    """The body, or None where it has more bytes than the limit, of which no more is ever kept."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            parts.clear()
        else:
            parts.append(part)
        if size > _DISCARDED * limit:
            break
    return b"".join(parts) if size <= limit else None


async def _no_such_address(request: Request, error: Any) -> Response:
    """TensorFlow Serving calls a request under /v1/ that it cannot read malformed."""
    of_api = request.url.path.startswith("/v1/")
    message = f"Malformed request: {request.method} {request.url.path}"
    return _json(error_body(message), 400 if of_api else error.status_code)


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/json")
