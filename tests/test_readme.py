"""The README's Python runs as it stands, but for the number of epochs."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
(SERVE,) = re.findall(r"^    (tfrec-zoo serve .*)$", TEXT, flags=re.MULTILINE)
CURL = re.findall(r"^    (curl .*)$", TEXT, flags=re.MULTILINE)
MAIN = "from tfrec_zoo.cli.main import main; main()"


@pytest.mark.slow
def test_the_examples_run_one_after_the_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared_data: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TFREC_ZOO_DATA", str(shared_data("movielens-100k").parent))
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) == 5
    names: dict[str, object] = {}
    for block in (BLOCKS[0], BLOCKS[1]):
        assert "epochs=10" in block
        exec(block.replace("epochs=10", "epochs=1").replace("patience=3", "patience=1"), names)
    printed = capsys.readouterr().out
    assert printed.count("Recommendation(item_id=") == 5
    assert 0.01 < float(printed.split()[0]) < 1
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = str(place.getsockname()[1])
    command = SERVE.replace("8501", port).split()
    with subprocess.Popen([sys.executable, "-c", MAIN, *command[1:]], stderr=subprocess.PIPE) as server:
        try:
            assert server.stderr is not None
            while b"curl" not in (line := server.stderr.readline()):
                assert line, "the server ended"
            for block in BLOCKS[3:]:
                exec(block.replace("8501", port), names)
            for line in CURL:
                answer = subprocess.run(
                    shlex.split(line.replace("8501", port)), check=True, capture_output=True, text=True
                )
                assert {"predictions", "outputs"} & set(json.loads(answer.stdout)), answer.stdout
        finally:
            server.terminate()
    assert capsys.readouterr().out.count("Recommendation(item_id=") == 8


def test_items_and_users_are_made_of_any_columns() -> None:
    names: dict[str, Any] = {}
    exec("import tfrec_zoo as zoo\n" + BLOCKS[2], names)
    assert names["items"].kinds == {
        "title": "text",
        "price": "number",
        "year": "bucketed_number",
        "location": "location",
    }
    assert names["users"].kinds == {"age": "number", "bio": "text"}


def test_the_first_example_is_about_ten_lines() -> None:
    lines = [line for line in BLOCKS[0].splitlines() if line and not line.startswith(("import", "from"))]
    assert len(lines) <= 10


def test_the_install_commands_are_there() -> None:
    text = README.read_text(encoding="utf-8")
    assert "python -m pip install -e . && tfrec-zoo quickstart\n" in text
    assert "python -m pip install -e '.[test]' && python -m pytest\n" in text
