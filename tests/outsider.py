"""A package from outside: one toy thing for each door, registered when it is imported.

`tests/test_doors.py` installs it as a plugin, and asks the command line for all of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf
import typer
from keras import ops

from tfrec_zoo.baselines import Popularity
from tfrec_zoo.cli.main import app
from tfrec_zoo.data.sources.known import DATASETS
from tfrec_zoo.data.sources.known_dataset import KnownDataset
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import Split, random_split
from tfrec_zoo.data.tables import Dataset, Interactions, Items
from tfrec_zoo.experiment import SPLITS
from tfrec_zoo.experiment.results import BASELINES
from tfrec_zoo.export import ENGINES, FORMATS, Engine, Format, Servable
from tfrec_zoo.feature_kind import KINDS
from tfrec_zoo.kinds.number import Number
from tfrec_zoo.losses import LOSSES, PointwiseLoss
from tfrec_zoo.metrics import LIST_METRICS, RANK_METRICS
from tfrec_zoo.metrics.list_metric import ListMetric, RecommendedLists
from tfrec_zoo.metrics.ranking import RankMetric
from tfrec_zoo.models import ModelConfig, RecommenderModel
from tfrec_zoo.models.registry import MODELS
from tfrec_zoo.reranking import RERANKERS, ReRanker
from tfrec_zoo.schema import NUM_RESERVED


@dataclass(frozen=True)
class MeanConfig(ModelConfig):
    """Hyper-parameters of Mean."""

    newest: int = 3
    """How many items of the history are read."""


@keras.saving.register_keras_serializable("outsider")
class Mean(RecommenderModel):
    """The mean of the newest items."""

    config_class: ClassVar[type[ModelConfig]] = MeanConfig
    config: MeanConfig

    def build_query_encoder(self) -> None:
        """Nothing of its own."""

    def encode_query(self, inputs: Any, training: bool = False, item_vectors: Any = None) -> Any:
        """The mean, float [B, D]."""
        history = inputs["history"][:, -self.config.newest :]
        vectors = self.history_vectors(history, training, item_vectors)
        real = ops.cast(history >= NUM_RESERVED, vectors.dtype)[..., None]
        return ops.sum(vectors * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1)


@dataclass(frozen=True)
class AbsoluteLoss(PointwiseLoss):
    """Absolute error of the rating."""

    name: ClassVar[str] = "absolute"

    def compare(self, scores: Any, ratings: Any) -> Any:
        """Absolute errors."""
        return tf.abs(scores - ratings)


class Root(Number):
    """The root of a number, scaled."""

    name: ClassVar[str] = "root"

    @classmethod
    def fit(cls, values: Any) -> Self:
        """Of the roots."""
        return super().fit(np.sqrt(np.asarray(values, np.float64)))

    def __call__(self, values: Any) -> Any:
        """Of a column of raw numbers."""
        return super().__call__(np.sqrt(np.asarray(values, np.float64)))

    def encode(self, raw: Any, table: Any) -> Any:
        """In the graph."""
        return super().encode(tf.sqrt(raw), table)

    def draw(self, generator: Any, n: int) -> Any:
        """Raw numbers, not below zero."""
        return np.square(super().draw(generator, n))


class OddShare(ListMetric):
    """The share of odd catalogue rows."""

    def compute(self, given: RecommendedLists) -> float:
        """Over all lists."""
        return float(np.mean(given.lists % 2))


class Reverse(ReRanker):
    """The worst first."""

    def __call__(self, scores: Any, *, inputs: Mapping[str, Any], k: Any) -> Any:
        """Other signs."""
        return tf.where(scores < -1e30, scores, -scores)


def shop() -> Dataset:
    """The synthetic data with ratings and prices."""
    drawn = synthetic(num_users=60, num_items=40, num_interactions=900, seed=4)
    table = drawn.interactions
    rated = Interactions(table.user_id, table.item_id, table.timestamp, np.arange(len(table)) % 5 + 1.0)
    assert drawn.items is not None
    ids = drawn.items.item_id
    items = Items(ids, price=np.arange(1, len(ids) + 1, dtype=np.float32), kinds={"price": "root"})
    return Dataset("outsider/shop", rated, items, licence="CC0-1.0", source="drawn")


def write_ids(servable: Servable, file: Path) -> None:
    """The names of the signatures, as JSON."""
    file.write_text(json.dumps(sorted(servable.signatures)), encoding="utf-8")


def halves(interactions: Interactions, seed: int) -> Split:
    """A random half is for testing."""
    return random_split(interactions, test=0.5, validation=0.1, seed=seed)


@app.command()
def hello(name: str) -> None:
    """Greet."""
    typer.echo(f"hello {name}")


MODELS.register("mean", Mean)
LOSSES.register("absolute", AbsoluteLoss)
KINDS.register("root", Root)
RANK_METRICS.register("first", RankMetric(lambda ranks, row_splits, k: (ranks[row_splits[:-1]] == 1) * 1.0))
LIST_METRICS.register("odd_share", OddShare())
RERANKERS.register("reverse", Reverse)
DATASETS.register("outsider/shop", KnownDataset("60 users", "CC0-1.0", draw=shop))
SPLITS.register("halves", halves)
BASELINES.register("popularity_again", Popularity)
FORMATS.register("names", Format("file of names", "names", "assets.extra/names.json", write_ids))
ENGINES.register("reader", Engine("reader of others", "nothing.py", "others", ()))
