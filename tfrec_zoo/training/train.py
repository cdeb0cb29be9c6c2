"""The usual way to train: pipeline, compile, fit, best epoch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tfrec_zoo.evaluation.callback import RankingMetrics
from tfrec_zoo.evaluation.scorer import check_split
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.metrics.registry import higher_is_better
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.config import POINTWISE
from tfrec_zoo.models.two_stage import TwoStage
from tfrec_zoo.pipelines import pairs, sequences, with_negatives
from tfrec_zoo.training.lazy_adam import LazyAdam
from tfrec_zoo.training.learn_factors import learn_factors
from tfrec_zoo.training.run_config import RunConfig

History = dict[str, list[float]]


def train(
    model: RecommenderModel,
    split: EncodedSplit,
    run: RunConfig | None = None,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> History:
    """Train a model by `model.fit`, stop by the validation metric, and keep the best epoch's weights.

    A TwoStage model's stages are trained one after the other, each by its own `run_defaults`; options for the
    first alone are in `RunConfig.retriever`.

    Args:
        model: not yet compiled; its item content is set, if its schema has any.
        split: the encoded parts. Without validation users, all epochs run and the last one stays.
        run: options.
        callbacks: more Keras callbacks; they see the validation metrics.
        verbose: of `fit`.

    Returns:
        The history: "loss", "val_hr@10", ... -> one value an epoch. Of a TwoStage model, the ranker's, and
        the retriever's under "retriever_loss" and so on.

    Raises:
        ValueError: a split of other features than the model's, or one without what its loss or inputs need.
    """
    run = run or RunConfig()
    check_split(model, split)
    if isinstance(model, TwoStage):
        # What the ranker's examples lack is said before the retriever is trained.
        training_dataset(model.ranker, split.train, run.of_ranker())
        first, second = (
            train(stage, split, options, callbacks=callbacks, verbose=verbose)
            for stage, options in ((model.retriever, run.of_retriever()), (model.ranker, run.of_ranker()))
        )
        return second | {f"retriever_{name}": values for name, values in first.items()}
    run = run.with_defaults(model.run_defaults)
    if model.frequency is not None and model.frequency.frequency == "counted":
        model.frequency.set_counts(split.train.item_counts(split.num_items))
    if model.score_bias is not None and model.config.loss == "rating" and split.train.rating is not None:
        model.score_bias.assign(split.train.rating.mean())
    assert run.epochs is not None
    assert run.batch_size is not None
    watching = [*_watching(model, split, run), *callbacks]
    if run.teacher == "ease":
        history = learn_factors(
            model,
            split,
            optimizer=partial(make_optimizer, run),
            epochs=run.epochs,
            batch_size=run.batch_size,
            seed=run.seed,
            callbacks=watching,
            verbose=verbose,
        )
    else:
        dataset = training_dataset(model, split.train, run)
        model.compile(make_optimizer(run, steps_per_epoch=int(dataset.cardinality())))
        history = model.fit(dataset, epochs=run.epochs, callbacks=watching, verbose=verbose)
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def _watching(model: RecommenderModel, split: EncodedSplit, run: RunConfig) -> list[keras.callbacks.Callback]:
    """The validation metrics of each epoch, and the end at the best; nothing without validation users."""
    if not len(split.validation):
        return []
    metrics = sorted({"hr@10", "ndcg@10", run.monitor})
    return [
        RankingMetrics(split, metrics=metrics, exclude_seen=run.exclude_seen, scorer=model),
        keras.callbacks.EarlyStopping(
            f"val_{run.monitor}",
            mode="max" if higher_is_better(run.monitor) else "min",
            patience=run.patience,
            restore_best_weights=True,
        ),
    ]


def make_optimizer(run: RunConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer of a run whose values are all given."""
    assert run.learning_rate is not None
    assert run.epochs is not None
    rate: Any = run.learning_rate
    warmup = run.warmup_epochs * steps_per_epoch
    if run.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            max(run.epochs * steps_per_epoch - warmup, 1),
            alpha=0.02,
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    elif warmup:
        rate = keras.optimizers.schedules.PolynomialDecay(rate / warmup, warmup, end_learning_rate=rate)
    kind = LazyAdam if run.optimizer == "lazy_adam" else keras.optimizers.Adam
    return kind(rate, weight_decay=run.weight_decay or None, epsilon=run.epsilon)


def training_dataset(
    model: RecommenderModel, train: EncodedInteractions, run: RunConfig | None = None
) -> tf.data.Dataset:
    """The examples that a model's loss needs."""
    run = (run or RunConfig()).with_defaults(model.run_defaults)
    config = model.config
    common: dict[str, Any] = {
        "batch_size": run.batch_size,
        "max_history_length": config.max_history_length,
        "seed": run.seed,
        "with_times": model.reads_times,
    }
    if model.trains_on == "sequences":
        dataset = sequences(train, window=run.window, **common)
    else:
        dataset = pairs(
            train,
            context=run.context,
            with_positives=model.needs_positives,
            with_rating=config.loss in POINTWISE,
            **common,
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
