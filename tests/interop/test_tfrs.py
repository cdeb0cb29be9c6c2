"""The bridge to TFRS, in processes of its own, since it changes `tf.keras` for the whole process."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HAS_SCANN = find_spec("scann") is not None
CHECKS = [
    "exact_indices_rank_as_the_model",
    "exclusions_are_raw_ids",
    "retired_items_are_not_found",
    "saved_indices_answer_without_this_package",
    "the_metric_is_that_of_evaluate",
    "a_two_stage_model_gives_its_retriever",
    "refusals",
    "an_index_that_answers_otherwise_is_not_left",
    "keras_stays_keras_3",
    "scann_finds_the_best" if HAS_SCANN else "scann_that_is_not_installed_is_named",
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("tfrs")
    command = [sys.executable, "-m", "tests.interop.tfrs_checks", str(folder), *CHECKS]
    root = Path(__file__).resolve().parent.parent.parent
    run = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    found: dict[str, str] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", CHECKS)
def test_the_bridge(name: str, outcomes: dict[str, str]) -> None:
    assert not outcomes[name], outcomes[name]


@pytest.mark.skipif(
    not HAS_SCANN, reason="scann is not installed; it needs TensorFlow 2.20: tfrec-zoo[scann]"
)
def test_scann_was_asked(outcomes: dict[str, str]) -> None:
    assert outcomes["scann_finds_the_best"] == ""


USED_BEFORE = "import tensorflow as tf; tf.keras.layers; import tfrec_zoo.interop.tfrs"
FLAG_OFF = "import os; os.environ['TF_USE_LEGACY_KERAS'] = '0'; import tfrec_zoo.interop.tfrs"


@pytest.mark.parametrize("code", [USED_BEFORE, FLAG_OFF])
def test_keras_3_in_its_place_is_refused(code: str) -> None:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: TFRS needs `tf.keras` to be Keras 2"), last
    assert "Received: `tf.keras` that is Keras 3" in last
    assert "TF_USE_LEGACY_KERAS=1" in last


def test_the_package_does_not_load_it() -> None:
    code = (
        "import sys, tfrec_zoo.cli.main, tfrec_zoo.export, tfrec_zoo.serving, tfrec_zoo.training; "
        "assert not {'tensorflow_recommenders', 'tf_keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
