"""How a version becomes live, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.serving.exports import K, publish, renumbered, request, rewrite
from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.serving import load
from tfrec_zoo.serving.server.live_version import LiveVersion, UnknownVersionError
from tfrec_zoo.serving.server.rest import read_inputs
from tfrec_zoo.serving.session import Session


def length(version: Session) -> int:
    inputs = read_inputs({"inputs": request()}, version.signatures["serving_default"]["inputs"])
    return int(version.run("serving_default", inputs)["scores"].shape[1])


def state(versions: LiveVersion, number: int) -> str:
    return dict(versions.states())[number].state


@pytest.fixture
def versions(shop: Path):
    versions = LiveVersion(shop)
    yield versions
    versions.close()


def test_a_session_answers_as_the_saved_model(exports: dict[str, Path]) -> None:
    version, recommender = Session(exports["first"] / "1", 1), load(exports["first"])
    assert version.signatures == recommender.signatures
    columns = {name: np.array(values) for name, values in request().items()}
    expected = recommender.run("serving_default", columns)
    inputs = read_inputs({"inputs": request()}, version.signatures["serving_default"]["inputs"])
    found = version.run("serving_default", inputs)
    np.testing.assert_allclose(found["scores"], expected["scores"], rtol=1e-6)
    assert [[i.decode() for i in row] for row in found["item_ids"]] == expected["item_ids"].tolist()
    version.close()


def test_the_next_version_takes_over_and_the_old_one_ends_with_its_requests(exports, shop, versions) -> None:
    assert not versions.look()
    with versions.lease() as old:
        publish(exports["second"], shop, 2)
        assert versions.number == 1
        assert versions.look()
        assert versions.number == 2
        assert state(versions, 1) == "UNLOADING"
        assert length(old) == K["first"]
        with versions.lease() as new:
            assert length(new) == K["second"]
    assert (state(versions, 1), state(versions, 2)) == ("END", "AVAILABLE")
    with pytest.raises(RuntimeError, match="closed"):
        length(old)
    assert not versions.look()
    with (
        versions.lease(2),
        pytest.raises(UnknownVersionError, match=r"Specific\(shop, 1\)"),
        versions.lease(1),
    ):
        pass


def test_a_folder_without_its_manifest_is_not_looked_at(exports, shop, versions) -> None:
    shutil.copytree(exports["second"] / "1", shop / "2")
    assert not versions.look()
    assert versions.states()[0][0] == 1
    renumbered(exports["second"], 2).write(shop)
    assert versions.look()


@pytest.mark.parametrize("name", ["variables/variables.index", "saved_model.pb", "assets.extra/model.keras"])
@pytest.mark.parametrize("damage", ["cut", "missing", "changed"])
def test_a_version_that_is_not_whole_is_refused_until_it_is(
    exports, shop, versions, caplog, name, damage
) -> None:
    publish(exports["second"], shop, 2)
    file = shop / "2" / name
    whole = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(whole[:-1] if damage == "cut" else bytes([whole[0] ^ 1]) + whole[1:])
    for _ in range(3):
        assert not versions.look()
    refused = dict(versions.states())[2]
    assert (refused.state, refused.error_code) == ("END", "DATA_LOSS")
    assert f"2/{name}" in refused.error_message
    said = [
        record for record in caplog.records if "Version 2 is refused, version 1 stays live" in record.message
    ]
    assert len(said) == 1
    with versions.lease() as live:
        assert length(live) == K["first"]
    file.write_bytes(whole)
    assert versions.look()
    assert state(versions, 2) == "AVAILABLE"


def test_a_damaged_manifest_leaves_the_live_version(exports, shop, versions, caplog) -> None:
    manifest = publish(exports["second"], shop, 2)
    (shop / "manifest.json").write_text("{")
    for _ in range(3):
        assert not versions.look()
    (shop / "manifest.json").unlink()
    assert not versions.look()
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert versions.number == 1
    manifest.write(shop)
    assert versions.look()


@pytest.mark.parametrize("name", ["saved_model.pb", "assets.extra/tf_serving_warmup_requests"])
def test_what_tensorflow_does_not_open_or_answer_is_refused(exports, shop, versions, name) -> None:
    publish(exports["second"], shop, 2)
    rewrite(shop, f"2/{name}", b"nonsense, and more of it")
    assert not versions.look()
    assert dict(versions.states())[2].error_code == "DATA_LOSS"
    assert "Export again" in dict(versions.states())[2].error_message
    publish(exports["second"], shop, 3)
    assert versions.look()
    assert [(number, state.state) for number, state in versions.states()] == [
        (3, "AVAILABLE"),
        (2, "END"),
        (1, "END"),
    ]


def test_the_manifest_may_go_back_and_a_folder_may_begin_anew(exports, shop, versions) -> None:
    first = read_manifest(shop)
    publish(exports["second"], shop, 2)
    assert versions.look()
    first.write(shop)
    assert versions.look()
    assert [(number, state.state) for number, state in versions.states()] == [(2, "END"), (1, "AVAILABLE")]
    shutil.rmtree(shop)
    assert not versions.look()
    shutil.copytree(exports["second"], shop)
    assert versions.look()
    with versions.lease(1) as live:
        assert length(live) == K["second"]


def test_nothing_is_served_without_a_whole_version(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must hold manifest.json"):
        LiveVersion(tmp_path)
    (shop / "1" / "saved_model.pb").unlink()
    with pytest.raises(DataError, match=r"none at 1/saved_model.pb"):
        LiveVersion(shop)


def test_an_old_status_is_forgotten(exports, shop, versions, monkeypatch) -> None:
    monkeypatch.setattr("tfrec_zoo.serving.server.live_version._KEPT_STATES", 2)
    for number in (2, 3, 4):
        publish(exports["second"], shop, number)
        assert versions.look()
    assert [number for number, _ in versions.states()] == [4, 3]
