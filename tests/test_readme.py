"""The README's Python runs as it stands, but for the number of epochs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
def test_the_examples_run_one_after_the_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared_data: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TFREC_ZOO_DATA", str(shared_data("movielens-100k").parent))
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) == 3
    names: dict[str, object] = {}
    for block in BLOCKS:
        assert "epochs=10" in block or "saved_model" in block
        exec(block.replace("epochs=10", "epochs=1").replace("patience=3", "patience=1"), names)
    printed = capsys.readouterr().out
    assert printed.count("Recommendation(item_id=") == 5
    assert 0.01 < float(printed.split()[0]) < 1


def test_the_first_example_is_about_ten_lines() -> None:
    lines = [line for line in BLOCKS[0].splitlines() if line and not line.startswith(("import", "from"))]
    assert len(lines) <= 10


def test_the_install_commands_are_there() -> None:
    text = README.read_text(encoding="utf-8")
    assert "python -m pip install -e . && tfrec-zoo quickstart\n" in text
    assert "python -m pip install -e '.[test]' && python -m pytest\n" in text
