"""An item encoder that learns the item factors of a collaborative model, so that new items have them too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo.baselines.ease import EASE
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.models.base import RecommenderModel
from tfrec_zoo.models.cnn_ranker import CNNRanker
from tfrec_zoo.schema import NUM_RESERVED


def learn_factors(
    model: RecommenderModel,
    split: EncodedSplit,
    *,
    optimizer: Callable[[int], keras.optimizers.Optimizer],
    epochs: int,
    batch_size: int,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int = 0,
) -> keras.callbacks.History:
    """Regress the factors of EASE's weights on the content of the items.

    An example is an item, each counts alike, and an epoch is one pass over the catalogue. The items of a
    history stand for their own factors, so that for known items the model ranks as a low-rank EASE would, and
    new ones are placed by their content. Source: van den Oord, Dieleman and Schrauwen 2013, "Deep
    content-based music recommendation" (section 4), with EASE in the place of matrix factorisation.

    Args:
        model: a CNNRanker with `profile_of="id"`, `score="dot"` and vectors from content alone.
        split: the encoded parts.
        optimizer: from the steps of an epoch to the optimizer.
        epochs: passes over the items.
        batch_size: items of a step.
        seed: of the items' order.
        callbacks: of `fit`, which see the validation metrics and the item encoder as their model.
        verbose: of `fit`.

    Raises:
        ValueError: another model.
    """
    learns = isinstance(model, CNNRanker) and model.can_take_factors
    require(
        learns,
        "`teacher='ease'` is for a cnn_ranker with profile_of='id', score='dot', use_item_id=False, "
        "normalize=False, use_user_id=False, no query_hidden_dims and a ranking loss.",
        model.config,
    )
    assert isinstance(model, CNNRanker)
    model.require_ready()
    teacher = EASE().fit(split.train, model.schema.num_trained_items)
    of_history, of_items = teacher.factors(model.vector_dim)
    rows = np.arange(NUM_RESERVED, model.schema.num_trained_items, dtype=np.int32)
    # The mean shifts all scores of a user alike.
    targets = of_items[rows] - of_items[rows].mean(axis=0)
    scale = float(targets.std()) or 1.0
    examples = tf.data.Dataset.from_tensor_slices((rows, targets / scale))
    examples = examples.shuffle(len(rows), seed=seed).batch(batch_size)
    item = keras.Input((), dtype="int32")
    student = keras.Model(item, model.item_encoder(item), name="item_encoder")
    student.compile(optimizer(int(examples.cardinality())), loss="mean_squared_error")

    model.set_history_vectors(of_history * scale)
    # Keras's `shuffle` is for arrays; the data set has an order of its own.
    return student.fit(examples, epochs=epochs, shuffle=False, callbacks=[*callbacks], verbose=verbose)
