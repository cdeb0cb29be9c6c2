"""The pictures are written whole, hold what they should, and refuse what they cannot draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.evaluation import EvaluationReport, plot_comparison, plot_training

HISTORY = {"loss": [3.0, 2.0, 1.5], "val_hr@10": [0.1, 0.3, 0.2], "val_ndcg@10": [0.05, 0.11, 0.12]}


def report(hr: float, intervals: bool = True, exclude_seen: bool = True) -> EvaluationReport:
    return EvaluationReport(
        model="m",
        split="leave_last_out",
        part="test",
        exclude_seen=exclude_seen,
        num_users=10,
        num_targets=10,
        num_candidates=50,
        unknown_targets=0,
        seen_targets=0,
        metrics={"hr@10": hr, "ndcg@10": hr / 2},
        intervals={"hr@10": (hr - 0.01, hr + 0.02), "ndcg@10": (hr / 2 - 0.01, hr / 2 + 0.01)}
        if intervals
        else {},
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(self: Figure, *args: Any, **kwargs: Any) -> None:
        figures.append(self)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def test_training_shows_the_loss_and_the_metrics(tmp_path: Path, drawn: list[Figure]) -> None:
    path = tmp_path / "training.png"
    plot_training(HISTORY, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["training.png"]
    loss, metrics = drawn[0].axes
    assert loss.lines[0].get_ydata().tolist() == HISTORY["loss"]
    assert loss.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert [text.get_text() for text in metrics.get_legend().get_texts()] == ["HR@10", "NDCG@10"]
    assert [text.get_text() for text in metrics.texts] == ["0.3000", "0.1200"]


def test_the_best_epoch_is_the_lowest_where_lower_is_better(tmp_path: Path, drawn: list[Figure]) -> None:
    values = {"val_gini@10": [0.9, 0.4, 0.5], "val_coverage@10": [0.1, 0.7, 0.6], "val_mine": [1.0, 3.0, 2.0]}
    plot_training({"loss": [3.0, 2.0, 1.5]} | values, tmp_path / "training.png")
    assert [text.get_text() for text in drawn[0].axes[1].texts] == ["0.4000", "0.7000", "3.0000"]


def test_training_without_validation_is_one_panel(tmp_path: Path, drawn: list[Figure]) -> None:
    plot_training({"loss": [2.0, 1.0], "val_loss": [2.5, 2.4]}, tmp_path / "training.png")
    (loss,) = drawn[0].axes
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training", "validation"]


def test_comparison_shows_bars_with_intervals(tmp_path: Path, drawn: list[Figure]) -> None:
    rows = {"two_tower": report(0.2), "popularity": report(0.08, intervals=False)}
    plot_comparison(rows, path=tmp_path / "comparison.png")
    hr, ndcg = drawn[0].axes
    assert [bar.get_width() for bar in hr.patches] == pytest.approx([0.2, 0.08])
    assert [bar.get_width() for bar in ndcg.patches] == pytest.approx([0.1, 0.04])
    assert [label.get_text() for label in hr.get_yticklabels()] == ["two_tower", "popularity"]
    whiskers = [segment[:, 0] for segment in hr.collections[0].get_segments() if len(segment)]
    assert len(whiskers) == 1, "a report without intervals has no whisker"
    assert whiskers[0] == pytest.approx([0.19, 0.22])
    assert drawn[0].get_suptitle() == "test, leave_last_out, seen items left out"


def test_a_failed_write_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "training.png"
    path.write_bytes(b"old")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        plot_training(HISTORY, path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    with pytest.raises(ValueError, match=r'`history` must hold "loss". Received'):
        plot_training({"val_hr@10": [0.1]}, path)
    with pytest.raises(UnknownNameError, match="Did you mean 'ndcg@10'"):
        plot_comparison({"m": report(0.1)}, ["ndgc@10"], path=path)
    with pytest.raises(ValueError, match="must not be empty"):
        plot_comparison({}, path=path)
    with pytest.raises(ValueError, match="must have been evaluated alike"):
        plot_comparison({"a": report(0.1), "b": report(0.1, exclude_seen=False)}, path=path)
