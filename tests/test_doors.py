"""What a package from outside registers is there for every command, without a line of this one changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-c", "from tfrec_zoo.cli.main import main; main()"]
IN_PYTHON = """
import json, sys, tests.outsider
import tfrec_zoo as zoo
from tfrec_zoo.experiment import Plan, execute
from tfrec_zoo.export import verify
from tfrec_zoo.reranking import RERANKERS
dataset = zoo.load_dataset("outsider/shop")
plan = Plan("mean", dataset, sys.argv[1], content=["price"], formats=["names"],
            hyper_parameters={"embedding_dim": 8}, run=zoo.RunConfig(epochs=2, monitor="odd_share@5"))
run = execute(plan)
told = zoo.evaluate(run.model, run.encoded, ks=(10,), reranker=RERANKERS.find("reverse")())
print(json.dumps({
    "history": sorted(run.report["history"]),
    "reversed": told.metrics["first@10"],
    "skipped": [row.skipped for row in verify(sys.argv[1], 5) if row.engine == "reader of others"],
    "names": json.load(open(sys.argv[1] + "/1/assets.extra/names.json")),
}))
"""


def environment(folder: Path, module: str = "tests.outsider") -> dict[str, str]:
    """Of a process in which a package is installed that names the module as a plugin."""
    installed = folder / "outsider-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n", encoding="utf-8"
    )
    (installed / "entry_points.txt").write_text(f"[tfrec_zoo.plugins]\nshop = {module}\n", encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


def run(command: list[str], given: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=given, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_line_knows_all_of_it(tmp_path: Path) -> None:
    given = environment(tmp_path)
    greeted = run([*COMMAND, "hello", "you"], given, tmp_path)
    assert (greeted.returncode, greeted.stdout) == (0, "hello you\n"), greeted.stderr
    told = run([*COMMAND, "models", "mean", "--json"], given, tmp_path).stdout
    assert "absolute" in told
    assert "outsider/shop" in run([*COMMAND, "datasets", "--quiet"], given, tmp_path).stdout
    settings = ["--set", "loss=absolute", "--set", "newest=2", "--set", "embedding_dim=8", "--epochs", "2"]
    train = [
        *COMMAND,
        "train",
        "mean",
        "--dataset",
        "outsider/shop",
        "--content",
        "price",
        "--split",
        "halves",
    ]
    done = run([*train, *settings, "--output", "run", "--json"], given, tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {"popularity", "popularity_again"} <= set(report["baselines"])
    assert 0 <= report["test"]["first@10"] <= 1
    assert 0 < report["test"]["odd_share@10"] < 1
    found = run([*COMMAND, "recommend", "run", "--history", "1", "-k", "3", "--json"], given, tmp_path)
    assert len(json.loads(found.stdout)) == 3, found.stderr
    (tmp_path / "new.csv").write_text("item_id,price\nnovelty,81\n", encoding="utf-8")
    fresh = run([*COMMAND, "refresh", "run", "--items", "new.csv", "--json"], given, tmp_path)
    assert json.loads(fresh.stdout)["added"] == 1, fresh.stderr


@pytest.mark.slow
def test_python_knows_all_of_it(tmp_path: Path) -> None:
    given = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = run([sys.executable, "-c", IN_PYTHON, str(tmp_path / "run")], given, tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert "val_odd_share@5" in told["history"]
    assert 0 <= told["reversed"] <= 1
    assert told["skipped"] == ["no file that it reads in this export"]
    assert "recommend" in told["names"]


def test_a_plugin_that_fails_is_named_and_passed_over(tmp_path: Path) -> None:
    given = environment(tmp_path, "no_such_module_anywhere")
    told = run([*COMMAND, "--version"], given, tmp_path)
    assert told.returncode == 0
    assert (
        "the plugin 'shop' (no_such_module_anywhere) could not be loaded: ModuleNotFoundError" in told.stderr
    )


def test_the_table_names_files_that_are_there() -> None:
    """CONTRIBUTING's table: the files that get a row, and beside each a file like the one to write."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| a") and "register" in line]
    assert len(rows) == 11
    outsider = (ROOT / "tests" / "outsider.py").read_text(encoding="utf-8")
    for _, what, write, row, door, _ in rows:
        for path in re.findall(r"`(tfrec_zoo/[^`]*)`", write + row):
            place = ROOT / path.replace("NAME_loss", "bpr_loss")
            assert (place.parent if "NAME" in path else place).exists(), (what, path)
        assert f"{door.strip().strip('`')}(" in outsider, what
