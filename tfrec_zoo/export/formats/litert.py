"""A model as a LiteRT (TensorFlow Lite) file: raw ids in, ids and scores out, for one person at a time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from tfrec_zoo.bundle import EXTRA_FOLDER, litert_file
from tfrec_zoo.export.formats.format import Format, Servable
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.export.verification.engines import LITERT_SIGNATURES

Precision = Literal["float32", "float16", "int8"]
"""Of the weights: float16 are widened before use; int8 have one scale per row, activations stay float32."""


def to_litert(module: ServingModule, precision: Precision, description: Mapping[str, Any]) -> bytes:
    """Convert the signatures `recommend` and `score`, with LiteRT's own operations alone.

    Args:
        module: of the model.
        precision: of the weights.
        description: JSON-ready facts that the file itself tells.

    Returns:
        The content of a `.tflite` file.

    Raises:
        ValueError: a graph with an operation that LiteRT does not have.
    """
    functions = module.signatures(size=1)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, {name: functions[name] for name in LITERT_SIGNATURES})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(LITERT_SIGNATURES))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "int8":
            # One scale per table, so that its rows, gathered and multiplied, are one buffer.
            converter._experimental_disable_per_channel = True
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        try:
            content = converter.convert()
        except Exception as error:  # the converter's own classes share no base
            raise ValueError(
                "A LiteRT file must need LiteRT's own operations alone. Received: a graph that the converter "
                f"refuses ({str(error).splitlines()[0]})."
            ) from error
    return _described(content, {**description, "precision": precision})


def _write(precision: Precision, servable: Servable, file: Path) -> None:
    file.write_bytes(to_litert(servable.module, precision, servable.facts))


def _format(precision: Precision, tolerance: float) -> Format:
    return Format(
        title="LiteRT file",
        kind="litert",
        file=f"{EXTRA_FOLDER}/{litert_file(precision)}",
        write=partial(_write, precision),
        variant=precision,
        tolerance=tolerance,
        purpose="For devices",
    )


FLOAT32 = _format("float32", 1e-4)
FLOAT16 = _format("float16", 1e-2)
INT8 = _format("int8", 0.25)


def _described(content: bytes, description: Mapping[str, Any]) -> bytes:
    """The file with its description, and without what no interpreter needs."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    _drop_unused_tables(model)
    _share_buffers(model)
    model.description = json.dumps(dict(description))
    model.metadata = None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _share_buffers(model: Any) -> None:
    """One buffer for equal contents, the empty first one for none, and no names inside the graphs."""
    places: dict[bytes, int] = {b"": 0}
    buffers = model.buffers[:1]

    def place_of(place: int) -> int:
        buffer = model.buffers[place]
        content = b"" if buffer.data is None else bytes(buffer.data)
        if content not in places:
            places[content] = len(buffers)
            buffers.append(buffer)
        return places[content]

    for graph in model.subgraphs:
        for place, tensor in enumerate(graph.tensors):
            tensor.buffer = place_of(tensor.buffer)
            if place not in graph.inputs and place not in graph.outputs:
                tensor.name = None
            if tensor.quantization is not None and tensor.quantization.scale is None:
                tensor.quantization = None
    model.buffers = buffers


def _drop_unused_tables(model: Any) -> None:
    """Vocabularies that no graph looks anything up in: of users, for a model that does not read them."""
    from tensorflow.lite.python.schema_py_generated import BuiltinOperator as Op

    def operators(graph: Any, code: int) -> list[Any]:
        return [o for o in graph.operators if model.operatorCodes[o.opcodeIndex].builtinCode == code]

    used = set()
    for graph in model.subgraphs:
        asked = {find.inputs[0] for find in operators(graph, Op.HASHTABLE_FIND)}
        used |= {
            table.builtinOptions.tableId
            for table in operators(graph, Op.HASHTABLE)
            if table.outputs[0] in asked
        }
    for graph in model.subgraphs:
        unused = [o for o in operators(graph, Op.HASHTABLE) if o.builtinOptions.tableId not in used]
        handles = {table.outputs[0] for table in unused}
        filled = [o for o in operators(graph, Op.HASHTABLE_IMPORT) if o.inputs[0] in handles]
        graph.operators = [o for o in graph.operators if o not in unused and o not in filled]
        for place in (place for own in filled for place in own.inputs[1:]):
            graph.tensors[place].buffer = 0
