"""What TensorFlow Serving reads beside a SavedModel: warm-up requests and configurations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from tfrec_zoo.bundle import EXTRA_FOLDER, SHARED_INPUTS, WARMUP_FILE
from tfrec_zoo.export.verification.golden import Golden

_BATCHING = """\
# tensorflow_model_server --enable_batching --batching_parameters_file=batching.config
# Requests of different history lengths are padded with "", which the model passes over. A batch needs a first
# dimension: a server with batching answers `serving_default`, `score` and the encoders, while `recommend` and
# `similar_items`, whose k is a scalar, need one without.
max_batch_size { value: 64 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 100 }
pad_variable_length_inputs: true
"""


def write_warmup(version: Path, name: str, goldens: Mapping[str, Golden]) -> None:
    """Write a request to each signature, which TensorFlow Serving replays before it answers anybody.

    Args:
        version: folder of the SavedModel.
        name: of the model in the server.
        goldens: signature -> request, of which the first person is taken.
    """
    from tensorflow_serving.apis.predict_pb2 import PredictRequest
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog, PredictLog

    with tf.io.TFRecordWriter(str(version / EXTRA_FOLDER / WARMUP_FILE)) as file:
        for signature, golden in goldens.items():
            request = PredictRequest()
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            for tensor, values in golden.inputs.items():
                first = values if tensor in SHARED_INPUTS else values[:1]
                request.inputs[tensor].CopyFrom(tf.make_tensor_proto(first))
            file.write(PredictionLog(predict_log=PredictLog(request=request)).SerializeToString())


def models_config(name: str) -> str:
    """`--model_config_file` of a server that finds the export at /models/NAME."""
    return (
        "# tensorflow_model_server --model_config_file=models.config\n"
        "model_config_list {\n"
        f'  config {{ name: "{name}" base_path: "/models/{name}" model_platform: "tensorflow" }}\n'
        "}\n"
    )


def batching_config() -> str:
    """`--batching_parameters_file` for many small requests at once."""
    return _BATCHING


def docker_command(name: str) -> str:
    """How to serve the export, from the folder that holds it."""
    return (
        f'docker run --rm -p 127.0.0.1:8501:8501 -v "$PWD/{name}:/models/{name}" '
        f"-e MODEL_NAME={name} tensorflow/serving"
    )
