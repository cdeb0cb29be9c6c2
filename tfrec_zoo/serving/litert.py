"""An exported LiteRT file on a device: needs the file, ai-edge-litert and numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import RECOMMEND_SIGNATURE, SHARED_INPUTS
from tfrec_zoo.serving.inputs import Array, answer_to_nobody
from tfrec_zoo.serving.recommender import Recommender

_DESCRIPTION = 10
"""Place of `description` in the table `Model` of LiteRT's schema."""


class LiteRTRecommender(Recommender):
    """Answers requests from a LiteRT file that `export` or `write_litert` wrote, one person at a time.

    Example:
        >>> file = "1/assets.extra/model.float32.tflite"  # of `export(..., folder, litert=["float32"])`
        >>> device = LiteRTRecommender(folder / file)
        >>> len(device.recommend(history=["i3", "i7"], k=5))
        5

    Args:
        path: of the file.
        num_threads: of the interpreter.

    Raises:
        ImportError: ai-edge-litert is not installed.
        DataError: no file there, or one that LiteRT cannot open, or that has no signature `recommend`.
    """

    def __init__(self, path: str | Path, num_threads: int = 1) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ImportError(
                "LiteRTRecommender needs ai-edge-litert. Install it by `pip install 'tfrec-zoo[litert]'`, or "
                "on a device by `pip install ai-edge-litert`."
            ) from error
        path = Path(path)
        rule = "A LiteRT file must be one that tfrec_zoo wrote."
        if not path.is_file():
            raise DataError(f"{rule} Received: no file at {path}")
        try:
            content = path.read_bytes()
            interpreter = Interpreter(model_content=content, num_threads=num_threads)
            runners = {
                name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()
            }
        except (ValueError, RuntimeError) as error:
            raise DataError(f"{rule} Received: {path}, which LiteRT cannot open ({error}).") from error
        if RECOMMEND_SIGNATURE not in runners:
            raise DataError(f"{rule} Received: {path} with the signatures {sorted(runners)}.")
        self._interpreter, self._runners = interpreter, runners
        self.description: dict[str, Any] = json.loads(_description(content) or "{}")
        """What was exported: name, model, precision, version of tfrec_zoo."""
        super().__init__({name: _describe(runner) for name, runner in runners.items()})

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one signature, row by row: the graph is of a single person."""
        specs = self.signatures[signature]["inputs"]
        arrays = {
            name: _as_bytes(np.asarray(values), specs[name]["dtype"]) for name, values in inputs.items()
        }
        batched = [name for name in specs if name not in SHARED_INPUTS]
        rows = [
            self._runners[signature](**arrays | {name: arrays[name][row : row + 1] for name in batched})
            for row in range(len(arrays[batched[0]]))
        ]
        outputs = self.signatures[signature]["outputs"]
        if not rows:
            return answer_to_nobody(outputs)
        return {name: _as_answer(np.concatenate([row[name] for row in rows])) for name in outputs}


def _describe(runner: Any) -> dict[str, Any]:
    def specs(details: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return {
            name: {
                "dtype": "string"
                if detail["dtype"] in (bytes, np.bytes_)
                else np.dtype(detail["dtype"]).name,
                "shape": [None if size < 0 else int(size) for size in detail["shape_signature"]],
            }
            for name, detail in sorted(details.items())
        }

    return {"inputs": specs(runner.get_input_details()), "outputs": specs(runner.get_output_details())}


def _as_bytes(values: Array, dtype: str) -> Array:
    if dtype != "string":
        return np.asarray(values, dtype)
    encoded = np.array([str(value).encode() for value in values.ravel()], dtype=object)
    return encoded.reshape(values.shape)


def _as_answer(values: Array) -> Array:
    """Strings as str, and -inf for the lowest number, which LiteRT's converter writes in its place."""
    if values.dtype.kind in "OS":
        return np.array([value.decode() for value in values.ravel()], dtype=object).reshape(values.shape)
    return np.where(values <= np.finfo(np.float32).min, -np.inf, values)


def _description(content: bytes) -> str | None:
    """The field `description` of a file."""
    from flatbuffers import encode, number_types
    from flatbuffers.table import Table

    root = Table(content, encode.Get(number_types.UOffsetTFlags.packer_type, content, 0))
    place = root.Offset(_DESCRIPTION)
    return root.String(root.Pos + place).decode() if place else None
