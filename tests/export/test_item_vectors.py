"""Item vectors in files, searched by numpy as an index would, beside the export's own answers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from tests.cli.test_commands import tfrec_zoo
from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.export import export, export_vectors, refresh_catalogue
from tfrec_zoo.export.verification.golden import golden_requests
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import create_model
from tfrec_zoo.serving import load

NUM_ITEMS, DIM, NUM_CANDIDATES = 40, 8, 12
DATA = synthetic(num_users=60, num_items=NUM_ITEMS, num_interactions=900, seed=4)
SPLIT = leave_last_out(DATA.interactions)
FEATURES = {
    content: FeatureSpace.fit(SPLIT.train, DATA.items, content=["categories"] if content else [])
    for content in (True, False)
}


def exported(folder: Path, name: str, content: bool = False, **settings: Any) -> tuple[Any, Path]:
    features = FEATURES[content]
    shared = {"embedding_dim": DIM, "max_history_length": 6, "use_item_id": True}
    model = create_model(name, features.schema, **shared, **settings)
    if content:
        model.set_content(features.item_features)
    if model.score_bias is not None:
        model.score_bias.assign(0.5)
    export(model, features, folder / name)
    return model, folder / name


@pytest.fixture(scope="module")
def two_tower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("exports"), "two_tower")[1]


def answers(folder: Path, raw: dict[str, Any], k: int) -> tuple[np.ndarray, list[list[str]], np.ndarray]:
    """The query vectors, and the export's lists and scores, seen items included."""
    recommender = load(folder)
    limits = {"exclude": np.full((len(raw["history"]), 1), ""), "exclude_seen": False, "allow": [], "k": k}
    found = recommender.run("recommend", {**raw, **limits})
    names = [[name for name in row if name] for row in found["item_ids"]]
    return recommender.run("encode_query", raw)["query"], names, found["scores"]


@pytest.mark.parametrize(
    ("name", "content", "settings"),
    [
        ("two_tower", False, {"normalize": True}),
        ("two_tower", True, {"loss": "rating"}),
        ("gru_ranker", False, {}),
        ("attention_ranker", True, {}),
        ("cnn_ranker", True, {"score": "dot"}),
    ],
)
def test_a_search_by_inner_product_ranks_as_the_export(
    name: str, content: bool, settings: dict[str, Any], tmp_path: Path
) -> None:
    model, folder = exported(tmp_path, name, content, **settings)
    raw, _ = golden_requests(model, FEATURES[content], 20)
    query, lists, scores = answers(folder, raw, NUM_ITEMS)
    export_vectors(folder, tmp_path / "items.npz")
    with np.load(tmp_path / "items.npz", allow_pickle=False) as file:
        ids, vectors = file["item_ids"], file["vectors"]
    products = query @ vectors.T
    bias = 0.0 if model.score_bias is None else float(model.score_bias)
    for row, found in enumerate(lists):
        assert sorted(found) == sorted(ids)
        rows = [list(ids).index(item) for item in found]
        np.testing.assert_allclose(products[row][rows] + bias, scores[row], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_of_a_two_stage_model_they_find_the_ranker_s_candidates(tmp_path: Path) -> None:
    model, folder = exported(tmp_path, "two_stage", num_candidates=NUM_CANDIDATES)
    raw, _ = golden_requests(model, FEATURES[False], 20)
    query, lists, _ = answers(folder, raw, NUM_ITEMS)
    items = export_vectors(folder, tmp_path / "items.npz")
    assert items.vectors.shape == (NUM_ITEMS, model.retriever.vector_dim)
    products = query @ items.vectors.T
    for row, found in enumerate(lists):
        if not query[row].any():
            continue  # all items tie for somebody without a history
        best = np.argsort(-products[row])[:NUM_CANDIDATES]
        assert set(found) == set(items.item_ids[best])


def test_both_files_hold_the_saved_model_s_vectors(two_tower: Path, tmp_path: Path) -> None:
    loaded = tf.saved_model.load(str(two_tower / "1"))
    expected = loaded.item_vectors.numpy()[2:]
    returned = export_vectors(two_tower, tmp_path / "new" / "items.npz")
    with np.load(tmp_path / "new" / "items.npz", allow_pickle=False) as file:
        assert file["item_ids"].dtype.kind == "U"
        assert file["vectors"].dtype == np.float32
        np.testing.assert_array_equal(file["vectors"], expected)
        np.testing.assert_array_equal(file["item_ids"], FEATURES[False].item_vocabulary.tokens)
        np.testing.assert_array_equal(returned.item_ids, file["item_ids"])
    export_vectors(two_tower, tmp_path / "items.parquet")
    table = pq.read_table(tmp_path / "items.parquet")
    assert str(table.schema.field("vector").type).startswith("fixed_size_list<")
    assert table.schema.field("vector").type.list_size == DIM
    assert table.column("item_id").to_pylist() == returned.item_ids.tolist()
    np.testing.assert_array_equal(np.array(table.column("vector").to_pylist(), np.float32), expected)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_retired_items_are_not_among_them(two_tower: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(two_tower, tmp_path / "copy"))
    before = export_vectors(copy, tmp_path / "items.npz")
    refresh_catalogue(copy, retire=[str(before.item_ids[3]), str(before.item_ids[20])])
    after = export_vectors(copy, tmp_path / "items.npz")
    np.testing.assert_array_equal(after.item_ids, np.delete(before.item_ids, [3, 20]))
    np.testing.assert_array_equal(after.vectors, np.delete(before.vectors, [3, 20], axis=0))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cnn_ranker", {"score": "dense"}),
        pytest.param("attention_ranker", {"target_attention": True}, marks=pytest.mark.slow),
    ],
)
def test_a_model_with_a_scorer_of_its_own_is_refused(
    name: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    _, folder = exported(tmp_path, name, **settings)
    with pytest.raises(ValueError, match=f"scores are inner products.* Received: a {name} that"):
        export_vectors(folder, tmp_path / "items.npz")
    assert not (tmp_path / "items.npz").exists()


def test_refusals(two_tower: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"must be one of: \.npz, \.parquet\. Received: '\.csv'"):
        export_vectors(two_tower, tmp_path / "items.csv")
    with pytest.raises(DataError, match=r"must hold manifest.json"):
        export_vectors(tmp_path, tmp_path / "items.npz")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="must go where one can be written"):
        export_vectors(two_tower, tmp_path / "file" / "items.npz")
    copy = Path(shutil.copytree(two_tower, tmp_path / "copy"))
    (copy / "1" / "saved_model.pb").unlink()
    with pytest.raises(DataError, match="must hold every file"):
        export_vectors(copy, tmp_path / "items.npz")


def test_a_failure_leaves_the_earlier_file(
    two_tower: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "items.npz"
    file.write_bytes(b"earlier")

    def interrupted(handle: Any, **_: Any) -> None:
        handle.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_vectors(two_tower, file)
    assert [path.name for path in tmp_path.iterdir()] == ["items.npz"]
    assert file.read_bytes() == b"earlier"


def test_the_command(two_tower: Path, tmp_path: Path) -> None:
    run = tfrec_zoo("vectors", two_tower, "--output", tmp_path / "items.parquet")
    assert (run.returncode, run.stderr) == (0, "")
    assert f"{NUM_ITEMS} vectors of {DIM} numbers" in run.stdout
    assert pq.read_table(tmp_path / "items.parquet").num_rows == NUM_ITEMS
    wrong = tfrec_zoo("vectors", two_tower, "--output", tmp_path / "items.faiss")
    assert wrong.returncode == 2
    assert "Received: '.faiss'" in wrong.stderr
