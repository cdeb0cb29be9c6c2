"""The usual way to train: pipeline, compile, fit, best epoch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo.evaluation.callback import RankingMetrics
from tfrec_zoo.evaluation.scorer import check_split
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.metrics.registry import higher_is_better
from tfrec_zoo.models.base import RecommenderModel
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

    Stages of a model are trained one after the other, each by its own `run_defaults`; options for the
    first alone are in `RunConfig.retriever`.

    Args:
        model: not yet compiled; its item content is set, if its schema has any.
        split: the encoded parts. Without validation users, all epochs run and the last one stays.
        run: options.
        callbacks: more Keras callbacks; they see the validation metrics.
        verbose: of `fit`.

    Returns:
        The history: "loss", "val_hr@10", ... -> one value per epoch. Of a model with stages, the last one's,
        and those of the others under "retriever_loss" and so on.

    Raises:
        ValueError: a split of other features than the model's, or one without what its loss or inputs need.
    """
    run = run or RunConfig()
    check_split(model, split)
    stages = model.training_stages()
    if model.stages:
        # What a later stage's examples lack is said before the first is trained.
        for name, stage in stages.items():
            training_dataset(stage, split.train, run.of_stage(name))
        *earlier, last = [
            (name, train(stage, split, run.of_stage(name), callbacks=callbacks, verbose=verbose))
            for name, stage in stages.items()
        ]
        prefixed = {f"{name}_{key}": values for name, history in earlier for key, values in history.items()}
        return last[1] | prefixed
    run = run.with_defaults(model.run_defaults)
    model.training_loss.prepare(model.loss_state, split.train.item_counts(split.num_items))
    if model.score_bias is not None and split.train.rating is not None:
        model.score_bias.assign(model.training_loss.start_bias(split.train.rating))
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
    common: dict[str, Any] = {
        "batch_size": run.batch_size,
        "max_history_length": model.max_history_length,
        "seed": run.seed,
        "with_times": model.reads_times,
    }
    if model.trains_on == "sequences":
        dataset = sequences(train, window=run.window, **common)
    else:
        dataset = pairs(
            train,
            history_scope=run.history_scope,
            with_positives=model.needs_positives,
            with_rating=model.needs_rating,
            **common,
        )
    if model.needs_negatives:
        num_negatives, power = _negatives_of(model)
        dataset = with_negatives(
            dataset,
            num_negatives=num_negatives,
            item_counts=train.item_counts(model.schema.num_items),
            power=power,
            seed=run.seed,
        )
    return dataset


def _negatives_of(model: RecommenderModel) -> tuple[int, float]:
    """How many negatives a batch has, and their power: of all stages that need some."""
    wanted = {
        (stage.config.num_negatives, stage.config.negatives_power)
        for stage in model.stages or (model,)
        if stage.needs_negatives
    }
    require(
        len(wanted) == 1,
        "Stages that are trained at once share the negatives of a batch: give them the same `num_negatives` "
        "and `negatives_power`, or train them one after the other by `zoo.train`.",
        sorted(wanted),
    )
    return wanted.pop()
