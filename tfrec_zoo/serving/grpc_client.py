"""Ask a model behind TensorFlow Serving's gRPC API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from tfrec_zoo._errors import DataError
from tfrec_zoo.serving.client import recommender_signatures
from tfrec_zoo.serving.inputs import Array, answer_to_nobody, asks_nobody
from tfrec_zoo.serving.recommender import Recommender
from tfrec_zoo.serving.signatures import signatures_of

_REFUSALS = (
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.OUT_OF_RANGE,
)


class GrpcClient(Recommender):
    """Answers requests by asking a server over gRPC, unencrypted. Many threads may share one.

    Example:
        >>> client = GrpcClient(target, "shop")  # target: of TensorFlow Serving, such as "127.0.0.1:8500"
        >>> len(client.recommend(history=["i3", "i7"], k=5))
        5
        >>> client.close()

    Args:
        target: of the server, such as "127.0.0.1:8500".
        name: of the model.
        version: to ask; None for the one that is live.
        timeout: seconds to wait for an answer.

    Raises:
        DataError: no such model or version there, or a model that is no recommender of this package.
        ConnectionError: nobody answers, or the server fails.
    """

    def __init__(self, target: str, name: str, version: int | None = None, timeout: float = 10.0) -> None:
        self._target, self._name, self._version, self._timeout = target, name, version, timeout
        self._channel = grpc.insecure_channel(target)
        self._stub = PredictionServiceStub(self._channel)
        request = GetModelMetadataRequest(metadata_field=["signature_def"])
        self._set_model(request.model_spec)
        answer = self._ask(self._stub.GetModelMetadata, request)
        definitions = SignatureDefMap()
        answer.metadata["signature_def"].Unpack(definitions)
        described = MessageToDict(
            definitions, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        super().__init__(recommender_signatures(signatures_of(described["signature_def"]), target))

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one signature on the server.

        Raises:
            DataError: the server refuses the request, with its words.
            ConnectionError: nobody answers, or the server fails.
        """
        specs = self.signatures[signature]
        if asks_nobody(inputs):
            return answer_to_nobody(specs["outputs"])
        request = PredictRequest()
        self._set_model(request.model_spec)
        request.model_spec.signature_name = signature
        for name, values in inputs.items():
            request.inputs[name].CopyFrom(
                tf.make_tensor_proto(values, specs["inputs"][name]["dtype"], values.shape)
            )
        answer = self._ask(self._stub.Predict, request)
        return {name: _array(tf.make_ndarray(answer.outputs[name])) for name in specs["outputs"]}

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _set_model(self, spec: Any) -> None:
        spec.name = self._name
        if self._version is not None:
            spec.version.value = self._version

    def _ask(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout)
        except grpc.RpcError as error:
            code = error.code()
            if code in _REFUSALS:
                raise DataError(f"{self._target} answers with {code.name}: {error.details()}") from error
            raise ConnectionError(
                f"A server must answer at {self._target}. Received: {code.name}, {error.details()}"
            ) from error


def _array(values: Array) -> Array:
    if values.dtype.kind not in "OS":
        return values
    decoded = np.empty(values.size, dtype=object)
    decoded[:] = [value.decode() for value in values.ravel()]
    return decoded.reshape(values.shape)
