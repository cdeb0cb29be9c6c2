"""`tfrec-zoo serve` in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving.exports import write

COMMAND = [sys.executable, "-c", "from tfrec_zoo.cli.main import main; main()", "serve"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("serve"), "first")


@contextmanager
def serving(*arguments: object, path: str | None = None) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The process, and what it said up to the line of curl."""
    environment = {**os.environ, **({} if path is None else {"PATH": path})}
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    said: list[str] = []
    try:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line.strip())
            if "curl -d" in line:
                break
        yield process, said
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_the_line_of_curl_works_and_a_signal_ends_it(shop: Path) -> None:
    with serving(shop, "--port", 0, "--engine", "local") as (process, said):
        assert said[-2] == "Serving shop by local. Ask it by"
        body, address = said[-1].removeprefix("curl -d '").split("' ")
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, body.encode(), timeout=30) as answer:
            rows = json.load(answer)["predictions"]
        assert len(rows[0]["item_ids"]) == 3
        port = address.split(":")[2].split("/")[0]
        taken = subprocess.run(
            [*COMMAND, str(shop), "--port", port, "--engine", "local"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert taken.returncode == 2
        assert "(Address already in use). Choose another --port" in taken.stderr
        assert "Traceback" not in taken.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)


@pytest.mark.slow
def test_a_damaged_folder_is_one_line(shop: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(shop, tmp_path / "shop"))
    (damaged / "1" / "saved_model.pb").write_bytes(b"half")
    for folder in (damaged, tmp_path):
        run = subprocess.run(
            [*COMMAND, str(folder), "--engine", "local"], capture_output=True, text=True, check=False
        )
        assert run.returncode == 2
        assert run.stderr.startswith("tfrec-zoo: ")
        assert "Traceback" not in run.stderr


def test_tensorflow_model_server_takes_the_place_of_the_process(shop: Path, tmp_path: Path) -> None:
    fake = tmp_path / "tensorflow_model_server"
    fake.write_text(f"#!{sys.executable}\nimport sys; print(sys.argv[1:], flush=True); sys.exit(7)\n")
    fake.chmod(0o755)
    with serving(shop, "--port", 8601, path=f"{tmp_path}{os.pathsep}{os.environ['PATH']}") as (process, said):
        assert any("listens at every address" in line for line in said)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 7
    assert f"--model_base_path={shop}" in output
    assert "--rest_api_port=8601" in output


@pytest.mark.slow
def test_without_fastapi_the_way_out_is_said(shop: Path) -> None:
    code = "import sys; sys.modules['fastapi'] = None; from tfrec_zoo.cli.main import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "serve", str(shop), "--engine", "local"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "pip install 'tfrec-zoo[serving]'" in run.stderr
