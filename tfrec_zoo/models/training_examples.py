"""What a model asks of the examples that it is to be trained on, before the first batch is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfrec_zoo._errors import require

if TYPE_CHECKING:
    from tfrec_zoo.models.base import RecommenderModel


def check_examples(model: RecommenderModel, examples: Any) -> None:
    """Refuse a tf.data set whose names and shapes tell that the model cannot train on it; pass all else.

    Raises:
        ValueError: inputs without times or profile features that the model reads, or targets of whole
            sequences for a model that trains on pairs.
    """
    spec = examples.element_spec if isinstance(examples, tf.data.Dataset) else None
    if not (isinstance(spec, tuple) and len(spec) > 1 and isinstance(spec[0], Mapping)):
        return
    inputs, targets = spec[:2]
    read = {feature.name for feature in model.profile_features}
    read |= {"history_time"} if model.reads_times else set()
    missing = sorted(read - inputs.keys())
    require(
        not missing,
        f"Examples for {model.name} must have {missing}: times come with `with_times=True` of a pipeline, "
        "profile features with a FeatureSpace that has them. `training_dataset` asks for what a model reads.",
        sorted(inputs),
    )
    rank = targets.shape.rank if isinstance(targets, tf.TensorSpec) else None
    require(
        model.trains_on == "sequences" or rank in (None, 1),
        f"{model.name} trains on one target an example: give `pipelines.pairs`, not `pipelines.sequences`.",
        targets,
    )
