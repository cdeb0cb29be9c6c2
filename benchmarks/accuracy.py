"""Accuracy of the presets on the files and by the protocol of the literature, beside its figures.

    python benchmarks/accuracy.py --data-dir DIR [--rows NAME,...] [--runs DIR] [--collect]

The last item of each user is the target, the one before is for validation, all items are ranked, items that
the user has met are left out, ties count against the target; the epoch is chosen by the validation NDCG@10.

Each row is `tfrec-zoo train PRESET`, seed by seed; the export of seed 0 is kept in `saved_models/`, others in
`--runs`. A run whose report is there already is not repeated, so that the long list can be left and taken up
again; `--collect` runs nothing. The figures go to `benchmarks/accuracy.json`, and the tables into README.md,
between `<!-- accuracy -->` and `<!-- /accuracy -->`.

DIR holds `movielens-1m/sequences.txt.gz`, `amazon-beauty-5core/sequences.txt.gz` and
`lastfm-1090/sequences.txt.gz` as of the SASRec and S3-Rec repositories, and `movielens-100k/`.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import ROOT, machine

FIGURES = Path(__file__).with_name("accuracy.json")
METRICS = ("hr@10", "ndcg@10")
BEGIN, END = "<!-- accuracy -->", "<!-- /accuracy -->"
BASELINES = {"popularity": "Popularity", "item_knn": "ItemKNN", "ease": "EASE"}


@dataclass(frozen=True)
class Data:
    """A data set and what is published on it."""

    title: str
    options: str
    """Of the command line; {} is the folder of the data."""
    published: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """A preset on its data set."""

    data: str
    label: str
    seeds: Sequence[int]


DATA = {
    "movielens_1m": Data(
        "MovieLens-1M, 6,040 users, 3,416 items",
        "--dataset {}/movielens-1m/sequences.txt.gz --format pairs",
        {
            "SASRec, one negative (Klenitskiy and Vasilev 2023)": ".2500 / .1341",
            "GRU4Rec, cross-entropy (HSTU's repository)": ".2811 / .1648",
            "SASRec, softmax over all items (Klenitskiy and Vasilev 2023)": ".3152 / .1821",
        },
    ),
    "amazon_beauty": Data(
        "Amazon Beauty 5-core, 22,363 users, 12,101 items",
        "--dataset {}/amazon-beauty-5core/sequences.txt.gz --format sequences",
        {
            "GRU4Rec, SASRec (S3-Rec's table)": ".0283 / .0137, .0605 / .0318",
            "DuoRec": ".0845 / .0443",
            "SASRec, sampled softmax (blondered/transformer_benchmark)": ".0921 / .0531",
        },
    ),
    "lastfm_1090": Data(
        "Last.fm, 1,090 users, 3,646 artists",
        "--dataset {}/lastfm-1090/sequences.txt.gz --format sequences",
        {"SASRec, S3-Rec (S3-Rec's table)": ".0688 / .0390, .0743 / .0427"},
    ),
    "movielens_100k": Data(
        "MovieLens-100K, 943 users, 1,682 items",
        "--dataset movielens/100k --data-dir {}/movielens-100k",
        {"Pop, ItemKNN, BPR (RecBole 1.2.1)": ".0721 / .0403, .1145 / .0629, .1241 / .0673"},
    ),
}
ROWS = {
    "gru_ranker_movielens_1m": Row("movielens_1m", "GRURanker", (0,)),
    "attention_ranker_movielens_1m": Row("movielens_1m", "AttentionRanker", (0,)),
    "gru_ranker_amazon_beauty": Row("amazon_beauty", "GRURanker", (0,)),
    "attention_ranker_amazon_beauty": Row("amazon_beauty", "AttentionRanker", (0,)),
    "two_tower_lastfm_1090": Row("lastfm_1090", "TwoTower", (0, 1, 2)),
    "attention_ranker_lastfm_1090": Row("lastfm_1090", "AttentionRanker", (0, 1, 2)),
    "gru_ranker_movielens_100k": Row("movielens_100k", "GRURanker", (0, 1, 2)),
    "attention_ranker_movielens_100k": Row("movielens_100k", "AttentionRanker", (0, 1, 2)),
    "two_stage_movielens_100k": Row("movielens_100k", "TwoStage", (0, 1, 2)),
}
"""Preset -> row of its table."""
ABLATED = "attention_ranker_movielens_100k"
ABLATIONS = {
    "learned positions": "positions=learned",
    "no positions": "positions=none",
    "relative time bias": "time_bias=true",
    "SwiGLU": "feed_forward=swiglu",
    "gated residuals (LiGR)": "residual_gate=true",
    "pointwise attention (HSTU)": "attention=pointwise",
    "one block": "num_layers=1",
}
"""What differs from the preset -> its setting; seed 0."""


def folder_of(preset: str, seed: int, runs: Path) -> Path:
    """Where a run's export and report go."""
    if seed:
        return runs / f"{preset}.{seed}"
    data = ROWS[preset].data
    return Path("saved_models") / f"{preset.removesuffix('_' + data)}.{data}"


