from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_commands import process, tfrec_zoo


def test_the_whole_way_from_given_files(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    output = tmp_path / "films"
    run = tfrec_zoo(
        "quickstart", "--output", output, "--data-dir", shared_data("movielens-100k"), "--epochs", 1
    )
    assert run.returncode == 0, run.stderr
    assert "Recommended to" in run.stdout
    assert "popularity" in run.stdout
    report = json.loads((output / "report.json").read_text())
    assert (report["model"], report["dataset"]) == ("two_tower", "movielens/100k")
    assert report["test"]["hr@10"] > 0.05
    ask = run.stdout[run.stdout.index("Ask for more: ") :].split("tfrec-zoo ")[1].split()
    assert tfrec_zoo(*ask).returncode == 0


@pytest.mark.network
@pytest.mark.slow
def test_the_whole_way_with_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pip", reason="the download is pip's")
    monkeypatch.setenv("TFREC_ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TFREC_ZOO_DATA", raising=False)
    run = process("quickstart", "--output", "films", "--epochs", 1, "--json", cwd=tmp_path)
    if run.returncode == 2 and "no source answered" in run.stderr:
        pytest.skip(f"no source of MovieLens-100K answers from {socket.gethostname()}")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["test"]["hr@10"] > 0.05
