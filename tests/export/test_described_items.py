"""Prices, years and places, from a table to every engine, to a refreshed catalogue and to `encode_item`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from tests.kinds.colour import Colour
from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.data.item_tables import read_items, read_users
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.data.tables import Items, Users
from tfrec_zoo.export import export, refresh_catalogue, verify
from tfrec_zoo.feature_kind import KINDS
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import RecommenderModel, create_model
from tfrec_zoo.serving import LiteRTRecommender, load
from tfrec_zoo.training import RunConfig, train

DATA = synthetic(num_users=60, num_items=40, num_interactions=900, seed=4)
SPLIT = leave_last_out(DATA.interactions)
RANDOM = np.random.default_rng(0)
TOPIC = np.array([int(row[0].removeprefix("topic_")) for row in DATA.items.categories])
MODELS = ["two_tower", "cnn_ranker"]


def trained(
    name: str, items: Items, users: Users | None, content: Any, profile: Any = ()
) -> tuple[RecommenderModel, FeatureSpace]:
    features = FeatureSpace.fit(SPLIT.train, items, users, content=content, profile=profile)
    sizes = {"embedding_dim": 8, "max_history_length": 6, "use_item_id": False}
    model = create_model(name, features.schema, **sizes)
    model.set_content(features.item_features)
    history = train(model, features.transform(SPLIT), RunConfig(epochs=2, learning_rate=0.01))
    assert np.isfinite(history["loss"]).all()
    return model, features


def refuse_differences(folder: Path) -> None:
    checks = verify(folder, 40)
    assert {("LiteRT, float32", "recommend"), ("SavedModel", "encode_item")} <= {
        (check.engine, check.signature) for check in checks
    }
    for check in checks:
        assert check.passed, check


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_shop_with_prices(name: str, tmp_path: Path) -> None:
    rows = ["sku,title,price,year,lat,lon"]
    for place, (item, title) in enumerate(zip(DATA.items.item_id, DATA.items.title, strict=True)):
        price = "" if place == 5 else f"{10 * (TOPIC[place] + 1) + place % 3:.2f}"
        where = "," if place == 6 else f"{48.1 + 0.01 * TOPIC[place]},{11.5 + 0.01 * (place % 4)}"
        rows.append(f"{item},{title},{price},{1990 + TOPIC[place]},{where}")
    (tmp_path / "shop.csv").write_text("\n".join(rows) + "\n")
    columns = ["price", "year:bucketed_number", "location", "title"]
    items = read_items(tmp_path / "shop.csv", columns=columns)
    model, features = trained(name, items, DATA.users, columns, list(DATA.users.profile))
    kinds = {feature.name: feature.kind for feature in features.schema.item_features}
    assert kinds == {
        "price": "number",
        "year": "bucketed_number",
        "location": "location",
        "title": "text",
    }
    export(model, features, tmp_path / "shop", litert=["float32"])
    refuse_differences(tmp_path / "shop")
    (tmp_path / "new.csv").write_text(
        "sku,title,price,year,lat,lon\n"
        "cheap,Cup,11.00,1991,48.11,11.5\ndear,Cup,79.00,1991,48.11,11.5\nfar,Cup,11.00,1991,48.2,11.6\n"
        "unknown,,,,,\n"
    )
    named = {
        feature["name"]: feature["kind"]
        for feature in read_manifest(tmp_path / "shop").schema["item_features"]
    }
    change = refresh_catalogue(tmp_path / "shop", read_items(tmp_path / "new.csv", columns=named))
    assert change.added == 4
    served = load(tmp_path / "shop")
    raw = {
        "title": np.array(["Cup", "Cup", "Cup", ""], object),
        "price": np.array([11, 79, 11, np.nan], np.float32),
        "year": np.array([1991, 1991, 1991, np.nan], np.float32),
        "location": np.array([[48.11, 11.5], [48.11, 11.5], [48.2, 11.6], [np.nan, np.nan]], np.float32),
    }
    vectors = served.run("encode_item", raw)["vectors"]
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-2, "another price"
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-2, "another place"
    table = keras.saving.load_model(
        read_manifest(tmp_path / "shop").model_file(tmp_path / "shop")
    ).item_vectors()
    np.testing.assert_allclose(table[-4:], vectors, rtol=1e-4, atol=1e-5)
    found = [row.item_id for row in served.recommend(list(DATA.items.item_id[:3]), k=44)]
    assert {"cheap", "dear", "far", "unknown"} <= set(found)
    device = LiteRTRecommender(read_manifest(tmp_path / "shop").litert_files(tmp_path / "shop")["float32"])
    reads_age = "age" in served.signatures["recommend"]["inputs"]
    assert reads_age == (name == "two_tower")
    for recommender in (served, device):
        assert recommender.recommend(["cheap"], k=5) != recommender.recommend(["dear"], k=5)
        if reads_age:
            young, old, unknown = (recommender.recommend(profile={"age": age}) for age in (15, 80, None))
            assert young != old != unknown


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_places_and_people_with_homes(name: str, tmp_path: Path) -> None:
    towns = np.array([(-17.8, 179.9), (-16.5, -179.9), (64.1, -21.9), (48.1, 11.6), (1.3, 103.8)])
    at = towns[TOPIC % 5] + RANDOM.normal(scale=0.05, size=(40, 2))
    at[:, 1] = (at[:, 1] + 180) % 360 - 180
    items = Items(DATA.items.item_id, location=at, stars=RANDOM.integers(1, 6, 40))
    rows = {
        "user": DATA.users.user_id,
        "latitude": towns[np.arange(60) % 5, 0],
        "longitude": towns[np.arange(60) % 5, 1],
        "bio": [f"likes {word} food" for word in np.array(["good", "hot", "raw"])[np.arange(60) % 3]],
        "taste": list(RANDOM.normal(size=(60, 3))),
        "budget": RANDOM.lognormal(size=60),
    }
    said = ["location", "bio:text", "taste", "budget:bucketed_number"]
    users = read_users(pd.DataFrame(rows), profile_columns=said)
    model, features = trained(
        name, items, users, ["location", "stars"], [entry.partition(":")[0] for entry in said]
    )
    assert [feature.kind for feature in features.schema.user_features] == [
        "location",
        "text",
        "vector",
        "bucketed_number",
    ]
    if name == "two_tower":
        with pytest.raises(
            DataError, match=r"none of them reads a text\. Received: the profile feature 'bio'"
        ):
            export(model, features, tmp_path / "places", litert=["float32"])
        assert not (tmp_path / "places").exists()
        model, features = trained(name, items, users, ["location", "stars"], ["location", "taste", "budget"])
    export(model, features, tmp_path / "places", litert=["float32"])
    refuse_differences(tmp_path / "places")
    new = Items(
        ["north", "south", "nowhere"], location=[(64.1, -21.9), (-17.8, 179.9), None], stars=[3, 3, 3]
    )
    assert refresh_catalogue(tmp_path / "places", new).added == 3
    served = load(tmp_path / "places")
    raw = {"location": np.array([[64.1, -21.9], [-17.8, 179.9], [np.nan] * 2], np.float32)}
    vectors = served.run("encode_item", {**raw, "stars": np.full(3, 3, np.float32)})["vectors"]
    assert min(np.abs(vectors[one] - vectors[other]).max() for one, other in ((0, 1), (0, 2), (1, 2))) > 1e-2
    if name == "two_tower":
        device = LiteRTRecommender(
            read_manifest(tmp_path / "places").litert_files(tmp_path / "places")["float32"]
        )
        for recommender in (served, device):
            lists = [
                recommender.recommend(profile={"location": home, "taste": [0.1, 0.2, 0.3]}, k=5)
                for home in ((64.1, -21.9), (-17.8, 179.9), None)
            ]
            assert lists[0] != lists[1] != lists[2]


@pytest.mark.slow
def test_texts_of_users_are_served(tmp_path: Path) -> None:
    bios = [("loves " if place % 2 else "hates ") + "cups and jugs" for place in range(60)]
    users = Users(DATA.users.user_id, {"bio": bios}, {"bio": "text"})
    items = Items(DATA.items.item_id, title=DATA.items.title)
    model, features = trained("two_tower", items, users, ["title"], ["bio"])
    export(model, features, tmp_path / "bios")
    checks = verify(tmp_path / "bios", 40)
    assert all(check.passed for check in checks)
    assert [c.skipped for c in checks if c.engine == "OpenVINO"] == ["no operations for bio"]
    served = load(tmp_path / "bios")
    assert served.signatures["recommend"]["inputs"]["bio"] == {"dtype": "string", "shape": [None]}
    loves, hates, shouts = (
        served.recommend(profile={"bio": bio}) for bio in ("loves cups", "hates cups", "LOVES: cups!")
    )
    assert loves == shouts != hates


@pytest.fixture
def colour() -> Iterator[None]:
    KINDS.register("colour", Colour)
    yield
    KINDS.unregister("colour")


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_an_outsider_s_kind_goes_all_the_way(name: str, tmp_path: Path, colour: None) -> None:
    paints = np.array(["#ff8800", "#00ff88", "#8800ff", ""], object)
    items = Items(DATA.items.item_id, paint=paints[TOPIC % 4], price=TOPIC + 1.0)
    users = Users(DATA.users.user_id, {"favourite": paints[np.arange(60) % 4]})
    model, features = trained(name, items, users, ["paint", "price"], ["favourite"])
    export(model, features, tmp_path / "paints")
    assert all(check.passed for check in verify(tmp_path / "paints", 40))
    folder = tmp_path / "paints"
    manifest = read_manifest(folder)
    again = keras.saving.load_model(manifest.model_file(folder))
    np.testing.assert_array_equal(again.item_vectors(), model.item_vectors())
    assert FeatureSpace.load(manifest.features_folder(folder)).item_transforms == features.item_transforms
    new = Items(["red", "blue"], paint=["#ff0000", "#0000ff"], price=[3, 3])
    assert refresh_catalogue(folder, new).added == 2
    raw = {"paint": np.array(["#ff0000", "#0000ff"], object), "price": np.full(2, 3, np.float32)}
    vectors = load(folder).run("encode_item", raw)["vectors"]
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3
