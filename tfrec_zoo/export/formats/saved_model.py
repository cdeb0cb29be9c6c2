"""The SavedModel, which every export is."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from tfrec_zoo.export.formats.format import Format, Servable
from tfrec_zoo.export.verification.engines import loader


def _write(servable: Servable, folder: Path) -> None:
    tf.saved_model.save(servable.module, str(folder), signatures=servable.signatures)


SAVED_MODEL = Format("SavedModel", "saved_model", "saved_model.pb", _write, is_folder=True, checked_by=loader)
