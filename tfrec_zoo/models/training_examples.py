"""What a model asks of the examples that it is to be trained on, before the first batch is drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

from tfrec_zoo._errors import require


def check_examples(examples: Any, *, name: str, reads: Collection[str], takes_sequences: bool) -> None:
    """Refuse a tf.data set whose names and shapes tell that a model cannot train on it; pass all else.

    Args:
        examples: of `fit`.
        name: of the model.
        reads: names of inputs that not every pipeline brings.
        takes_sequences: whether a target may be a whole sequence.

    Raises:
        ValueError: inputs without times or profile features that the model reads, or targets of whole
            sequences for a model that trains on pairs.
    """
    spec = examples.element_spec if isinstance(examples, tf.data.Dataset) else None
    if not (isinstance(spec, tuple) and len(spec) > 1 and isinstance(spec[0], Mapping)):
        return
    inputs, targets = spec[:2]
    missing = sorted(set(reads) - inputs.keys())
    require(
        not missing,
        f"Examples for {name} must have {missing}: times come with `with_times=True` of a pipeline, "
        "profile features with a FeatureSpace that has them. `training_dataset` asks for what a model reads.",
        sorted(inputs),
    )
    rank = targets.shape.rank if isinstance(targets, tf.TensorSpec) else None
    require(
        takes_sequences or rank in (None, 1),
        f"{name} trains on one target per example: give `pipelines.pairs`, not `pipelines.sequences`.",
        targets,
    )
