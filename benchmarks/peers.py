"""Running this package and its peers in turns, each in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def run_child(python: str, script: str, *arguments: str) -> dict[str, Any]:
    """The last line that a script prints, a JSON object."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if python == sys.executable:
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [python, script, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each number over the runs."""
    numbers = [name for name, value in runs[0].items() if isinstance(value, int | float)]
    return {name: statistics.median(run[name] for run in runs) for name in numbers}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("tfrec-zoo", "tensorflow", "keras", "numpy")},
    }
