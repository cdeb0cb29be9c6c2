"""A SavedModel in Python, as a script of its own.

python run_saved_model.py FOLDER REQUESTS ANSWERS NAMES; arrays are named SIGNATURE/TENSOR.
"""

import json
import sys
from typing import Any

import numpy as np
import tensorflow as tf


def main(folder: str, requests: str, answers: str, names: str) -> None:
    """Answer all requests."""
    saved_model = tf.saved_model.load(folder)
    found: dict[str, Any] = {}
    with open(names, encoding="utf-8") as file:
        signatures = json.load(file)
    with np.load(requests, allow_pickle=False) as given:
        for name, sides in signatures.items():
            inputs = {tensor: tf.constant(given[f"{name}/{tensor}"]) for tensor in sides["inputs"]}
            for tensor, value in saved_model.signatures[name](**inputs).items():
                array = value.numpy()
                strings = value.dtype == tf.string
                found[f"{name}/{tensor}"] = np.char.decode(array.astype(bytes), "utf-8") if strings else array
    np.savez(answers, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
