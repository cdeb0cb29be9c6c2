"""TensorFlow Serving's REST API: JSON to arrays and back, by row and by column. Needs numpy alone.

As in TensorFlow Serving, JSON here has the bare tokens NaN, Infinity and -Infinity, in requests and in
answers: its writer prints them (`WriteDecimal` in json_tensor.cc), its parser reads them
(`kParseNanAndInfFlag`), and its documentation says so under "JSON conformance". Python's `json` does the
same. A list that is shorter than k ends in -Infinity.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import SERVING_SIGNATURE, SHARED_INPUTS
from tfrec_zoo.serving.inputs import Array

_BYTES_SUFFIX = "_bytes"
"""Strings of tensors whose names end so are written as {"b64": ...}."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        DataError: something else.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DataError(f"JSON Parse error: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"A request must be a JSON object. Received: {_shown(content)}")
    return content


def signature_of(content: Mapping[str, Any], signatures: Mapping[str, Any]) -> str:
    """The signature that a request asks, `serving_default` where it names none.

    Raises:
        DataError: the model has no such signature.
    """
    name = content.get("signature_name", "")
    if not isinstance(name, str):
        raise DataError(f"'signature_name' must be a string. Received: {_shown(name)}")
    name = name or SERVING_SIGNATURE
    if name not in signatures:
        raise DataError(f'Serving signature name: "{name}" not found in {sorted(signatures)}.')
    return name


def is_by_row(content: Mapping[str, Any]) -> bool:
    """Whether a request is in the row form ("instances"), and its answer must be.

    Raises:
        DataError: it is in neither form, or in both.
    """
    by_row = "instances" in content
    if by_row == ("inputs" in content):
        raise DataError("A request must have one of the keys 'instances' and 'inputs', and not both.")
    return by_row


def read_inputs(content: Mapping[str, Any], specs: Mapping[str, Any]) -> dict[str, Array]:
    """One array per named input; strings as bytes, of dtype object.

    Args:
        content: of the request, in either form.
        specs: inputs of the signature, name -> {"dtype", "shape"}.

    Raises:
        DataError: inputs that are missing, surplus, ragged, or of another type or shape than the signature's.
    """
    by_row = is_by_row(content)
    values = _columns(content["instances"], specs) if by_row else _named(content["inputs"], specs)
    inputs = {name: _array(name, values[name], spec, by_row) for name, spec in specs.items()}
    sizes = {name: len(array) for name, array in inputs.items() if name not in SHARED_INPUTS and array.ndim}
    if len(set(sizes.values())) > 1:
        raise DataError(f"All inputs of people must have the same number of rows. Received: {sizes}")
    return inputs


def write_predict(outputs: Mapping[str, Array], by_row: bool) -> bytes:
    """The body of an answer.

    Args:
        outputs: one array per named output.
        by_row: whether the request came in the row form.

    Raises:
        DataError: rows are asked for, and the outputs do not have the same number of them.
    """
    values = {name: _json_values(name, array) for name, array in outputs.items()}
    only = next(iter(values)) if len(values) == 1 else None
    if not by_row:
        return to_json({"outputs": values[only] if only else values})
    sizes = {name: array.shape[0] if array.ndim else None for name, array in outputs.items()}
    if len(set(sizes.values())) != 1 or None in sizes.values():
        raise DataError(
            f"Outputs without a common batch size must be asked for by 'inputs'. Received: {sizes}"
        )
    if only:
        return to_json({"predictions": values[only]})
    rows = zip(*values.values(), strict=True)
    return to_json({"predictions": [dict(zip(values, row, strict=True)) for row in rows]})


def to_json(content: Any) -> bytes:
    """JSON as UTF-8."""
    return json.dumps(content, ensure_ascii=False).encode()


def error_body(message: object) -> bytes:
    """How TensorFlow Serving says what was wrong."""
    return to_json({"error": str(message)})


def _columns(instances: Any, specs: Mapping[str, Any]) -> dict[str, Any]:
    """Rows as columns."""
    if not isinstance(instances, list) or not instances:
        raise DataError(f"'instances' must be a list of at least one row. Received: {_shown(instances)}")
    if not _is_named(instances[0]):
        if len(specs) > 1:
            raise DataError(
                "'instances' must be a list of objects, for the signature has several inputs: "
                f"{sorted(specs)}. Received: a list of {_shown(instances[0])}"
            )
        if any(_is_named(row) for row in instances):
            raise DataError("'instances' must hold values or objects, and not both.")
        return dict.fromkeys(specs, instances)
    for place, row in enumerate(instances):
        if not _is_named(row):
            raise DataError(f"'instances' must hold values or objects, and not both. Received: row {place}")
        _check_names(row, specs, f"Row {place} of 'instances'")
    return {name: [row[name] for row in instances] for name in specs}


