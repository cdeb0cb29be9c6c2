"""A run without the command line: what it writes, tells, and leaves where something fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.baselines import Popularity
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.experiment import (
    BASELINES,
    Plan,
    Preparation,
    Progress,
    encode_for_export,
    execute,
    load_trained,
)
from tfrec_zoo.export import FORMATS, check_target, export, open_export
from tfrec_zoo.models import get_preset
from tfrec_zoo.training import RunConfig

DATA = synthetic(num_users=80, num_items=40, num_interactions=1600, seed=4)


def plan(output: Any, **options: Any) -> Plan:
    given: dict[str, Any] = {
        "hyper_parameters": {"loss": "full", "embedding_dim": 8},
        "run": RunConfig(epochs=2, batch_size=64),
        "preparation": Preparation(minimum_rating=2.0),
    }
    return Plan("two_tower", DATA, output, **given | options)


def plain(report: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it."""
    return json.loads(json.dumps(report))


class Events(Progress):
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def data_read(self, dataset) -> None:
        self.told.append(("data", dataset.name))

    def filtered(self, removals) -> None:
        self.told.append(("filtered", len(removals)))

    def fit_begins(self, epochs, monitor) -> None:
        self.told.append(("fit", epochs, monitor))

    def epoch_ends(self, logs) -> None:
        self.told.append(("epoch", {"loss", "val_ndcg@10"} <= set(logs)))

    def trained(self, folder) -> None:
        self.told.append(("trained", sorted(path.name for path in folder.iterdir())))

    def evaluated(self, reports) -> None:
        self.told.append(("evaluated", list(reports)))

    def exported(self, folder, report) -> None:
        self.told.append(("exported", sorted(path.name for path in folder.iterdir() if path.suffix != ".md")))


def test_it_tells_what_it_does_and_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tf.constant(0)  # the first operation of a process looks for a GPU's driver, and says so
    capfd.readouterr()
    events = Events()
    run = execute(plan(str(tmp_path / "run")), events)
    assert capfd.readouterr() == ("", "")
    assert events.told == [
        ("data", "synthetic"),
        ("filtered", 1),
        ("fit", 2, "ndcg@10"),
        ("epoch", True),
        ("epoch", True),
        ("trained", ["features", "model.keras", "report.json"]),
        ("evaluated", ["two_tower", "popularity", "item_knn", "ease"]),
        (
            "exported",
            [
                *("1", "batching.config", "comparison.png", "manifest.json", "models.config"),
                *("report.json", "training.png"),
            ],
        ),
    ]
    assert json.loads((tmp_path / "run" / "report.json").read_text()) == plain(run.report)
    assert run.report["test"] == run.tests["two_tower"].metrics
    again = evaluate(run.model, run.encoded, num_bootstrap=0)
    assert again.metrics == run.tests["two_tower"].metrics
    saved = open_export(tmp_path / "run")
    assert evaluate(saved.model, encode_for_export(saved, DATA), num_bootstrap=0).metrics == again.metrics


class UnforeseenError(Exception):
    """Of no base that the package would catch."""


def fail(*_: Any, **__: Any) -> Any:
    raise UnforeseenError("as intended")


def interrupt(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


class BrokenBaseline(Popularity):
    fit = fail


FAILURES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "evaluation": lambda patch: patch.setattr("tfrec_zoo.experiment.results.evaluate", fail),
    "interrupt": lambda patch: patch.setattr("tfrec_zoo.experiment.results.evaluate", interrupt),
    "baseline": lambda patch: patch.setattr(BASELINES, "_entries", {"broken": BrokenBaseline}),
    "export": lambda patch: patch.setattr(
        FORMATS, "_entries", {**FORMATS, "saved_model": replace(FORMATS["saved_model"], write=fail)}
    ),
    "plot": lambda patch: patch.setattr("tfrec_zoo.experiment.report.plot_comparison", fail),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_after_training_leaves_the_trained_model(
    failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "run"
    with monkeypatch.context() as patch:
        FAILURES[failure](patch)
        with pytest.raises((UnforeseenError, KeyboardInterrupt)) as caught:
            execute(plan(output))
    (note,) = caught.value.__notes__
    assert f"The trained model is kept in {output / 'training'}" in note
    assert [path.name for path in tmp_path.iterdir()] == ["run"], "nothing is left beside it"
    assert failure == "plot" or [path.name for path in output.iterdir()] == ["training"]
    kept = load_trained(output / "training")
    check_target(output)
    run = execute(plan(output))
    assert not (output / "training").exists()
    assert open_export(output).manifest.version == (2 if failure == "plot" else 1)
    np.testing.assert_array_equal(kept.model.item_vectors(), run.model.item_vectors())
    assert evaluate(kept.model, run.encoded, num_bootstrap=0).metrics == run.tests["two_tower"].metrics
    assert kept.report == {name: plain(run.report)[name] for name in kept.report}
    assert {"history", "config", "run"} <= set(kept.report)
    assert export(kept.model, kept.features, output).parent == output


def test_what_fails_while_the_model_is_written_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfrec_zoo.models.TwoTower.save", fail)
    with pytest.raises(UnforeseenError):
        execute(plan(tmp_path / "run"))
    assert not list(tmp_path.iterdir())


def test_an_output_is_refused_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfrec_zoo.experiment.execution.train", fail)
    (tmp_path / "mine" / "training").mkdir(parents=True)
    (tmp_path / "mine" / "training" / "songs.csv").write_text("user,item")
    with pytest.raises(DataError, match="which holds other things"):
        execute(plan(tmp_path / "mine"))
    (tmp_path / "mine" / "manifest.json").write_text("{}")
    with pytest.raises(DataError, match="keeps its trained model in the folder 'training'"):
        execute(plan(tmp_path / "mine"))
    with pytest.raises(UnknownNameError, match="Unknown format"):
        execute(plan(tmp_path / "other", formats=["paper"]))
    assert (tmp_path / "mine" / "training" / "songs.csv").read_text() == "user,item"
    with pytest.raises(DataError, match="A trained model must have"):
        load_trained(tmp_path / "mine" / "training")


def test_a_baseline_from_outside_joins(tmp_path: Path) -> None:
    class Nothing(Popularity):
        max_items = 3

    BASELINES.register("again", Popularity)
    BASELINES.register("too large", Nothing)
    try:
        run = execute(plan(tmp_path / "run"))
    finally:
        BASELINES.unregister("again")
        BASELINES.unregister("too large")
    assert run.report["baselines"]["again"] == run.report["baselines"]["popularity"]
    assert "too large" not in run.report["baselines"]


def test_a_preset_with_settings_of_ones_own(tmp_path: Path) -> None:
    made = Plan.from_preset(
        "gru_ranker_tiny",
        DATA,
        str(tmp_path),
        seed=3,
        hyper_parameters={"dropout": 0.1},
        run={"epochs": 1},
        content=["title"],
    )
    assert (made.model, made.output, made.content) == ("gru_ranker", tmp_path, ["title"])
    tiny = get_preset("gru_ranker_tiny")
    assert made.hyper_parameters == {"seed": 3, **tiny.config, "dropout": 0.1}
    assert made.run == RunConfig(**{**tiny.run, "seed": 3, "epochs": 1})
    with pytest.raises(UnknownNameError, match="Did you mean 'gru_ranker_tiny'"):
        Plan.from_preset("gru_ranker_tny", DATA, tmp_path)
