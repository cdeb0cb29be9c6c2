"""Which server is started: programs of those names that stand on the PATH."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import Manifest
from tfrec_zoo.serving.server.launch import Launch, choose, example_request

INPUTS = {
    "history": {"dtype": "string", "shape": [None, None]},
    "history_time": {"dtype": "int64", "shape": [None, None]},
    "age": {"dtype": "float32", "shape": [None]},
    "user_id": {"dtype": "string", "shape": [None]},
}
MANIFEST = Manifest(
    name="my shop",
    model="two_tower",
    version=1,
    k=5,
    config={},
    schema={},
    signatures={"serving_default": {"inputs": INPUTS, "outputs": {}}},
    files={},
    packages={},
)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, code: str = "") -> None:
    (folder / name).write_text(f"#!{sys.executable}\n{code}\n")
    (folder / name).chmod(0o755)


def launched(folder: Path, engine: str = "auto", host: str | None = None) -> Launch:
    return choose(engine, MANIFEST, folder, host, 8601, 8600)  # type: ignore[arg-type]


def test_a_bare_machine_has_the_local_server(programs: Path) -> None:
    assert launched(programs) == launched(programs, "local") == Launch("local")
    with pytest.raises(DataError, match="not on the PATH"):
        launched(programs, "tensorflow_model_server")
    with pytest.raises(DataError, match="docker engine must answer"):
        launched(programs, "docker")


def test_tensorflow_model_server_comes_first(programs: Path, tmp_path: Path, monkeypatch) -> None:
    for name in ("tensorflow_model_server", "docker"):
        program(programs, name)
    monkeypatch.chdir(tmp_path)
    launch = launched(Path("shop"))
    assert launch.command == [
        str(programs / "tensorflow_model_server"),
        "--model_name=my shop",
        f"--model_base_path={tmp_path / 'shop'}",
        "--rest_api_port=8601",
        "--port=8600",
    ]
    assert "listens at every address" in launch.notes[0]
    assert launched(Path("shop"), host="0.0.0.0").notes == []
    assert launched(Path("shop"), "local").engine == "local"
    with pytest.raises(DataError, match="--port must be above 0"):
        choose("auto", MANIFEST, "shop", None, 0, 8600)


def test_a_host_that_it_cannot_have_is_never_ignored(programs: Path) -> None:
    program(programs, "tensorflow_model_server")
    launch = launched(programs, host="127.0.0.1")
    assert launch.engine == "local"
    assert "cannot be bound to 127.0.0.1" in launch.notes[0]
    with pytest.raises(DataError, match=r"cannot be bound to 127\.0\.0\.1"):
        launched(programs, "tensorflow_model_server", "127.0.0.1")


def test_docker_is_bound_to_the_host(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker", "import sys; sys.exit(sys.argv[1:] != ['info'])")
    launch = launched(tmp_path / "shop")
    assert launch.command[:5] == [
        "docker",
        "run",
        "--rm",
        "--publish=127.0.0.1:8601:8501",
        "--publish=127.0.0.1:8600:8500",
    ]
    assert f"source={tmp_path / 'shop'},target=/models/my shop,readonly" in launch.command[5]
    assert launch.command[6:] == ["--env=MODEL_NAME=my shop", "tensorflow/serving"]
    assert launched(tmp_path, host="::1").command[3] == "--publish=[::1]:8601:8501"
    program(programs, "docker", "import sys; sys.exit(1)")
    assert launched(tmp_path).engine == "local"


def test_the_example_is_a_line_for_a_shell() -> None:
    assert example_request(MANIFEST, "0.0.0.0", 8501) == (
        'curl -d \'{"instances": [{"age": 0, "history": ["ITEM_ID"], '
        '"history_time": [0], "user_id": ""}]}\' '
        "http://127.0.0.1:8501/v1/models/my%20shop:predict"
    )
    assert "http://[::1]:8501/" in example_request(MANIFEST, "::1", 8501)
    assert os.linesep not in example_request(MANIFEST, "::1", 8501)
