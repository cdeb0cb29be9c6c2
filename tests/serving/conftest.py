from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving.exports import K, write
from tfrec_zoo.serving.server.app import make_server
from tfrec_zoo.serving.server.config import ServerConfig
from tfrec_zoo.serving.server.live_version import LiveVersion

POLL = 0.1


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: write(tmp_path_factory.mktemp(kind), kind) for kind in K}


@pytest.fixture
def shop(exports: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the first export that a test may change."""
    return Path(shutil.copytree(exports["first"], tmp_path / "served" / "shop"))


Start = Callable[..., tuple[str, LiveVersion]]


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(folder, **options)` is the address of a server in this process, and its versions."""
    stops: list[Callable[[], None]] = []

    def run(folder: Path, **options: float) -> tuple[str, LiveVersion]:
        config = ServerConfig(port=0, poll_seconds=POLL, **options)  # type: ignore[arg-type]
        versions = LiveVersion(folder)
        versions.watch(config.poll_seconds)
        server = make_server(versions, config)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind((config.host, 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        until(lambda: server.started)

        def stop() -> None:
            server.should_exit = True
            thread.join()
            listener.close()
            versions.close()

        stops.append(stop)
        return f"http://127.0.0.1:{listener.getsockname()[1]}", versions

    yield run
    for stop in stops:
        stop()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for what must come, however slow the machine."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
