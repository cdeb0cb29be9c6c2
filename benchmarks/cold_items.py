"""Items that training never saw: CNNRanker by content, beside random and neighbours by content.

    python benchmarks/cold_items.py --data-dir DIR [--data NAME,...] [--seeds 0,...] [--splits 0,...]

`cold_items_split`: a fifth of the items are the test and a tenth the validation; training sees neither. For
each user who has such items, all items of the part are ranked; hyper-parameters and epochs are chosen by the
validation NDCG@10. DIR holds

- `movielens-1m/`: `sequences.txt.gz` of the SASRec repository, `sequence_to_movie_id.txt` with the ids of its
  films in MovieLens, `movies.dat`, and `posters_64x96.zip` with one JPEG per film, named by MovieLens id;
- `amazon-beauty-5core/`: `sequences.txt.gz` and `item_attributes.json`, as of the S3-Rec repository.

`--write-items FILE` writes the films of MovieLens-1M as a table for `tfrec-zoo train ... --items FILE`.

Needs the extra `benchmarks`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
from peers import machine
from PIL import Image
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer

from tfrec_zoo.baselines import ContentKNN
from tfrec_zoo.data.load import load
from tfrec_zoo.data.splits import cold_items_split
from tfrec_zoo.data.tables import Dataset, Items
from tfrec_zoo.evaluation import EvaluationReport, evaluate
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import create_model, get_preset
from tfrec_zoo.models.presets import Preset
from tfrec_zoo.training import RunConfig, train

HEIGHT, WIDTH = 48, 32
PRESET = get_preset("cnn_ranker_cold_items")
OWN_LOSS = Preset(
    "cnn_ranker",
    "trained by its own loss, the softmax over all items",
    {
        "score": "dot",
        "loss": "full",
        "history_scope": "others",
        "max_history_length": 50,
        "dropout": 0.2,
        "content_dropout": 0.3,
    },
    {"epochs": 30, "batch_size": 64, "patience": 5, "window": "random"},
)
CONTENT: Mapping[str, Mapping[str, tuple[list[str], Preset, dict[str, Any]]]] = {
    "movielens_1m": {
        "categories": (["categories"], PRESET, {}),
        "title": (["title"], PRESET, {}),
        "title by convolutions of 1 to 3 words": (["title"], PRESET, {"text_kernel_sizes": (1, 2, 3)}),
        "poster": (["image"], PRESET, {}),
        "title and categories": (["title", "categories"], PRESET, {}),
        "title, categories and poster": (["title", "categories", "image"], PRESET, {}),
    },
    "amazon_beauty": {
        "categories": (["categories"], PRESET, {}),
        "categories, by its own loss": (["categories"], OWN_LOSS, {}),
    },
}


def films(folder: Path) -> pd.DataFrame:
    """MovieLens-1M's films by the ids of the sequences: title, categories, and a JPEG or None."""
    movies = pd.read_csv(
        folder / "movielens-1m" / "movies.dat",
        sep="::",
        engine="python",
        encoding="latin-1",
        names=["movie", "title", "genres"],
        dtype=str,
    )
    ids = pd.read_csv(
        folder / "movielens-1m" / "sequence_to_movie_id.txt", sep=" ", names=["item_id", "movie"], dtype=str
    )
    table = ids.merge(movies, on="movie")
    with zipfile.ZipFile(folder / "movielens-1m" / "posters_64x96.zip") as archive:
        files = {Path(name).stem: name for name in archive.namelist()}
        posters = [archive.read(files[film]) if film in files else None for film in table["movie"]]
    return table.assign(categories=table["genres"].str.split("|"), image=posters)[
        ["item_id", "title", "categories", "image"]
    ]


def movielens_1m(folder: Path) -> tuple[Dataset, Items]:
    dataset = load(folder / "movielens-1m" / "sequences.txt.gz", format="pairs")
    table = films(folder)
    return dataset, Items(
        table["item_id"].to_numpy(),
        title=table["title"].to_numpy(),
        categories=table["categories"].map(tuple).to_numpy(),
        image=np.stack([_poster(jpeg) for jpeg in table["image"]]),
    )


def _poster(jpeg: bytes | None) -> Any:
    if jpeg is None:
        return np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    with Image.open(io.BytesIO(jpeg)) as picture:
        return np.asarray(picture.convert("RGB").resize((WIDTH, HEIGHT)))


def amazon_beauty(folder: Path) -> tuple[Dataset, Items]:
    dataset = load(folder / "amazon-beauty-5core" / "sequences.txt.gz", format="sequences")
    attributes = json.loads((folder / "amazon-beauty-5core" / "item_attributes.json").read_text())
    categories = np.empty(len(attributes), object)
    categories[:] = [tuple(str(attribute) for attribute in row) for row in attributes.values()]
    return dataset, Items(np.array(list(attributes), object), categories=categories)


DATA: Mapping[str, Callable[[Path], tuple[Dataset, Items]]] = {
    "movielens_1m": movielens_1m,
    "amazon_beauty": amazon_beauty,
}


class Random:
    """Scores that know nothing."""

    name = "random"
    max_history_length = 1

    def __init__(self, num_items: int) -> None:
        self.num_items = num_items

    def catalogue_scorer(self) -> Callable[[Mapping[str, Any]], Any]:
        """See `Scorer`."""
        rng = np.random.default_rng(0)
        return lambda batch: rng.random((len(batch["history"]), self.num_items)).astype(np.float32)


