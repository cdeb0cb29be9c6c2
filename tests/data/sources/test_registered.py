"""A data set that joins the table from outside of the package, and goes wherever the package's own go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tfrec_zoo as zoo
from tests.data.same_tables import assert_same_tables
from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.cli.main import app
from tfrec_zoo.data.files import read_interactions
from tfrec_zoo.data.sources.known import DATASETS, KnownDataset, PublishedLayout
from tfrec_zoo.data.tables import Dataset, Items

NAME = "shop/2024"
ROWS = [(user, item, 100 * item + user) for user in range(1, 4) for item in range(user, user + 4)]


def read_shop(path: Path) -> Dataset:
    file = path / "orders.tsv" if path.is_dir() else path
    return replace(read_interactions(file, name=NAME), licence="ours", source=f"shop {path.name}")


def write_shop(folder: Path) -> Path:
    folder.mkdir(parents=True)
    rows = ["user_id\titem_id\ttimestamp", *("\t".join(map(str, row)) for row in ROWS)]
    (folder / "orders.tsv").write_text("\n".join(rows) + "\n")
    return folder


LAYOUT = PublishedLayout(read_shop, files=("orders.tsv",), stands_alone=True)
SHOP = KnownDataset(
    "3 users, 6 items, 12 orders", "ours", read_shop, "ask the shop", places=("till",), layout=LAYOUT
)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The shop's folder; its data set is known, and nothing is in the environment or the cache."""
    monkeypatch.delenv("TFREC_ZOO_DATA", raising=False)
    monkeypatch.setenv("TFREC_ZOO_CACHE", str(tmp_path / "cache"))
    DATASETS.register(NAME, SHOP)
    yield write_shop(tmp_path / "files" / "till")
    DATASETS.unregister(NAME)


def test_it_is_loaded_and_ready_for_training(shop: Path) -> None:
    data = zoo.load_dataset(NAME, data_dir=shop.parent)
    assert (data.name, data.licence, data.source) == (NAME, "ours", "shop till")
    split = zoo.leave_last_out(data.interactions)
    features = zoo.FeatureSpace.fit(split.train)
    encoded = features.transform(split)
    expected = features.item_vocabulary.lookup(split.test.item_id)
    assert sorted(encoded.test.item_index) == sorted(expected)
    assert list(encoded.train.row_splits) == [0, 2, 4, 6]


def test_it_is_found_by_the_environment_and_by_its_own_names(
    shop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = zoo.load_dataset(NAME, shop)
    for place in ("till", "shop/2024", "shop-2024"):
        folder = tmp_path / place.replace("/", "_") / place
        write_shop(folder)
        monkeypatch.setenv("TFREC_ZOO_DATA", str(tmp_path / place.replace("/", "_")))
        data = zoo.load_dataset(NAME)
        assert data.source == f"shop {folder.name}"
        assert_same_tables(data, expected)


def test_its_files_are_recognised_without_a_name(shop: Path, tmp_path: Path) -> None:
    (shop / "stock.json").write_text("{}")  # which alone would be Amazon's
    assert zoo.load_dataset(shop).source == "shop till"
    assert zoo.load_dataset(shop / "orders.tsv").source == "shop orders.tsv"
    DATASETS.unregister(NAME)
    try:
        assert zoo.load_dataset(shop / "orders.tsv").source.startswith("orders.tsv (tsv, guessed")
    finally:
        DATASETS.register(NAME, SHOP)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", shop)
    with pytest.raises(DataError, match=r"packed.zip"):
        zoo.load_dataset(archive)  # the shop's reader is asked, and reads no archives


def test_the_lists_have_it(shop: Path) -> None:
    listed = json.loads(CliRunner().invoke(app, ["datasets", "--json"]).stdout)
    assert listed[-1] == {"name": NAME, "size": SHOP.size, "licence": "ours", "from": "folder"}
    with pytest.raises(UnknownNameError, match=r"Did you mean 'shop/2024'\?.*synthetic"):
        zoo.load_dataset("shop/2023")
    with pytest.raises(
        DataError,
        match=r"no source answered. Tried:\n  folder of TFREC_ZOO_DATA: not set\nBy hand: ask the shop",
    ) as e:
        zoo.load_dataset(NAME)
    assert "cache" not in str(e.value)


def test_what_it_fetches_is_cached_once(shop: Path, tmp_path: Path) -> None:
    asked: list[float] = []

    def lost(folder: Path, timeout: float) -> Dataset:
        raise OSError("the line is dead")

    def courier(folder: Path, timeout: float) -> Dataset:
        assert not list(folder.iterdir())
        asked.append(timeout)
        return read_shop(write_shop(folder / "parcel"))

    DATASETS.register("shop/fetched", replace(SHOP, fetch={"wire": lost, "courier": courier}))
    try:
        assert DATASETS["shop/fetched"].routes == ("folder", "cache", "wire", "courier")
        first = zoo.load_dataset("shop/fetched", timeout=3)
        again = zoo.load_dataset("shop/fetched", timeout=3)
        with pytest.raises(DataError, match=r"no such folder or file. ask the shop"):
            zoo.load_dataset("shop/fetched", tmp_path / "gone")
    finally:
        DATASETS.unregister("shop/fetched")
    assert (first.source, asked) == ("shop parcel", [3])
    assert again.source == f"cache {tmp_path / 'cache' / 'shop' / 'fetched'}, first from shop parcel"
    assert_same_tables(first, again)


def test_what_the_cache_does_not_keep_is_fetched_again(shop: Path, caplog: pytest.LogCaptureFixture) -> None:
    def with_pictures(folder: Path, timeout: float) -> Dataset:
        data = read_shop(write_shop(folder / "parcel"))
        names = data.interactions.item_id.categories.to_numpy()
        return replace(data, items=Items(names, image=np.zeros((len(names), 2, 2, 3), np.uint8)))

    DATASETS.register("shop/pictures", replace(SHOP, fetch={"courier": with_pictures}))
    try:
        assert zoo.load_dataset("shop/pictures").items is not None
    finally:
        DATASETS.unregister("shop/pictures")
    assert "could not be cached" in caplog.text


def test_a_drawn_one_takes_no_folder(shop: Path) -> None:
    DATASETS.register("shop/drawn", KnownDataset("small", "CC0-1.0", draw=lambda: zoo.synthetic(20, 16, 80)))
    try:
        assert len(zoo.load_dataset("shop/drawn").interactions) == 80
        with pytest.raises(ValueError, match="`data_dir` does not go with shop/drawn, which is drawn"):
            zoo.load_dataset("shop/drawn", shop)
    finally:
        DATASETS.unregister("shop/drawn")


def test_a_record_must_say_how_it_is_had() -> None:
    with pytest.raises(ValueError, match=r"either `read` or `draw`"):
        KnownDataset("small", "ours")
    with pytest.raises(ValueError, match=r"either `read` or `draw`"):
        KnownDataset("small", "ours", read_shop, "ask", draw=zoo.synthetic)
    with pytest.raises(ValueError, match=r"must say in `by_hand` how to get its files"):
        KnownDataset("small", "ours", read_shop)
    with pytest.raises(ValueError, match="must be free"):
        DATASETS.register("synthetic", SHOP)
