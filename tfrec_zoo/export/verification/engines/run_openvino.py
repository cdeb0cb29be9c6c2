"""A SavedModel in OpenVINO, as a script of its own.

python run_openvino.py FOLDER REQUESTS ANSWERS NAMES; arrays are named SIGNATURE/TENSOR. OpenVINO reads the
signature `serving_default` alone.
"""

import json
import sys
from typing import Any

import numpy as np
import openvino
import openvino_tokenizers


def main(folder: str, requests: str, answers: str, names: str) -> None:
    """Answer all requests."""
    core = openvino.Core()
    # Its operations on strings.
    core.add_extension(openvino_tokenizers._ext_path)
    # Half precision is its default on processors that have it.
    model = core.compile_model(core.read_model(folder), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: dict[str, Any] = {}
    with open(names, encoding="utf-8") as text:
        ((name, sides),) = json.load(text).items()
    with np.load(requests, allow_pickle=False) as given:
        answer = model({tensor: given[f"{name}/{tensor}"] for tensor in sides["inputs"]})
    for tensor in sides["outputs"]:
        array = np.asarray(answer[tensor])
        found[f"{name}/{tensor}"] = array.astype(str) if array.dtype.kind in "OSU" else array
    np.savez(answers, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