def by_neighbours(split: EncodedSplit, vectors: Any) -> Any:
    """The neighbours by content, as many as suit the validation best."""
    models = {
        k: ContentKNN(vectors, k).fit(split.train, split.num_items) for k in (10, 30, 100, 300, 1000, 10_000)
    }
    return max(models.values(), key=lambda model: ndcg(evaluate_quickly(model, split, "validation")))


def evaluate_quickly(model: Any, split: EncodedSplit, part: str) -> EvaluationReport:
    return evaluate(model, split, part, ks=(10,), num_bootstrap=0, slices=False, list_k=None)


def ndcg(report: EvaluationReport) -> float:
    return report.metrics["ndcg@10"]


def tokens_of(features: FeatureSpace, items: Items, column: str) -> list[list[str]]:
    """Words or categories of each catalogue row."""
    rows: list[list[str]] = [[] for _ in range(features.schema.num_items)]
    place = features.item_vocabulary.lookup(items.item_id)
    for row, value in zip(place, getattr(items, column), strict=True):
        rows[row] = (
            value.lower().split() if isinstance(value, str) else [f"category {name}" for name in value]
        )
    return rows


def tf_idf(rows: list[list[str]], **options: Any) -> Any:
    return TfidfVectorizer(analyzer=lambda row: row, **options).fit_transform(rows)


def baselines(features: FeatureSpace, split: EncodedSplit, items: Items) -> dict[str, Any]:
    categories = tokens_of(features, items, "categories")
    found: dict[str, Any] = {"random": Random(split.num_items)}
    bags = tf_idf(categories, use_idf=False, binary=True)
    model = by_neighbours(split, bags)
    found["neighbours by categories"] = model
    if items.title is not None:
        titles = tokens_of(features, items, "title")
        categories = [one + other for one, other in zip(titles, categories, strict=True)]
    model = by_neighbours(split, tf_idf(categories))
    what = "categories" if items.title is None else "titles and categories"
    found[f"TF-IDF of {what}"] = model
    return found


def run(name: str, folder: Path, seeds: list[int], splits: list[int]) -> dict[str, list[dict[str, Any]]]:
    dataset, items = DATA[name](folder)
    rows: dict[str, list[dict[str, Any]]] = {}

    def add(label: str, model: Any, encoded: EncodedSplit, **facts: float) -> None:
        report = evaluate(model, encoded, ks=(10,), slices=False)
        metrics = {metric: report.metrics[metric] for metric in ("hr@10", "ndcg@10", "recall@10")}
        found = {
            **metrics,
            "ndcg@10, 95 %": report.intervals["ndcg@10"],
            "users": report.num_users,
            "items": report.num_candidates,
            **facts,
        }
        rows.setdefault(label, []).append(found)
        print(label, found, flush=True)

    for seed_of_split in splits:
        cut = cold_items_split(dataset.interactions, seed=seed_of_split)
        features = FeatureSpace.fit(cut.train, items, content=["categories"])
        split = features.transform(cut)
        for label, baseline in baselines(features, split, items).items():
            add(label, baseline, split, split=seed_of_split)
        for label, (content, preset, settings) in CONTENT[name].items():
            features = FeatureSpace.fit(cut.train, items, content=content)
            split = features.transform(cut)
            for seed in seeds:
                started = time.perf_counter()
                keras.utils.set_random_seed(seed)
                model = create_model(
                    "cnn_ranker", features.schema, seed=seed, **{**preset.config, **settings}
                )
                model.set_content(features.item_features)
                train(model, split, RunConfig(seed=seed, **preset.run), verbose=2 if VERBOSE else 0)
                seconds = round(time.perf_counter() - started, 1)
                add(f"CNNRanker, {label}", model, split, split=seed_of_split, seed=seed, seconds=seconds)
    return rows


def show(name: str, rows: Mapping[str, list[dict[str, Any]]]) -> None:
    first = next(iter(rows.values()))[0]
    table = Table(
        title=f"{name}: {first['users']:,} users, {first['items']:,} cold items", title_justify="left"
    )
    for column in ("model", "HR@10", "NDCG@10", "95 %", "seconds"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for label, runs in rows.items():
        cells = []
        for metric in ("hr@10", "ndcg@10"):
            values = np.array([entry[metric] for entry in runs])
            cells.append(f"{values.mean():.4f}" + (f" ± {values.std(ddof=1):.4f}" if len(values) > 1 else ""))
        low, high = runs[0]["ndcg@10, 95 %"]
        table.add_row(label, *cells, f"{low:.4f} to {high:.4f}", f"{runs[0].get('seconds', 0):.0f}")
    Console(width=130).print(table)


def main() -> None:
    global VERBOSE
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--data", default=",".join(DATA))
    parser.add_argument("--seeds", default="0", help="of the models, comma-separated")
    parser.add_argument("--splits", default="0", help="seeds of the splits, comma-separated")
    parser.add_argument("--verbose", action="store_true", help="one line per epoch")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--write-items", type=Path, help="write MovieLens-1M's films as Parquet, and end")
    arguments = parser.parse_args()
    if arguments.write_items:
        films(arguments.data_dir).to_parquet(arguments.write_items)
        return
    VERBOSE = arguments.verbose
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    splits = [int(seed) for seed in arguments.splits.split(",")]
    found = {name: run(name, arguments.data_dir, seeds, splits) for name in arguments.data.split(",")}
    for name, rows in found.items():
        show(name, rows)
    if arguments.json:
        figures = {
            "rows": found,
            "seeds": seeds,
            "splits": splits,
            "presets": [asdict(preset) for preset in (PRESET, OWN_LOSS)],
            "command": " ".join(sys.argv),
            **machine(),
        }
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


VERBOSE = False

if __name__ == "__main__":
    main()
