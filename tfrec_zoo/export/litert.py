"""A model as a LiteRT (TensorFlow Lite) file: raw ids in, ids and scores out, for one person at a time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import tensorflow as tf

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.bundle import RECOMMEND_SIGNATURE, SCORE_SIGNATURE
from tfrec_zoo.export.engines import LITERT
from tfrec_zoo.export.serving_module import ServingModule

Precision = Literal["float32", "float16", "int8"]
"""Of the weights: float16 are widened before use; int8 have a scale a row, and activations stay float32."""

LITERT_TOLERANCE: Mapping[str, float] = {"float32": 1e-4, "float16": 1e-2, "int8": 0.25}
"""How far a score may lie from the Keras model's, relative to the largest."""

LITERT_SIGNATURES = (RECOMMEND_SIGNATURE, SCORE_SIGNATURE)


def check_litert(precisions: Iterable[str]) -> None:
    """Refuse what could not be written, before anything costly is done.

    Raises:
        UnknownNameError: a precision that is none of float32, float16, int8.
        DataError: LiteRT's runtime, which opens what is written, is not installed.
    """
    for precision in precisions:
        if precision not in get_args(Precision):
            raise UnknownNameError("precision", precision, get_args(Precision))
        if LITERT.missing:
            raise DataError(
                "A LiteRT file must be opened after it is written. Received: no ai-edge-litert. "
                "Install it by `pip install 'tfrec-zoo[litert]'`."
            )


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


def _described(content: bytes, description: Mapping[str, Any]) -> bytes:
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    model.description = json.dumps(dict(description))
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
