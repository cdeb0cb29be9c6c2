"""A catalogue that changes without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.export.exported import CONTENT, DATA, NUM_ITEMS, SPLIT, features_of, small_model
from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.tables import Items
from tfrec_zoo.export import export, refresh_catalogue, verify
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.serving import load

OTHERS = synthetic(num_users=9, num_items=25, num_interactions=99, images=True, audio=True, seed=9).items
NEW = Items([f"new {n}" for n in range(25)], **{name: getattr(OTHERS, name) for name in CONTENT})


def vectors_of(path: Path, version: int) -> np.ndarray:
    checkpoint = str(path / str(version) / "variables" / "variables")
    return tf.train.load_variable(checkpoint, "item_vectors/.ATTRIBUTES/VARIABLE_VALUE")


@pytest.fixture(
    params=[
        ("cnn_ranker", True),
        pytest.param(("cnn_ranker", False), marks=pytest.mark.slow),
        pytest.param(("two_stage", False), marks=pytest.mark.slow),
        pytest.param(("two_tower", True), marks=pytest.mark.slow),
    ]
)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, keep_content = request.param
    features = features_of(True)
    ids = {"use_item_id": False} if name == "cnn_ranker" else {}
    export(small_model(name, features, **ids), features, tmp_path / name, keep_content=keep_content)
    return tmp_path / name


def test_new_items_are_recommended_and_old_scores_stay(shop: Path) -> None:
    before, history = load(shop), list(DATA.items.item_id[:4])
    old = before.score(list(DATA.items.item_id), history)
    change = refresh_catalogue(shop, NEW, retire=[str(DATA.items.item_id[9])])
    assert (change.added, change.changed, change.retired, change.version) == (25, 0, 1, 2)
    np.testing.assert_array_equal(vectors_of(shop, 2)[: NUM_ITEMS + 2], vectors_of(shop, 1))
    after = load(shop)
    assert after.score(list(DATA.items.item_id), history) == old
    found = {item.item_id for item in after.recommend(history, k=NUM_ITEMS + 25)}
    assert not {*history, str(DATA.items.item_id[9])} & found
    ranked = before.manifest.model != "two_stage"
    assert not ranked or {*NEW.item_id} <= found
    assert {*NEW.item_id} & found
    assert len(after.similar_items("new 3", k=5)) == 5
    assert str(DATA.items.item_id[9]) not in {r.item_id for r in after.similar_items("new 3", k=99)}
    assert after.recommend(["new 0", "new 1"], k=3) != after.recommend(["new 2", "new 4"], k=3)
    own = after.run("encode_item", raw_content(NEW))["vectors"]
    np.testing.assert_allclose(own, vectors_of(shop, 2)[NUM_ITEMS + 2 :], rtol=1e-4, atol=1e-5)


def raw_content(items: Items) -> dict[str, np.ndarray]:
    width = max(len(row) for row in items.categories)
    return {
        "title": items.title,
        "categories": np.array([[*row, *[""] * (width - len(row))] for row in items.categories], object),
        "vectors": items.vectors,
        "image": items.image,
        "audio": items.audio,
    }


def test_the_whole_table_again_changes_nothing(shop: Path) -> None:
    model = read_manifest(shop).model
    change = refresh_catalogue(shop, DATA.items)
    with_ids = model != "cnn_ranker" and change.kept
    assert (change.added, change.changed) == (0, 0)
    assert with_ids or change.unchanged == NUM_ITEMS
    np.testing.assert_array_equal(vectors_of(shop, 2), vectors_of(shop, 1))


@pytest.mark.slow
def test_changed_content_and_retired_items_from_version_to_version(tmp_path: Path) -> None:
    features = features_of(True)
    export(
        small_model("cnn_ranker", features, use_item_id=False),
        features,
        tmp_path / "shop",
        litert=["float32"],
    )
    one, gone = str(DATA.items.item_id[5]), str(DATA.items.item_id[7])
    other = Items([one], **{name: getattr(DATA.items, name)[8:9] for name in CONTENT})
    first = refresh_catalogue(tmp_path / "shop", other, retire=[gone])
    assert (first.changed, first.retired) == (1, 1)
    rows = features.item_vocabulary.lookup(np.array([one, str(DATA.items.item_id[8])], object))
    vectors = vectors_of(tmp_path / "shop", 2)
    np.testing.assert_allclose(vectors[rows[0]], vectors[rows[1]], rtol=1e-4, atol=1e-6)
    everything = [r.item_id for r in load(tmp_path / "shop").recommend(k=999)]
    assert gone not in everything
    assert one in everything
    assert all(check.passed for check in verify(tmp_path / "shop", 5))
    assert read_manifest(tmp_path / "shop").retired == [gone]
    returned = Items([gone], **{name: getattr(DATA.items, name)[7:8] for name in CONTENT})
    both = refresh_catalogue(tmp_path / "shop", returned, retire=[gone])
    assert (both.retired, both.returned) == (0, 0)
    assert read_manifest(tmp_path / "shop").retired == [gone], "an id among both is retired"
    second = refresh_catalogue(tmp_path / "shop", returned)
    assert (second.unchanged, second.returned, second.version) == (1, 1, 4)
    served = load(tmp_path / "shop")
    assert gone in [r.item_id for r in served.recommend(k=999)]
    assert (served.manifest.retired, list(served.manifest.litert_files(tmp_path / "shop"))) == (
        [],
        ["float32"],
    )


def test_a_model_of_ids_retires(tmp_path: Path) -> None:
    features = FeatureSpace.fit(SPLIT.train)
    export(small_model("gru_ranker", features), features, tmp_path / "shop")
    gone = features.item_vocabulary.tokens[:2]
    assert refresh_catalogue(tmp_path / "shop", retire=gone).retired == 2
    assert not set(gone) & {r.item_id for r in load(tmp_path / "shop").recommend(k=999)}
    with pytest.raises(DataError, match="need a model that reads content"):
        refresh_catalogue(tmp_path / "shop", NEW)
    with pytest.raises(DataError, match=r"`retire` must name items of the catalogue\. Received: \['nobody'"):
        refresh_catalogue(tmp_path / "shop", retire=["nobody"])
    with pytest.raises(DataError, match="Received: neither"):
        refresh_catalogue(tmp_path / "shop")
    with pytest.raises(DataError, match="that are retired already"):
        refresh_catalogue(tmp_path / "shop", retire=gone)
    with pytest.raises(DataError, match="must leave at least one item"):
        refresh_catalogue(tmp_path / "shop", retire=features.item_vocabulary.tokens)
    with pytest.raises(TypeError, match=r"`retire` must be a sequence of ids\. Received: .11."):
        refresh_catalogue(tmp_path / "shop", retire="11")
    for wrong in ([1, 2], NEW.title):
        with pytest.raises(TypeError, match="`items` must be Items"):
            refresh_catalogue(tmp_path / "shop", wrong)
    assert not (tmp_path / "shop" / "3").exists()


def test_columns_must_be_there(shop: Path) -> None:
    with pytest.raises(DataError, match=r"must have at least one row and the columns .* without \['vectors'"):
        refresh_catalogue(shop, Items(["x"], title=["a"], categories=[("b",)]))
    assert not (shop / "2").exists()