def ablation_folder(setting: str, runs: Path) -> Path:
    """Where an ablation's report goes."""
    return runs / f"{ABLATED}.{setting.replace('=', '.')}"


def run(preset: str, folder: Path, data_dir: str, *options_of_run: str) -> None:
    """Train by the command line, unless the report is there."""
    if (folder / "report.json").is_file():
        return
    options = DATA[ROWS[preset].data].options.format(data_dir)
    command = ["tfrec-zoo", "train", preset, *shlex.split(options), "--output", str(folder)]
    command += options_of_run
    print(shlex.join(command), flush=True)
    subprocess.run(command, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, check=True)


def collect(runs: Path) -> dict[str, Any]:
    """The figures of the runs that are there, data set by data set."""
    figures: dict[str, Any] = {}
    for preset, row in ROWS.items():
        folders = [folder_of(preset, seed, runs) for seed in row.seeds]
        reports = [
            json.loads(path.read_text()) for folder in folders if (path := folder / "report.json").is_file()
        ]
        if reports:
            data = figures.setdefault(row.data, {"baselines": {}, "rows": {}})
            data["baselines"] |= {
                name: {metric: values[metric] for metric in METRICS}
                for name, values in reports[0]["baselines"].items()
            }
            data["rows"][preset] = [_kept(report) for report in reports]
    for label, setting in ABLATIONS.items():
        report_file = ablation_folder(setting, runs) / "report.json"
        if report_file.is_file():
            kept = figures[ROWS[ABLATED].data].setdefault("ablations", {})
            kept[label] = _kept(json.loads(report_file.read_text()))
    return figures


def _kept(report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "seed": report["seed"],
        "validation": {metric: report["validation"][metric] for metric in METRICS},
        "test": {metric: report["test"][metric] for metric in METRICS},
        "test, seen left in": {metric: report["test_other_seen_filter"][metric] for metric in METRICS},
        "intervals": {metric: report["test_intervals"][metric] for metric in METRICS},
        "epochs": len(report["history"]["loss"]),
        "seconds": report["seconds"],
        "command": report["command"],
    }


def render(figures: Mapping[str, Any]) -> str:
    """The tables as Markdown."""
    lines = []
    for name, data in DATA.items():
        if name not in figures:
            continue
        lines += [
            f"{data.title}:",
            "",
            "| model | HR@10 | NDCG@10 | seeds | minutes each |",
            "|---|---|---|---|---|",
        ]
        for baseline, values in figures[name]["baselines"].items():
            cells = " | ".join(_short(values[metric]) for metric in METRICS)
            lines.append(f"| {BASELINES[baseline]} | {cells} | | |")
        for label, values in data.published.items():
            pairs = [pair.split(" / ") for pair in values.split(", ")]
            cells = " | ".join(", ".join(column) for column in zip(*pairs, strict=True))
            lines.append(f"| published: {label} | {cells} | | |")
        for preset, runs in figures[name]["rows"].items():
            cells = " | ".join(_cell(runs, metric) for metric in METRICS)
            minutes = statistics.mean(run["seconds"] for run in runs) / 60
            lines.append(f"| **{ROWS[preset].label}**, `{preset}` | {cells} | {len(runs)} | {minutes:.0f} |")
        if "ablations" in figures[name]:
            lines += ["", f"`{ABLATED}` with one setting changed, seed 0:", ""]
            lines += ["| changed | HR@10 | NDCG@10 |", "|---|---|---|"]
            ablations = {"nothing": figures[name]["rows"][ABLATED][0], **figures[name]["ablations"]}
            for label, values in ablations.items():
                cells = " | ".join(_cell([values], metric) for metric in METRICS)
                lines.append(f"| {label} | {cells} |")
        lines.append("")
    return "\n".join(lines)


def _cell(runs: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Mean and deviation over the seeds, or the bootstrap interval of the only one."""
    values = [run["test"][metric] for run in runs]
    if len(values) > 1:
        return f"{_short(statistics.mean(values))} ± {_short(statistics.stdev(values))}"
    low, high = runs[0]["intervals"][metric]
    return f"{_short(values[0])} ({_short(low)} to {_short(high)})"


def _short(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", default="data", help="folder that holds the data")
    parser.add_argument(
        "--rows", default=",".join((*ROWS, "ablations")), help="presets to run, and ablations"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/accuracy"), help="folder of the other seeds")
    parser.add_argument("--collect", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    for preset in () if arguments.collect else arguments.rows.split(","):
        if preset == "ablations":
            for setting in ABLATIONS.values():
                folder = ablation_folder(setting, arguments.runs)
                run(ABLATED, folder, arguments.data_dir, "--set", setting)
            continue
        for seed in ROWS[preset].seeds:
            options = ("--seed", str(seed)) if seed else ()
            run(preset, folder_of(preset, seed, arguments.runs), arguments.data_dir, *options)
    figures = collect(arguments.runs)
    text = json.dumps({"command": shlex.join(sys.argv), **machine(), "data": figures}, indent=1)
    FIGURES.write_text(text + "\n")
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n{render(figures)}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
