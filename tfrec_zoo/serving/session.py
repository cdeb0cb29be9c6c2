"""A SavedModel in a TensorFlow session, as TensorFlow Serving holds it: the runtime of all that answers here.

A session takes half the time of `tf.saved_model.load` to open and to ask, works in the thread that asks
without Python's lock, and gives its tables back when it is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import EXTRA_FOLDER, WARMUP_FILE
from tfrec_zoo.serving.inputs import Array
from tfrec_zoo.serving.signatures import signatures_of

_INITIALISER = "__saved_model_init_op"


class Session:
    """A loaded SavedModel that many threads may ask at once.

    Args:
        folder: of the SavedModel.
        number: of the version.
        warm_up: whether to answer the requests that the export recorded, so that nobody waits for the first
            of its kind; needs tensorflow-serving-api.

    Raises:
        DataError: no SavedModel there that TensorFlow can open, or one that does not answer its warm-up
            requests.
    """

    def __init__(self, folder: Path, number: int, *, warm_up: bool = False) -> None:
        self.number = number
        """Of the version."""
        self._session = tf.compat.v1.Session(graph=tf.Graph(), config=_config())
        try:
            graph = _restore(self._session, folder)
            self.definitions = _as_json(graph)
            """Name -> SignatureDef in protobuf's JSON form."""
            self.signatures = signatures_of(self.definitions)
            """What the version answers, as in a manifest."""
            self._calls = {name: self._callable(graph.signature_def[name]) for name in self.signatures}
            if warm_up:
                self._warm_up(folder / EXTRA_FOLDER / WARMUP_FILE)
        except Exception as error:
            # A damaged graph fails in many ways: protobuf's, TensorFlow's and Python's errors.
            self._session.close()
            raise DataError(f"{folder} must be a SavedModel. Received: {error}. Export again.") from error

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one signature on all of its inputs.

        Args:
            signature: its name, of `signatures`.
            inputs: one array per named input.

        Returns:
            One array per named output; strings are bytes, in arrays of dtype object.

        Raises:
            DataError: arrays that the graph refuses, such as histories of two people and three user ids.
        """
        call = self._calls[signature]
        specs = self.signatures[signature]
        try:
            answer = call(*(inputs[name] for name in specs["inputs"]))
        except tf.errors.InvalidArgumentError as error:
            raise DataError(error.message) from error
        return dict(zip(specs["outputs"], answer, strict=True))

    def close(self) -> None:
        """Give the memory back; no request may be under way."""
        self._session.close()

    def _callable(self, definition: Any) -> Any:
        with self._session.graph.as_default():
            return self._session.make_callable(
                [definition.outputs[name].name for name in sorted(definition.outputs)],
                feed_list=[definition.inputs[name].name for name in sorted(definition.inputs)],
            )

    def _warm_up(self, path: Path) -> None:
        if not path.is_file():
            return
        from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            request = PredictionLog.FromString(record).predict_log.request
            inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)


def _config() -> Any:
    """The devices and limits of this process, of which a session would know nothing by itself."""
    # What a user told `tf.config` has no other door; a GPU's memory is shared with whatever trains here.
    from tensorflow.python.eager import context

    config = context.context().config
    # A request runs in its own thread: with two cores, handing operations to other threads costs more.
    config.inter_op_parallelism_threads = -1
    return config


def _restore(session: Any, folder: Path) -> Any:
    """Load graph, variables and tables into the session; returns the MetaGraphDef."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graph = next((graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags), None)
    if graph is None:
        raise ValueError("no graph that is tagged to be served")
    with session.graph.as_default():
        saver = tf.compat.v1.train.import_meta_graph(graph)
        saver.restore(session, str(folder / "variables" / "variables"))
        assets = {
            asset.tensor_info.name: str(folder / "assets" / asset.filename) for asset in graph.asset_file_def
        }
        initialiser = graph.signature_def[_INITIALISER].outputs[_INITIALISER].name
        session.run(initialiser, feed_dict=assets)
    return graph


def _as_json(graph: Any) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return {
        name: MessageToDict(
            definition, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        for name, definition in sorted(graph.signature_def.items())
    }
