"""Ask a model behind TensorFlow Serving's REST API: TensorFlow Serving itself, or the local server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
import requests

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import RECOMMEND_SIGNATURE
from tfrec_zoo.serving.inputs import Array, answer_to_nobody, asks_nobody
from tfrec_zoo.serving.recommender import Recommender
from tfrec_zoo.serving.signatures import signatures_of

_CONNECTIONS = 64
"""Kept open, for so many threads at once; more are opened and closed again."""


class Client(Recommender):
    """Answers requests by asking a server over HTTP. Many threads may share one.

    Example:
        >>> client = Client(url, "shop")  # url: where `serve` answers, such as "http://127.0.0.1:8501"
        >>> len(client.recommend(history=["i3", "i7"], k=5))
        5
        >>> client.close()

    Args:
        url: of the server, such as "http://127.0.0.1:8501"; without a scheme, http.
        name: of the model.
        version: to ask; None for the one that is live.
        timeout: seconds to wait for a connection, and for each part of an answer.

    Raises:
        DataError: no such model or version there, or a model that is no recommender of this package.
        ConnectionError: nobody answers, or somebody who does not speak this API.
    """

    def __init__(self, url: str, name: str, version: int | None = None, timeout: float = 10.0) -> None:
        base = url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"
        of_version = "" if version is None else f"/versions/{version}"
        self._address = f"{base}/v1/models/{quote(name, safe='')}{of_version}"
        self._timeout = timeout
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=_CONNECTIONS))
        metadata = self._ask("GET", "/metadata")
        try:
            signatures = signatures_of(metadata["metadata"]["signature_def"]["signature_def"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ConnectionError(_not_this_api(self._address)) from error
        super().__init__(recommender_signatures(signatures, self._address))

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one signature on the server.

        Raises:
            DataError: the server refuses the request, with its words.
            ConnectionError: nobody answers, or the server fails.
        """
        specs = self.signatures[signature]["outputs"]
        if asks_nobody(inputs):
            return answer_to_nobody(specs)
        request = {"signature_name": signature, "inputs": {name: a.tolist() for name, a in inputs.items()}}
        answer = self._ask("POST", ":predict", json.dumps(request).encode())
        try:
            outputs = answer["outputs"]
            values = outputs if len(specs) > 1 else {name: outputs for name in specs}
            return {name: _array(values[name], spec["dtype"]) for name, spec in specs.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise ConnectionError(_not_this_api(self._address)) from error

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        address = self._address + path
        try:
            answer = self._session.request(
                method,
                address,
                data=body,
                timeout=self._timeout,
                headers={"Content-Type": "application/json"},
            )
        except requests.RequestException as error:
            raise ConnectionError(f"A server must answer at {address}. Received: {error}") from error
        try:
            content = json.loads(answer.content)
        except ValueError as error:
            raise ConnectionError(_not_this_api(address)) from error
        if answer.ok:
            return content
        message = content.get("error", content) if isinstance(content, dict) else content
        kind = DataError if answer.status_code < 500 else ConnectionError
        raise kind(f"{address} answers with status {answer.status_code}: {message}")


def recommender_signatures(signatures: Mapping[str, Any], address: str) -> Mapping[str, Any]:
    """The signatures, if they are of a model that `export` wrote.

    Raises:
        DataError: they are not.
    """
    if RECOMMEND_SIGNATURE not in signatures:
        raise DataError(
            f"The model at {address} must have the signature {RECOMMEND_SIGNATURE!r}, as an export of "
            f"tfrec_zoo has. Received: {sorted(signatures)}"
        )
    return signatures


def _not_this_api(address: str) -> str:
    return f"The server at {address} must speak TensorFlow Serving's REST API. Received: another answer."


def _array(values: Any, dtype: str) -> Array:
    return np.array(values, dtype=object if dtype == "string" else dtype)
