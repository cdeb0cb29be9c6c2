"""The usual way to train: pipeline, compile, fit, best epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfrec_zoo.evaluation.callback import RankingMetrics
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.pipelines import pairs, with_negatives
from tfrec_zoo.training.run_config import RunConfig


def train(
    model: RecommenderModel,
    split: EncodedSplit,
    run: RunConfig | None = None,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> dict[str, list[float]]:
    """Train a model by `model.fit`, stop by the validation metric, and keep the best epoch's weights.

    Args:
        model: not yet compiled; its item content is set, if its schema has any.
        split: the encoded parts. Without validation users, all epochs run and the last one stays.
        run: options.
        callbacks: more Keras callbacks; they see the validation metrics.
        verbose: of `fit`.

    Returns:
        The history: "loss", "val_hr@10", ... -> one value an epoch.
    """
    run = run or RunConfig()
    if model.frequency is not None and model.frequency.frequency == "counted":
        model.frequency.set_counts(split.train.item_counts(split.num_items))
    watching: list[Any] = []
    if len(split.validation):
        metrics = sorted({"hr@10", "ndcg@10", run.monitor})
        watching = [
            RankingMetrics(split, metrics=metrics, exclude_seen=run.exclude_seen),
            keras.callbacks.EarlyStopping(
                f"val_{run.monitor}", mode="max", patience=run.patience, restore_best_weights=True
            ),
        ]
    model.compile(keras.optimizers.Adam(run.learning_rate))
    dataset = training_dataset(model, split.train, run)
    history = model.fit(dataset, epochs=run.epochs, callbacks=[*watching, *callbacks], verbose=verbose)
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def training_dataset(model: RecommenderModel, train: EncodedInteractions, run: RunConfig) -> tf.data.Dataset:
    """The examples that a model's loss needs."""
    config = model.config
    dataset = pairs(
        train,
        batch_size=run.batch_size,
        max_history_length=config.max_history_length,
        context=run.context,
        with_positives=config.loss != "full" and config.remove_accidental_hits,
        seed=run.seed,
    )
    if config.num_negatives:
        dataset = with_negatives(
            dataset,
            num_negatives=config.num_negatives,
            item_counts=train.item_counts(model.schema.num_items),
            power=config.negatives_power,
            seed=run.seed,
        )
    return dataset
