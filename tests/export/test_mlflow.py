"""An export behind MLflow's scoring server, which has none of our code and an environment of its own."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.export.exported import features_of, small_model
from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.export import export
from tfrec_zoo.export.verification.golden import compare, golden_answers

PACKAGES = ("mlflow-skinny==3.17.2", "fastapi", "uvicorn", "pandas")
NUM_USERS = 500


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment with MLflow, which finds TensorFlow where this one does."""
    folder = tmp_path_factory.mktemp("mlflow") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    found = folder / "bin" / "python"
    install = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    run = subprocess.run(install, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"no package registry answers with MLflow: {run.stderr.strip().splitlines()[-1]}")
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "tensorflow.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


@contextmanager
def serving(python: Path, folder: Path, export_folder: Path) -> Iterator[str]:
    """The address of a server of the signature `serving_default`."""
    signature = read_manifest(export_folder).signatures["serving_default"]

    def described(side: str) -> str:
        return json.dumps(
            [
                {
                    "name": name,
                    "type": "tensor",
                    "tensor-spec": {
                        "dtype": {"string": "str"}.get(spec["dtype"], spec["dtype"]),
                        "shape": [-1 if size is None else size for size in spec["shape"]],
                    },
                }
                for name, spec in signature[side].items()
            ]
        )

    folder.mkdir()
    (folder / "saved_model").symlink_to(export_folder / "1")
    model = {
        "flavors": {
            "tensorflow": {
                "model_type": "tf1-estimator",
                "saved_model_dir": "saved_model",
                "meta_graph_tags": ["serve"],
                "signature_def_key": "serving_default",
            },
            "python_function": {"loader_module": "mlflow.tensorflow", "python_version": "3.11.0"},
        },
        "mlflow_version": "3.17.2",
        "model_uuid": "0" * 32,
        "signature": {"inputs": described("inputs"), "outputs": described("outputs")},
    }
    # JSON is YAML.
    (folder / "MLmodel").write_text(json.dumps(model))
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    command = [str(python), "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "TF_CPP_MIN_LOG_LEVEL": "2"}
    environment = {**os.environ, **quiet, "__pyfunc_model_path__": str(folder)}
    environment.pop("PYTHONPATH", None)
    log = folder / "server.log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [*command, "mlflow.pyfunc.scoring_server.app:app"],
            env=environment,
            cwd=folder,
            stdout=file,
            stderr=file,
        ) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 120
            while not answers(f"{address}/ping"):
                assert server.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < end, log.read_text()[-2000:]
                time.sleep(0.3)
            yield address
        finally:
            server.terminate()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def ask(address: str, inputs: dict[str, list]) -> dict[str, np.ndarray]:
    request = urllib.request.Request(
        f"{address}/invocations",
        json.dumps({"inputs": inputs}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = {name: np.array(values) for name, values in json.load(answer)["predictions"].items()}
    # MLflow writes bytes in base 64.
    ids = [base64.b64decode(name).decode() for name in found["item_ids"].ravel()]
    return {**found, "item_ids": np.array(ids).reshape(found["item_ids"].shape)}


@pytest.mark.network
@pytest.mark.slow
def test_mlflow_answers_as_the_model(python: Path, tmp_path: Path) -> None:
    features = features_of(False)
    model = small_model("gru_ranker", features)
    export(model, features, tmp_path / "shop")
    golden = golden_answers(model, features, NUM_USERS)["serving_default"]
    with serving(python, tmp_path / "served", tmp_path / "shop") as address:
        found = ask(address, {name: values.tolist() for name, values in golden.inputs.items()})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            ask(address, {"user_id": ["a"]})
    difference = compare(golden, found, features)
    assert difference.rows == NUM_USERS
    assert difference.reordered == 0
    assert difference.relative < 1e-4
