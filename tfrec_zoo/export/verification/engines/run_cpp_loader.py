"""A SavedModel in TensorFlow's C++ loader and session, those of TensorFlow Serving, as a script of its own.

python run_cpp_loader.py FOLDER REQUESTS ANSWERS NAMES; arrays are named SIGNATURE/TENSOR.
"""

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

STRING, STRING_BYTES = 7, 24
DTYPES = {"float32": 1, "int32": 3, "uint8": 4, "int16": 5, "int64": 9, "bool": 10}


class Output(ctypes.Structure):
    """A tensor of the graph: TF_Output."""

    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


class Library:
    """The two libraries as one: some functions live in the first alone."""

    def __init__(self) -> None:
        folder = next(path / "tensorflow" for path in map(Path, sys.path) if (path / "tensorflow").is_dir())
        self._parts = [
            ctypes.CDLL(str(next(folder.glob(f"lib{name}.*"))), ctypes.RTLD_GLOBAL)
            for name in ("tensorflow_framework", "tensorflow_cc")
        ]

    def call(self, name: str, *arguments: Any, result: Any = ctypes.c_void_p) -> Any:
        """Call a function by its name."""
        function = next(getattr(part, name) for part in self._parts if hasattr(part, name))
        function.restype = result
        return function(*arguments)


class Session:
    """A loaded SavedModel."""

    def __init__(self, library: Library, folder: str) -> None:
        self._library = library
        self._status = ctypes.c_void_p(library.call("TF_NewStatus"))
        self._graph = ctypes.c_void_p(library.call("TF_NewGraph"))
        options = ctypes.c_void_p(library.call("TF_NewSessionOptions"))
        tags = (ctypes.c_char_p * 1)(b"serve")
        self._session = ctypes.c_void_p(
            self._checked(
                "TF_LoadSessionFromSavedModel", options, None, folder.encode(), tags, 1, self._graph, None
            )
        )

    def _checked(self, name: str, *arguments: Any, result: Any = ctypes.c_void_p) -> Any:
        answer = self._library.call(name, *arguments, self._status, result=result)
        if self._library.call("TF_GetCode", self._status, result=ctypes.c_int):
            message = self._library.call("TF_Message", self._status, result=ctypes.c_char_p)
            raise RuntimeError(message.decode(errors="replace"))
        return answer

    def _output(self, name: str) -> Output:
        operation, _, index = name.partition(":")
        found = self._library.call("TF_GraphOperationByName", self._graph, operation.encode())
        if not found:
            raise RuntimeError(f"The graph has no operation {operation!r}.")
        return Output(found, int(index))

    def _tensor(self, values: Any) -> Any:
        call = self._library.call
        strings = values.dtype.kind == "U"
        code = STRING if strings else DTYPES[values.dtype.name]
        size = values.size * STRING_BYTES if strings else values.nbytes
        dims = (ctypes.c_int64 * values.ndim)(*values.shape)
        tensor = ctypes.c_void_p(call("TF_AllocateTensor", code, dims, values.ndim, ctypes.c_size_t(size)))
        data = call("TF_TensorData", tensor)
        if not strings:
            ctypes.memmove(data, np.ascontiguousarray(values).ctypes.data, size)
            return tensor
        for place, value in enumerate(values.ravel()):
            target, encoded = ctypes.c_void_p(data + place * STRING_BYTES), str(value).encode()
            call("TF_StringInit", target, result=None)
            call("TF_StringCopy", target, encoded, ctypes.c_size_t(len(encoded)), result=None)
        return tensor

    def _array(self, tensor: Any) -> Any:
        call = self._library.call
        code = call("TF_TensorType", tensor, result=ctypes.c_int)
        rank = call("TF_NumDims", tensor, result=ctypes.c_int)
        shape = [call("TF_Dim", tensor, axis, result=ctypes.c_int64) for axis in range(rank)]
        data = call("TF_TensorData", tensor)
        size = int(np.prod(shape, dtype=np.int64))
        if code != STRING:
            dtype = next(name for name, known in DTYPES.items() if known == code)
            raw = ctypes.string_at(data, call("TF_TensorByteSize", tensor, result=ctypes.c_size_t))
            return np.frombuffer(raw, dtype).reshape(shape).copy()
        names = []
        for place in range(size):
            source = ctypes.c_void_p(data + place * STRING_BYTES)
            length = call("TF_StringGetSize", source, result=ctypes.c_size_t)
            names.append(ctypes.string_at(call("TF_StringGetDataPointer", source), length).decode())
        return np.array(names, dtype=str).reshape(shape)

    def run(self, inputs: dict[str, Any], outputs: list[str]) -> list[Any]:
        """Arrays by the names of tensors, and names of tensors to fetch, to a list of arrays."""
        fed = (Output * len(inputs))(*(self._output(name) for name in inputs))
        values = (ctypes.c_void_p * len(inputs))(*(self._tensor(array) for array in inputs.values()))
        fetched = (Output * len(outputs))(*(self._output(name) for name in outputs))
        found = (ctypes.c_void_p * len(outputs))()
        self._checked(
            "TF_SessionRun",
            self._session,
            None,
            fed,
            values,
            len(inputs),
            fetched,
            found,
            len(outputs),
            None,
            0,
            None,
            result=None,
        )
        return [self._array(ctypes.c_void_p(tensor)) for tensor in found]


def main(folder: str, requests: str, answers: str, names: str) -> None:
    """Answer all requests."""
    session = Session(Library(), folder)
    found: dict[str, Any] = {}
    with open(names, encoding="utf-8") as text:
        signatures = json.load(text)
    with np.load(requests, allow_pickle=False) as given:
        for name, sides in signatures.items():
            inputs = {sides["inputs"][tensor]: given[f"{name}/{tensor}"] for tensor in sides["inputs"]}
            values = session.run(inputs, list(sides["outputs"].values()))
            found |= {
                f"{name}/{tensor}": value for tensor, value in zip(sides["outputs"], values, strict=True)
            }
    np.savez(answers, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