def _named(inputs: Any, specs: Mapping[str, Any]) -> dict[str, Any]:
    if _is_named(inputs):
        # TensorFlow Serving passes over surplus names in this form, and refuses them in the row form.
        _check_names(inputs, specs, "'inputs'")
        return dict(inputs)
    if len(specs) > 1:
        raise DataError(
            f"'inputs' must be an object, for the signature has several inputs: {sorted(specs)}. "
            f"Received: {_shown(inputs)}"
        )
    return dict.fromkeys(specs, inputs)


def _check_names(given: Mapping[str, Any], specs: Mapping[str, Any], where: str) -> None:
    if given.keys() != specs.keys():
        raise DataError(
            f"{where} must have the inputs {sorted(specs)}. Missing: {sorted(specs.keys() - given.keys())}. "
            f"Surplus: {sorted(given.keys() - specs.keys())}."
        )


def _array(name: str, value: Any, spec: Mapping[str, Any], by_row: bool) -> Array:
    """A nested list as an array of the signature's type and shape."""
    shape = _shape_of(value)
    expected = spec["shape"]
    leaves = [value]
    for size in shape:
        if not all(isinstance(part, list) and len(part) == size for part in leaves):
            raise DataError(
                f"Input {name!r} must not be ragged: each list of a level must have {size} values."
            )
        leaves = [leaf for part in leaves for leaf in part]
    if expected is not None and not _fits(shape, expected):
        hint = (
            " Ask for it by 'inputs', where it has no row per person."
            if by_row and len(expected) == 0
            else ""
        )
        sizes = [-1 if size is None else size for size in expected]
        raise DataError(f"Input {name!r} must have the shape {sizes}. Received: {shape}.{hint}")
    return _typed(name, leaves, spec["dtype"]).reshape(shape)


def _shape_of(value: Any) -> list[int]:
    """Sizes by the first value of each level, as TensorFlow Serving takes them."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    return len(shape) == len(expected) and all(
        size in (None, given) for given, size in zip(shape, expected, strict=True)
    )


def _typed(name: str, leaves: Sequence[Any], dtype: str) -> Array:
    """Values of one type as a flat array."""
    try:
        if dtype == "string":
            array = np.empty(len(leaves), dtype=object)
            array[:] = [_bytes(leaf) for leaf in leaves]
            return array
        allowed = {"b": (bool,), "f": (int, float)}.get(np.dtype(dtype).kind, (int,))
        for leaf in leaves:
            if type(leaf) not in allowed:
                raise DataError(_shown(leaf))
        if allowed != (int, float):
            return np.array(leaves, dtype)
        array = np.array(leaves, np.float64)
        with np.errstate(over="ignore"):
            typed = array.astype(dtype)
        if not (np.isfinite(typed) | ~np.isfinite(array)).all():
            raise DataError("a number beyond its range")
        return typed
    except (ValueError, OverflowError) as error:
        raise DataError(f"Input {name!r} must hold values of type {dtype}. Received: {error}") from error


def _bytes(leaf: Any) -> bytes:
    if isinstance(leaf, str):
        return leaf.encode()
    if _is_base64(leaf):
        return base64.b64decode(leaf["b64"], validate=True)
    raise DataError(_shown(leaf))


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _shown(value: Any) -> str:
    """What a JSON value is, and how it begins."""
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _json_values(name: str, array: Array) -> Any:
    if array.dtype.kind == "O" and name.endswith(_BYTES_SUFFIX):
        encoded = [{"b64": base64.b64encode(value).decode()} for value in array.ravel()]
        return np.array(encoded, dtype=object).reshape(array.shape).tolist()
    if array.dtype.kind == "O":
        decoded = [value.decode() for value in array.ravel()]
        return np.array(decoded, dtype=object).reshape(array.shape).tolist()
    if array.dtype in (np.float16, np.float32):
        # By way of the shortest text that reads back alike: 0.2, as TensorFlow Serving, not 0.20000000298.
        array = array.astype(str).astype(np.float64)
    return array.tolist()
