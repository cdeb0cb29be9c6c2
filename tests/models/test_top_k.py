from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.export import export
from tfrec_zoo.export.formats.litert import to_litert
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.export.verification.check import check_engine, refuse_mismatches
from tfrec_zoo.export.verification.engines import LITERT
from tfrec_zoo.export.verification.golden import golden_answers
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import create_model
from tfrec_zoo.models.catalogue import top_k as module

NUM_ITEMS = 700
"""Six blocks, the last of them not full."""


@pytest.fixture
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALL", 0)


def best_by_sorting(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    columns = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, columns, axis=1), columns


@pytest.mark.parametrize("k", [0, 1, 5, 6, 7, 300, NUM_ITEMS])
@pytest.mark.parametrize("levels", [1, 3, 60, 10**6])
def test_ties_and_all_are_as_a_stable_sort(in_blocks: None, k: int, levels: int) -> None:
    """Few levels make ties across blocks; half of the items, in one row all, are not allowed."""
    rng = np.random.default_rng(k)
    scores = rng.integers(-levels, levels, size=(9, NUM_ITEMS)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.5] = -np.inf
    scores[0] = -np.inf
    best, columns = tf.function(module.catalogue_top_k)(tf.constant(scores), tf.constant(k), NUM_ITEMS)
    for found, expected in zip((best, columns), best_by_sorting(scores, k), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("num_items", [1, 127, 128, 129])
def test_a_block_more_or_less(in_blocks: None, num_items: int) -> None:
    scores = np.random.default_rng(0).normal(size=(3, num_items)).astype(np.float32)
    best, columns = module.catalogue_top_k(tf.constant(scores), num_items, num_items)
    for found, expected in zip((best, columns), best_by_sorting(scores, num_items), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_small_catalogue_is_not_cut() -> None:
    function = tf.function(lambda scores: module.catalogue_top_k(scores, 5, NUM_ITEMS))
    graph = function.get_concrete_function(tf.TensorSpec([None, NUM_ITEMS])).graph
    assert [op.type for op in graph.get_operations() if op.type in ("TopKV2", "Max")] == ["TopKV2"]


@pytest.mark.parametrize("name", ["two_tower", "two_stage"])
def test_an_export_in_blocks_answers_as_the_model(in_blocks: None, name: str, tmp_path: Path) -> None:
    """`export` itself compares; a LiteRT file has LiteRT's own operations alone."""
    data = synthetic(num_users=40, num_items=NUM_ITEMS, num_interactions=4000, seed=1)
    features = FeatureSpace.fit(data.interactions)
    model = create_model(name, features.schema, embedding_dim=4, max_history_length=5)
    assert model.schema.num_items > 2 * module._BLOCK
    assert export(model, features, tmp_path / "blocks").is_dir()
    pytest.importorskip("ai_edge_litert", reason="LiteRT's runtime is not installed: tfrec-zoo[litert]")
    serving = ServingModule(model, features, 10)
    (tmp_path / "model.tflite").write_bytes(to_litert(serving, "float32", {}))
    goldens = golden_answers(model, features, 20)
    refuse_mismatches(check_engine(LITERT, tmp_path / "model.tflite", goldens, features))
