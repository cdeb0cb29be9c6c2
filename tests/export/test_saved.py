"""An export opened for work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.export.exported import features_of, small_model
from tfrec_zoo._errors import DataError
from tfrec_zoo.export import export, open_export


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    features = features_of(True)
    path = tmp_path_factory.mktemp("saved") / "shop"
    export(small_model("gru_ranker", features), features, path)
    return path


def test_it_holds_what_was_exported(folder: Path) -> None:
    features = features_of(True)
    saved = open_export(str(folder))
    assert (saved.manifest.model, saved.version_folder) == ("gru_ranker", folder / "1")
    assert saved.features.schema == features.schema
    assert saved.features.item_vocabulary.tokens == features.item_vocabulary.tokens
    expected = tf.saved_model.load(str(folder / "1")).item_vectors.numpy()
    np.testing.assert_array_equal(saved.item_vectors(), expected)
    np.testing.assert_allclose(saved.model.item_vectors(), expected, rtol=1e-5, atol=1e-6)
    assert saved.model is saved.model


FRESH = """
import sys
from tfrec_zoo.export import open_export
print(type(open_export(sys.argv[1]).model).__name__)
"""


def test_a_fresh_process_knows_the_classes(folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FRESH, str(folder)], check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == "GRURanker"


def test_another_file_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "shop"))
    with (copy / "1" / "assets.extra" / "model.keras").open("ab") as file:
        file.write(b" ")
    with pytest.raises(DataError, match=r"model\.keras must be as its manifest says"):
        open_export(copy)
    with pytest.raises(DataError, match=r"must hold manifest\.json"):
        open_export(tmp_path)
