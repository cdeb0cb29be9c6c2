"""Formats, engines and files of vectors that come from outside of the package."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.export.exported import features_of, small_model
from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.export import (
    ENGINES,
    FORMATS,
    VECTOR_FILES,
    Engine,
    Format,
    Servable,
    check_formats,
    export,
    export_vectors,
    open_export,
    refresh_catalogue,
    verify,
)

FILE = "assets.extra/items.json"


def write_json(servable: Servable, file: Path) -> None:
    names = [name.decode() for name in servable.module.item_ids.numpy()[2:]]
    vectors = servable.module.item_vectors.numpy()[2:].tolist()
    file.write_text(json.dumps(dict(zip(names, vectors, strict=True))))


def write_wrongly(servable: Servable, file: Path) -> None:
    write_json(servable, file)
    vectors = json.loads(file.read_text())
    first, *others = vectors
    file.write_text(json.dumps({first: vectors[others[0]], **{name: vectors[name] for name in others}}))


TOY = Format("JSON file", "item_json", FILE, write_json, purpose="For pages")
READER = Engine(
    "numpy",
    Path(__file__).with_name("run_item_vectors.py"),
    "item_json",
    ("tfrec_zoo", "tensorflow"),
    signatures=("similar_items",),
)


@pytest.fixture
def toy_format() -> Iterator[None]:
    FORMATS.register("item_json", TOY)
    yield
    FORMATS.unregister("item_json")


@pytest.fixture
def toy_engine() -> Iterator[None]:
    ENGINES.register("numpy", READER)
    yield
    ENGINES.unregister("numpy")


def exported(folder: Path, *formats: str) -> Path:
    features = features_of(False)
    export(small_model("two_tower", features), features, folder, formats=formats)
    return folder


def rows_of(folder: Path) -> dict[str, tuple[str, bool, str]]:
    return {
        check.engine: (check.signature, check.passed, check.skipped)
        for check in verify(folder, 20)
        if check.engine not in {engine.name for name, engine in ENGINES.items() if name != "numpy"}
    }


def test_a_format_and_its_engine_join(toy_format: None, toy_engine: None, tmp_path: Path) -> None:
    folder = exported(tmp_path / "shop", "item_json")
    file = folder / "1" / FILE
    manifest = read_manifest(folder)
    assert manifest.files[f"1/{FILE}"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert f"For pages: `1/{FILE}`." in (folder / "README.md").read_text()
    assert rows_of(folder) == {"numpy": ("similar_items", True, "")}
    retired = features_of(False).item_vocabulary.tokens[0]
    ENGINES.unregister("numpy")  # it knows nothing of retired items
    refresh_catalogue(folder, retire=[retired])
    ENGINES.register("numpy", READER)
    assert read_manifest(folder).files.keys() >= {f"2/{FILE}"}, "the next version has it too"


def test_an_export_that_the_engine_answers_otherwise_from_is_refused(
    toy_engine: None, tmp_path: Path
) -> None:
    FORMATS.register("wrong", replace(TOY, write=write_wrongly))
    try:
        with pytest.raises(ValueError, match=r"numpy must answer .* Nothing was published"):
            exported(tmp_path / "shop", "wrong")
    finally:
        FORMATS.unregister("wrong")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_verify_says_what_nothing_here_can_check(
    toy_format: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = exported(tmp_path / "shop", "item_json")
    assert rows_of(folder) == {"item_json": ("", True, "no engine that reads it is registered")}
    FORMATS.unregister("item_json")
    try:
        assert rows_of(folder) == {f"1/{FILE}": ("", True, "no format of such a file is registered")}
        with caplog.at_level(logging.WARNING, "tfrec_zoo"):
            refresh_catalogue(folder, retire=features_of(False).item_vocabulary.tokens[:1])
        assert f"The next version is without ['1/{FILE}']" in caplog.text
    finally:
        FORMATS.register("item_json", TOY)


def test_an_engine_that_forgets_an_answer_is_a_problem(
    toy_format: None, toy_engine: None, tmp_path: Path
) -> None:
    folder = exported(tmp_path / "shop", "item_json")
    ENGINES.unregister("numpy")
    (tmp_path / "silent.py").write_text("import sys, numpy; numpy.savez(sys.argv[3])")
    ENGINES.register("numpy", replace(READER, script=tmp_path / "silent.py"))
    (row,) = [check for check in verify(folder, 5) if check.engine == "numpy"]
    assert not row.passed
    assert "Received: no item_ids, scores of similar_items" in row.problem


def test_what_is_not_installed_is_said_before_anything_is_done(toy_format: None, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'item_json'"):
        exported(tmp_path / "shop", "items_json")
    ENGINES.register("numpy", replace(READER, packages=("no_such_package",)))
    try:
        with pytest.raises(DataError, match=r"A JSON file must be opened.*`pip install no-such-package`"):
            exported(tmp_path / "shop", "item_json")
    finally:
        ENGINES.unregister("numpy")
    FORMATS.register("other", replace(TOY, packages=("no_such_package",)))
    try:
        with pytest.raises(DataError, match="A JSON file needs no-such-package to be written"):
            check_formats(["other"])
    finally:
        FORMATS.unregister("other")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("file", ["/items.json", "../items.json", ""])
def test_a_file_must_be_within_the_version(file: str) -> None:
    with pytest.raises(ValueError, match="`file` must be a path within a version's folder"):
        replace(TOY, file=file)


def test_the_short_names_of_litert_are_those_of_the_table(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT's runtime is not installed: tfrec-zoo[litert]")
    features = features_of(False)
    model = small_model("two_tower", features)
    export(model, features, tmp_path / "shop", litert=["float16"], formats=["litert_float16", "litert_int8"])
    assert list(read_manifest(tmp_path / "shop").litert_files(tmp_path / "shop")) == ["float16", "int8"]


def test_a_suffix_of_vectors_joins(tmp_path: Path) -> None:
    folder = exported(tmp_path / "shop")

    def write_csv(handle, items) -> None:
        text = io.StringIO()
        rows = zip(items.item_ids, items.vectors.tolist(), strict=True)
        csv.writer(text).writerows([name, *vector] for name, vector in rows)
        handle.write(text.getvalue().encode())

    VECTOR_FILES.register(".csv", write_csv)
    try:
        export_vectors(folder, tmp_path / "items.csv")
    finally:
        VECTOR_FILES.unregister(".csv")
    with (tmp_path / "items.csv").open(newline="") as file:
        found = {name: np.array(vector, np.float32) for name, *vector in csv.reader(file)}
    expected = open_export(folder).item_vectors()[2:]
    np.testing.assert_array_equal(np.stack(list(found.values())), expected)
