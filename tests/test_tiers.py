"""The quick tier leaves slow tests out, and says so; `--all`, a test's name or `-m` bring them back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE = "tests/test_readme.py"
SLOW = f"{FILE}::test_the_examples_run_one_after_the_other"
LEFT_OUT = "1 slow tests were left out; `python -m pytest --all` runs them as well."


def pytest_of_its_own(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return run.stdout


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [([FILE], True), ([FILE, "--all"], False), ([SLOW], False), ([FILE, "-m", "slow"], False)],
)
def test_what_is_collected(arguments: list[str], left_out: bool) -> None:
    output = pytest_of_its_own(*arguments, "--collect-only")
    assert (SLOW not in output) is left_out
    assert (LEFT_OUT in output) is left_out


def test_a_worker_tells_the_main_process() -> None:
    output = pytest_of_its_own(FILE, "-n", "1")
    assert "3 passed" in output
    assert LEFT_OUT in output
