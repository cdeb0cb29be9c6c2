"""TensorFlow Serving's gRPC service, answered from a SavedModel in this process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
from tensorflow_serving.apis.predict_pb2 import PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)

from tfrec_zoo._errors import DataError
from tfrec_zoo.serving import load


class Service(PredictionServiceServicer):
    """TensorFlow Serving's answers, from the SavedModel in this process."""

    def __init__(self, folder: Path) -> None:
        self._recommender = load(folder)
        self._folder = folder

    def _check(self, spec: Any, context: grpc.ServicerContext) -> None:
        if spec.name != "shop" or (spec.HasField("version") and spec.version.value != 1):
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({spec.name})")

    def Predict(self, request: Any, context: grpc.ServicerContext) -> PredictResponse:  # noqa: N802
        self._check(request.model_spec, context)
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        try:
            answer = self._recommender.run(request.model_spec.signature_name, inputs)
        except DataError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = PredictResponse()
        for name, values in answer.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(values, shape=values.shape))
        return response

    def GetModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._check(request.model_spec, context)
        saved = SavedModel.FromString((self._folder / "1" / "saved_model.pb").read_bytes())
        definitions, response = SignatureDefMap(), GetModelMetadataResponse()
        for name, definition in saved.meta_graphs[0].signature_def.items():
            definitions.signature_def[name].CopyFrom(definition)
        response.metadata["signature_def"].Pack(definitions)
        return response


@contextmanager
def answering(folder: Path) -> Iterator[str]:
    """The address of a service of that export, named "shop"."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    add_PredictionServiceServicer_to_server(Service(folder), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()
