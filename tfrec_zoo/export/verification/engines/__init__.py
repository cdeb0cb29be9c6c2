"""Engines that can run an export, each in a process of its own that does not load this package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tfrec_zoo._registry import Registry
from tfrec_zoo.bundle import RECOMMEND_SIGNATURE, SCORE_SIGNATURE, SERVING_SIGNATURE
from tfrec_zoo.feature_kind import KINDS
from tfrec_zoo.schema import Feature

Array = npt.NDArray[Any]
Answers = dict[str, dict[str, Array]]
TensorNames: TypeAlias = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Signature -> "inputs" and "outputs" -> name -> tensor of the graph."""

_TIMEOUT = 600
_RUN = """
import runpy, sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class EngineError(ValueError):
    """An engine that did not answer; the message holds its last words."""


@dataclass(frozen=True)
class Engine:
    """A way to run what an export holds.

    Its script is called with a file or folder, requests (.npz), where to put the answers (.npz), and the
    names of tensors (JSON, as `TensorNames`); arrays are named SIGNATURE/TENSOR, strings are unicode.

    Example:
        >>> mine = Engine("Mine", "run_mine.py", reads="npy", without=("tensorflow",), packages=("not_here",))
        >>> mine.missing  # `ENGINES.register("mine", mine)` lets `verify` ask it
        ['not_here']
    """

    name: str
    """As tables show it."""
    script: str | Path
    """File beside this one, or the path of any other."""
    reads: str
    """`kind` of the formats that it opens."""
    without: tuple[str, ...]
    """Packages whose import fails in its process."""
    packages: tuple[str, ...] = ()
    """What must be installed besides TensorFlow."""
    signatures: tuple[str, ...] | None = None
    """Signatures that it can run; None for all."""
    tensors: Callable[[Path], TensorNames] | None = None
    """Tensors of a file's graph; None where they are called as the signature calls them."""
    extra: str | None = None
    """Extra of this package that installs `packages`."""
    reads_every_kind: bool = True
    """Whether it has the operations of every kind of feature, or of those alone that are `portable`."""

    @property
    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [package for package in self.packages if find_spec(package) is None]

    def unread(self, features: Iterable[Feature]) -> list[Feature]:
        """Those of a request's features that it has no operations for."""
        if self.reads_every_kind:
            return []
        return [feature for feature in features if not KINDS.find(feature.kind).portable]


def saved_model_tensors(folder: Path) -> TensorNames:
    """Tensors of a SavedModel's signatures."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0]
    return {
        name: {
            "inputs": {key: info.name for key, info in signature.inputs.items()},
            "outputs": {key: info.name for key, info in signature.outputs.items()},
        }
        for name, signature in graph.signature_def.items()
        if not name.startswith("__")
    }


_NEITHER = ("tfrec_zoo", "tensorflow")
SAVED_MODEL = Engine(
    "SavedModel", "run_saved_model.py", "saved_model", ("tfrec_zoo",), tensors=saved_model_tensors
)
CPP_LOADER = Engine(
    "TensorFlow's C++ loader", "run_cpp_loader.py", "saved_model", _NEITHER, tensors=saved_model_tensors
)
OPENVINO = Engine(
    "OpenVINO",
    "run_openvino.py",
    "saved_model",
    _NEITHER,
    ("openvino", "openvino_tokenizers"),
    (SERVING_SIGNATURE,),
    saved_model_tensors,
    "openvino",
    reads_every_kind=False,
)
LITERT_SIGNATURES = (RECOMMEND_SIGNATURE, SCORE_SIGNATURE)
LITERT = Engine(
    "LiteRT",
    "run_litert.py",
    "litert",
    _NEITHER,
    ("ai_edge_litert",),
    LITERT_SIGNATURES,
    extra="litert",
    reads_every_kind=False,
)
ENGINES: Registry[Engine] = Registry(
    "engine",
    {"saved_model": SAVED_MODEL, "cpp_loader": CPP_LOADER, "openvino": OPENVINO, "litert": LITERT},
)


def engines_of(kind: str) -> list[Engine]:
    """The engines that open formats of a kind, installed or not."""
    return [engine for engine in ENGINES.values() if engine.reads == kind]


def loader() -> Engine:
    """The C++ loader, or TensorFlow in Python where the wheel has no library of it."""
    spec = find_spec("tensorflow")
    found = spec and spec.origin and list(Path(spec.origin).parent.glob("libtensorflow_cc.*"))
    return CPP_LOADER if found else SAVED_MODEL


def run_engine(
    engine: Engine,
    path: Path,
    requests: Mapping[str, Mapping[str, Array]],
    tensors: TensorNames,
) -> Answers:
    """Ask an engine.

    Args:
        engine: whose packages are installed.
        path: what it opens.
        requests: signature -> input -> array; strings as str.
        tensors: of the graph, for these signatures at least.

    Returns:
        Signature -> output -> array.

    Raises:
        EngineError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, found, names = (Path(folder) / name for name in ("requests.npz", "answers.npz", "names.json"))
        arrays = {f"{name}/{key}": value for name, own in requests.items() for key, value in own.items()}
        np.savez(given, **dict[str, Any](arrays))
        names.write_text(json.dumps({name: tensors[name] for name in requests}), encoding="utf-8")
        script = Path(__file__).parent / engine.script
        files = map(str, (script, path, given, found, names))
        command = [sys.executable, "-P", "-c", _RUN, ",".join(engine.without), *files]
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, env=quiet, check=False
        )
        if run.returncode:
            last = (run.stderr.strip() or f"exit code {run.returncode}").splitlines()[-1]
            raise EngineError(f"{engine.name} cannot answer from {path}. Received: {last}")
        return _read_answers(engine, path, found, {name: tensors[name] for name in requests})


def _read_answers(engine: Engine, path: Path, found: Path, tensors: TensorNames) -> Answers:
    """What the script wrote, which must be all that was asked for."""
    answers: Answers = {}
    with np.load(found, allow_pickle=False) as arrays:
        for key in arrays.files:
            name, _, output = key.partition("/")
            answers.setdefault(name, {})[output] = arrays[key]
    for name, sides in tensors.items():
        if lacking := sides["outputs"].keys() - answers.get(name, {}).keys():
            raise EngineError(
                f"{engine.name} cannot answer from {path}. "
                f"Received: no {', '.join(sorted(lacking))} of {name}."
            )
    return answers
