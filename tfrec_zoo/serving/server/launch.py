"""Which server to start for an export, and how. Needs nothing but Python."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import SERVING_SIGNATURE, Manifest

Engine = Literal["auto", "tensorflow_model_server", "docker", "local"]

MODEL_SERVER = "tensorflow_model_server"
LOOPBACK = "127.0.0.1"
_EVERY_ADDRESS = ("0.0.0.0", "::")
# No release has an option for the address: tensorflow/serving#1969.
_OPEN = (
    f"{MODEL_SERVER} listens at every address of this machine, for it has no option for one. --engine local "
    "or docker listens at 127.0.0.1 alone."
)
_IMAGE = "tensorflow/serving"
_SECONDS = 10
"""To wait for a docker engine."""


@dataclass(frozen=True)
class Launch:
    """A server to start."""

    engine: str
    """tensorflow_model_server, docker or local."""
    command: list[str] = field(default_factory=list)
    """What starts it; empty for the local server."""
    notes: list[str] = field(default_factory=list)
    """What the user should know of the choice."""


def choose(
    engine: Engine, manifest: Manifest, folder: str | Path, host: str | None, port: int, grpc_port: int
) -> Launch:
    """The server of the wanted kind, or the first that this machine has.

    Args:
        engine: "auto" takes tensorflow_model_server, then docker, then the local server.
        manifest: of the export.
        folder: of the export.
        host: address to listen at; None for 127.0.0.1 where the server can be bound at all.
        port: of the REST API.
        grpc_port: of the gRPC API, which the local server does not have.

    Raises:
        DataError: the wanted server is not there, or cannot be bound to the host, or has no port.
    """
    folder = Path(folder).resolve()
    notes: list[str] = []
    if engine in ("auto", MODEL_SERVER):
        program = shutil.which(MODEL_SERVER)
        bound = host is not None and host not in _EVERY_ADDRESS
        if program is not None and not bound:
            _check_port(port)
            command = _model_server(program, manifest.name, folder, port, grpc_port)
            return Launch(MODEL_SERVER, command, [_OPEN] if host is None else [])
        if engine == MODEL_SERVER:
            reason = f"it cannot be bound to {host}" if program else "it is not on the PATH"
            raise DataError(
                f"{MODEL_SERVER} must be on the PATH, and listens at every address. Received: {reason}."
            )
        if program is not None:
            notes.append(f"{program} is passed over: it cannot be bound to {host}.")
    if engine in ("auto", "docker"):
        if _docker_answers():
            _check_port(port)
            return Launch("docker", _docker(manifest.name, folder, host or LOOPBACK, port, grpc_port), notes)
        if engine == "docker":
            raise DataError("A docker engine must answer `docker info`. Received: no answer.")
    return Launch("local", notes=notes)


def example_request(manifest: Manifest, host: str, port: int) -> str:
    """A line of curl that asks the model for recommendations."""
    inputs = manifest.signatures[SERVING_SIGNATURE]["inputs"]
    body = json.dumps({"instances": [{name: _example(name, spec) for name, spec in sorted(inputs.items())}]})
    shown = LOOPBACK if host in _EVERY_ADDRESS else host
    shown = f"[{shown}]" if ":" in shown else shown
    address = f"http://{shown}:{port}/v1/models/{quote(manifest.name, safe='')}:predict"
    return f"curl -d {shlex.quote(body)} {shlex.quote(address)}"


def _example(name: str, spec: Mapping[str, Any]) -> Any:
    """A value of one row."""
    value: Any = {"string": "", "bool": False}.get(spec["dtype"], 0)
    if name == "history":
        value = "ITEM_ID"
    for size in reversed(spec["shape"][1:]):
        value = [value] * (size or 1)
    return value


def _model_server(program: str, name: str, folder: Path, port: int, grpc_port: int) -> list[str]:
    return [
        program,
        f"--model_name={name}",
        f"--model_base_path={folder}",
        f"--rest_api_port={port}",
        f"--port={grpc_port}",
    ]


def _docker(name: str, folder: Path, host: str, port: int, grpc_port: int) -> list[str]:
    address = f"[{host}]" if ":" in host else host
    return [
        "docker",
        "run",
        "--rm",
        f"--publish={address}:{port}:8501",
        f"--publish={address}:{grpc_port}:8500",
        f"--mount=type=bind,source={folder},target=/models/{name},readonly",
        f"--env=MODEL_NAME={name}",
        _IMAGE,
    ]


def _check_port(port: int) -> None:
    if port == 0:  # TensorFlow Serving would leave its REST API out
        raise DataError("--port must be above 0, but for --engine local. Received: 0.")


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(["docker", "info"], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
