"""A LiteRT file in its own runtime, as a script of its own.

python run_litert.py FILE REQUESTS ANSWERS NAMES; arrays are named SIGNATURE/TENSOR.
"""

import json
import sys
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

SHARED = ("k", "allow", "exclude_seen")
"""Inputs without one row per person."""


def as_bytes(values: Any) -> Any:
    """Strings as UTF-8, all else as it is."""
    if values.dtype.kind != "U":
        return values
    return np.array([v.encode() for v in values.ravel()], dtype=object).reshape(values.shape)


def main(file: str, requests: str, answers: str, names: str) -> None:
    """Answer all requests."""
    interpreter = Interpreter(model_path=file)
    found: dict[str, Any] = {}
    with open(names, encoding="utf-8") as text:
        signatures = json.load(text)
    with np.load(requests, allow_pickle=False) as given:
        for name, sides in signatures.items():
            runner = interpreter.get_signature_runner(name)
            inputs = {tensor: as_bytes(given[f"{name}/{tensor}"]) for tensor in sides["inputs"]}
            size = max(len(values) for tensor, values in inputs.items() if tensor not in SHARED)
            rows = [
                runner(**{t: v if t in SHARED else v[row : row + 1] for t, v in inputs.items()})
                for row in range(size)
            ]
            for tensor in sides["outputs"]:
                array = np.concatenate([row[tensor] for row in rows])
                strings = array.dtype.kind in "OS"
                found[f"{name}/{tensor}"] = np.char.decode(array.astype(bytes), "utf-8") if strings else array
    np.savez(answers, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
