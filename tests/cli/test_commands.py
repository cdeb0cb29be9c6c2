"""The command line as a user meets it: real files, and for what must be seen from outside, real processes."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.tiers import slow_where
from tfrec_zoo.cli.main import main
from tfrec_zoo.data.sources.synthetic import synthetic


class Answer(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def tfrec_zoo(*arguments: object) -> Answer:
    """The command within this process, which has TensorFlow loaded already."""
    stdout, stderr = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["tfrec-zoo", *map(str, arguments)]),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
    return Answer(int(code or 0), stdout.getvalue(), stderr.getvalue())


def process(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from tfrec_zoo.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV with columns of its own naming, and two bad rows."""
    path = tmp_path_factory.mktemp("table") / "plays.csv"
    interactions = synthetic(num_users=80, num_items=40, num_interactions=1600, seed=4).interactions
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["listener", "song", "when"])
        rows = zip(interactions.user_id, interactions.item_id, interactions.timestamp, strict=True)
        for place, (user, item, time) in enumerate(rows):
            if place == 100:
                writer.writerow(["", item, time])
                writer.writerow([user, item, "yesterday"])
            writer.writerow([user, item, time])
    return path


COLUMNS = ["--user-column", "listener", "--item-column", "song", "--time-column", "when"]


@pytest.fixture(scope="module")
def trained(table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("runs") / "songs"
    settings = ["--set", "loss=full", "--set", "embedding_dim=8", "--set", "batch_size=64"]
    run = tfrec_zoo(
        "train",
        "two_tower",
        "--dataset",
        table,
        *COLUMNS,
        "--epochs",
        2,
        "--output",
        folder,
        "--json",
        *settings,
    )
    assert run.returncode == 0, run.stderr
    return folder, json.loads(run.stdout)


def test_training_writes_a_report_an_export_and_plots(trained: tuple[Path, dict]) -> None:
    folder, printed = trained
    report = json.loads((folder / "report.json").read_text())
    assert report == printed
    assert (report["model"], report["dataset"], report["split"]) == ("two_tower", "plays", "leave_last_out")
    assert report["exclude_seen"] is True
    assert report["seed"] == 0
    assert report["seconds"] > 0
    assert report["rejected_rows"] == {"missing user_id": 1, "unreadable timestamp": 1}
    assert report["config"]["embedding_dim"] == 8
    assert report["run"]["batch_size"] == 64
    for part in ("validation", "test"):
        assert 0 < report[part]["ndcg@10"] < report[part]["hr@10"] <= 1
    assert set(report["baselines"]) == {"popularity", "item_knn", "ease"}
    for name in ("training.png", "comparison.png"):
        with Image.open(folder / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 5, "the plot is not blank"


def test_evaluating_the_export_gives_the_report_s_figures(trained: tuple[Path, dict], table: Path) -> None:
    folder, report = trained
    run = tfrec_zoo("evaluate", folder, "--dataset", table, *COLUMNS, "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    for part in ("validation", "test"):
        for metric in ("hr@10", "ndcg@10", "mrr@20"):
            assert found[part][metric] == pytest.approx(report[part][metric], abs=1e-6)
    again = tfrec_zoo("evaluate", folder, "--dataset", table, *COLUMNS, "--include-seen", "--json")
    seen = json.loads(again.stdout)["test"]["hr@10"]
    assert seen == pytest.approx(report["test_other_seen_filter"]["hr@10"], abs=1e-6)
    shown = tfrec_zoo("evaluate", folder, "--dataset", table, *COLUMNS)
    assert f"{report['test']['hr@10']:.4f}" in shown.stdout


def test_recommending(trained: tuple[Path, dict]) -> None:
    folder, _ = trained
    items = (folder / "1" / "assets.extra" / "features" / "item_id.txt").read_text().split()
    run = tfrec_zoo("recommend", folder, "--history", f"{items[0]},{items[1]},unheard", "-k", 4, "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert [set(row) for row in found] == [{"item_id", "score"}] * 4
    assert not {items[0], items[1]} & {row["item_id"] for row in found}
    quiet = tfrec_zoo("recommend", folder, "--history", f"{items[0]},{items[1]}", "-k", 4, "--quiet")
    assert quiet.stdout.split() == [row["item_id"] for row in found]
    shown = tfrec_zoo("recommend", folder, "--user", "u", "-k", 2)
    assert "Recommended to u" in shown.stdout


def test_listing() -> None:
    names = tfrec_zoo("datasets", "--quiet").stdout.split()
    assert {"movielens/100k", "movielens/1m", "movielens/32m"} <= set(names)
    assert {row["name"] for row in json.loads(tfrec_zoo("datasets", "--json").stdout)} == set(names)
    listed = {row["name"] for row in json.loads(tfrec_zoo("models", "--json").stdout)}
    assert {"two_tower", "gru_ranker_tiny"} <= listed
    settings = json.loads(tfrec_zoo("models", "gru_ranker_tiny", "--json").stdout)
    assert {"hidden_dim": "32", "epochs": "5"}.items() <= {
        r["setting"]: r["default"] for r in settings
    }.items()
    assert any(row["what it does"].endswith(" One of: constant, cosine.") for row in settings)
    settings = json.loads(tfrec_zoo("models", "two_tower", "--json").stdout)
    assert {"setting": "embedding_dim", "default": "64"}.items() <= settings[0].items()
    assert tfrec_zoo("--version").stdout.strip() == "0.1.0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "two_towr", "--dataset", "synthetic"], "Did you mean 'two_tower'"),
        (["train", "two_tower", "--dataset", "no/such/file.csv"], "no/such/file.csv"),
        (["train", "two_tower", "--dataset", "synthetic", "--set", "width=3"], "Unknown setting"),
        (["train", "two_tower", "--dataset", "synthetic", "--split", "by_luck"], "Unknown split"),
        (["train", "two_tower", "--dataset", "synthetic", "--epochs", "0"], "`epochs` must be at least 1"),
        (["train", "two_tower", "--dataset", "synthetic", "--content", "sound"], "Unknown content column"),
        (["train", "two_tower", "--dataset", "synthetic", "--output", "/proc/none"], "cannot be written to"),
        (["evaluate", ".", "--dataset", "synthetic"], "must hold manifest.json"),
        (["recommend", "nowhere"], "must hold manifest.json"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = tfrec_zoo(*arguments)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("error", "code"), [(ValueError("it differs"), 2), (KeyboardInterrupt(), 130)])
def test_what_fails_after_training_tells_where_the_model_is(
    error: BaseException, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfrec_zoo.experiment.execution.export", mock.Mock(side_effect=error))
    settings = ["--set", "embedding_dim=4", "--epochs", "1", "--output", tmp_path / "run"]
    run = tfrec_zoo("train", "two_tower", "--dataset", "synthetic", *settings)
    assert run.returncode == code, run
    assert f"The trained model is kept in {tmp_path / 'run' / 'training'}" in run.stderr
    assert "popularity" in run.stdout, "what was measured is shown"
    assert "Traceback" not in run.stderr
    again = tfrec_zoo("evaluate", tmp_path / "run", "--dataset", "synthetic")
    assert "must hold manifest.json" in again.stderr


@pytest.mark.slow
def test_a_process_keeps_the_streams_clean(tmp_path: Path) -> None:
    """Content, drawn negatives, and nothing on either stream but what was asked for."""
    settings = ["--set", "num_negatives=20", "--set", "embedding_dim=8", "--epochs", "1"]
    content = ["--content", "title,categories"]
    run = process("train", "two_tower", "--dataset", "synthetic", *content, *settings, "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["dataset"] == "synthetic"
    assert not run.stderr
    folder = tmp_path / "runs" / "two_tower"
    assert json.loads((folder / "report.json").read_text()) == report
    found = tfrec_zoo("evaluate", folder, "--dataset", "synthetic", "--json")
    assert json.loads(found.stdout)["test"] == pytest.approx(report["test"], abs=1e-6)
    again = tfrec_zoo(
        "train", "two_tower", "--dataset", "synthetic", "--output", folder, *settings, "--quiet"
    )
    assert (again.returncode, again.stdout) == (0, "")
    assert json.loads((folder / "report.json").read_text())["export"] == "2"


@pytest.mark.slow
def test_another_ranker_leaves_the_settings_of_the_preset_s(tmp_path: Path) -> None:
    settings = ["--set", "ranker=cnn_ranker", "--set", "num_candidates=9", "--epochs", "1"]
    run = tfrec_zoo(
        *("train", "two_stage_tiny", "--dataset", "synthetic", "--content", "categories"),
        *(*settings, "--output", tmp_path / "two", "--json"),
    )
    assert run.returncode == 0, run.stderr
    config = json.loads(run.stdout)["config"]
    assert (config["ranker"], config["ranker_settings"]) == ("cnn_ranker", {})


@pytest.mark.parametrize(
    "split",
    slow_where(lambda split: split != "cold_items", ["global_time", "random", "cold_users", "cold_items"]),
)
def test_every_split_trains_and_is_repeated_by_evaluate(split: str, tmp_path: Path) -> None:
    folder = tmp_path / split
    settings = ["--set", "embedding_dim=4", "--set", "loss=full", "--epochs", "1"]
    data = ["--dataset", "synthetic", "--content", "categories", "--split", split]
    filters = ["--minimum-rating", "3", "--k-core", "2", "--duplicates", "first"]
    run = tfrec_zoo("train", "two_tower", *data, *filters, *settings, "--output", folder, "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["split"] == split
    assert report["filtered"][0].startswith("minimum_rating: ")
    assert report["test"]["hr@100"] > 0
    found = json.loads(tfrec_zoo("evaluate", folder, "--dataset", "synthetic", "--json").stdout)
    assert found["test"] == pytest.approx(report["test"], abs=1e-6)


@pytest.mark.slow
def test_content_of_a_table_of_ones_own_stays_out_of_the_export(table: Path, tmp_path: Path) -> None:
    items = synthetic(num_users=80, num_items=40, num_interactions=1600, images=True, seed=4).items
    assert items is not None
    with (tmp_path / "songs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "title", "genres", "image"])
        for place, item in enumerate(items.item_id):
            Image.fromarray(items.image[place]).save(tmp_path / f"{place}.png")
            path = "" if place == 3 else tmp_path / f"{place}.png"
            writer.writerow([item, items.title[place], "|".join(items.categories[place]), path])
    columns = ["--user-column", "listener", "--item-column", "song", "--time-column", "when"]
    run = tfrec_zoo(
        *("train", "cnn_ranker_tiny", "--dataset", table, *columns, "--items", tmp_path / "songs.csv"),
        *("--content", "title,categories,image", "--drop-content", "--split", "cold_items"),
        *("--epochs", "1", "--output", tmp_path / "songs", "--json"),
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["test"]["hr@10"] > 0
    assert not list((tmp_path / "songs").rglob("item_features.npz"))
    found = tfrec_zoo("evaluate", tmp_path / "songs", "--dataset", table, *columns, "--json")
    assert json.loads(found.stdout)["test"] == pytest.approx(report["test"], abs=1e-6)


@pytest.mark.slow
def test_sound_of_a_parquet_table_of_ones_own(table: Path, tmp_path: Path) -> None:
    items = synthetic(num_users=80, num_items=40, num_interactions=1600, audio=True, seed=4).items
    assert items is not None
    frame = pd.DataFrame({"item_id": items.item_id, "audio": list(items.audio)})
    frame.to_parquet(tmp_path / "songs.parquet")
    run = tfrec_zoo(
        *("train", "two_tower_tiny", "--dataset", table, *COLUMNS, "--items", tmp_path / "songs.parquet"),
        *("--content", "audio", "--epochs", "1", "--output", tmp_path / "songs", "--json"),
    )
    assert run.returncode == 0, run.stderr
    frame["audio"] = [row[:-1] if place == 7 else row for place, row in enumerate(frame["audio"])]
    frame.to_parquet(tmp_path / "songs.parquet")
    run = tfrec_zoo(
        *("train", "two_tower_tiny", "--dataset", table, *COLUMNS, "--items", tmp_path / "songs.parquet"),
        *("--content", "audio", "--output", tmp_path / "other"),
    )
    assert run.returncode == 2
    assert f"Received: {items.item_id[7]!r} with shape" in run.stderr


@pytest.mark.slow
def test_prices_and_places_of_a_shop_and_a_new_item(table: Path, tmp_path: Path) -> None:
    items = synthetic(num_users=80, num_items=40, num_interactions=1600, seed=4).items
    assert items is not None
    rows = ["item_id,price,year,lat,lng,maker"]
    for place, item in enumerate(items.item_id):
        topic = int(items.categories[place][0].removeprefix("topic_"))
        rows.append(
            f"{item},{'' if place == 4 else 5.5 * topic},{2000 + topic},{48 + topic},{11 - topic},m{topic}"
        )
    (tmp_path / "shop.csv").write_text("\n".join(rows))
    content = "price,year:bucketed_number,location,maker"
    options = ["--dataset", table, *COLUMNS, "--items", tmp_path / "shop.csv"]
    settings = ["--set", "use_item_id=false", "--epochs", "1", "--output", tmp_path / "shop"]
    run = tfrec_zoo("train", "two_tower_tiny", *options, "--content", content, *settings)
    assert run.returncode == 0, run.stderr
    manifest = json.loads((tmp_path / "shop" / "manifest.json").read_text())
    kinds = {feature["name"]: feature["kind"] for feature in manifest["schema"]["item_features"]}
    expected = ("number", "bucketed_number", "location", "category")
    assert kinds == dict(zip(("price", "year", "location", "maker"), expected, strict=True))
    price = manifest["signatures"]["encode_item"]["inputs"]["price"]
    assert price == {"dtype": "float32", "shape": [None]}
    (tmp_path / "new.csv").write_text(
        "item_id,price,year,lat,lng,maker\nnew,11,2003,50,9,m2\ndear,3000,2003,50,9,m2\nmystery,,,,,\n"
    )
    run = tfrec_zoo("refresh", tmp_path / "shop", "--items", tmp_path / "new.csv", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["added"] == 3
    exported = tfrec_zoo("vectors", tmp_path / "shop", "--output", tmp_path / "vectors.npz")
    assert exported.returncode == 0, exported.stderr
    with np.load(tmp_path / "vectors.npz") as saved:
        vectors = dict(zip(saved["item_ids"].tolist(), saved["vectors"], strict=True))
    assert np.abs(vectors["new"] - vectors["dear"]).max() > 1e-3
    (tmp_path / "new.csv").write_text("item_id,price,year,lat,lng,maker\nbad,abc,2003,50,9,m2\n")
    run = tfrec_zoo("refresh", tmp_path / "shop", "--items", tmp_path / "new.csv")
    assert run.returncode == 2
    assert "new.csv: `price` must hold numbers" in run.stderr
    assert "'abc' for 'bad'" in run.stderr
    for wrong, message in (("prise", "Did you mean 'price'"), ("price:numbr", "Did you mean 'number'")):
        run = tfrec_zoo("train", "two_tower_tiny", *options, "--content", wrong, *settings)
        assert (run.returncode, message in run.stderr) == (2, True), run.stderr
