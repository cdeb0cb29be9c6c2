"""Loading TFRS beside Keras 3."""

from __future__ import annotations

import os
from typing import Any

import keras

_FLAG = "TF_USE_LEGACY_KERAS"


def load_tfrs() -> Any:
    """Import `tensorflow_recommenders`, with `tf.keras` as it needs it.

    Raises:
        ImportError: TFRS is not installed, or `tf.keras` was used before and is Keras 3.
    """
    ours = _FLAG not in os.environ
    os.environ.setdefault(_FLAG, "1")
    try:
        import tensorflow_recommenders
    except ImportError as error:
        if ours:
            del os.environ[_FLAG]
        if isinstance(error, ModuleNotFoundError):
            raise
        raise ImportError(
            "TFRS needs `tf.keras` to be Keras 2, which is settled when a process first uses it. "
            f"Received: `tf.keras` that is Keras {keras.__version__} already. Import tfrec_zoo.interop.tfrs "
            f"before anything uses `tf.keras`, or start Python with {_FLAG}=1."
        ) from error
    return tensorflow_recommenders
