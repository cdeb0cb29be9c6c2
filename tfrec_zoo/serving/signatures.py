"""Signatures as TensorFlow describes them, in the words of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DTYPES = {
    "DT_BOOL": "bool",
    "DT_DOUBLE": "float64",
    "DT_FLOAT": "float32",
    "DT_HALF": "float16",
    "DT_INT8": "int8",
    "DT_INT16": "int16",
    "DT_INT32": "int32",
    "DT_INT64": "int64",
    "DT_STRING": "string",
    "DT_UINT8": "uint8",
    "DT_UINT16": "uint16",
    "DT_UINT32": "uint32",
    "DT_UINT64": "uint64",
}


def signatures_of(definitions: Mapping[str, Any]) -> dict[str, Any]:
    """What a model answers, from its SignatureDefs.

    Args:
        definitions: name -> SignatureDef in protobuf's JSON form, as TensorFlow Serving's metadata holds it.

    Returns:
        Signature -> {"inputs": {name: {"dtype", "shape"}}, "outputs": ...}, as in a manifest: sizes that may
        vary are None, and so is a shape of unknown rank. A signature that takes nothing, or a type that
        no request can hold, is left out: TensorFlow keeps the initialiser of its tables there.
    """
    return {
        name: {side: _specs(definition[side]) for side in ("inputs", "outputs")}
        for name, definition in definitions.items()
        if definition.get("inputs")
        and all(
            tensor["dtype"] in _DTYPES
            for side in ("inputs", "outputs")
            for tensor in definition[side].values()
        )
    }


def _specs(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"dtype": _DTYPES[tensor["dtype"]], "shape": _shape(tensor["tensor_shape"])}
        for name, tensor in sorted(tensors.items())
    }


def _shape(shape: Mapping[str, Any]) -> list[int | None] | None:
    if shape.get("unknown_rank"):
        return None
    sizes = [int(size["size"]) for size in shape.get("dim", ())]
    return [None if size < 0 else size for size in sizes]
