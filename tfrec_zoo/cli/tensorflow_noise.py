"""TensorFlow's start-up messages, kept off the terminal."""

from __future__ import annotations

import os
import sys
import tempfile


def import_quietly() -> None:
    """Import TensorFlow without what its libraries write to stderr while they start.

    They write before any log level is read, so the stream itself is set aside; where the import fails, what
    was written is shown.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
            tf.constant(0)  # the first operation looks for a GPU's driver, and says so
        except BaseException:
            os.dup2(kept, 2)
            aside.seek(0)
            sys.stderr.write(aside.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
