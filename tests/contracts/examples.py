"""Models, data and settings that the contract's functions are run on."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import RecommenderModel, create_model, get_model_class

SHARED = {
    "plain": {
        "embedding_dim": 12,
        "max_history_length": 9,
        "loss": "full",
        "seed": 5,
        "item_hidden_dims": (7,),
    },
    "content": {
        "embedding_dim": 8,
        "max_history_length": 6,
        "loss": "in_batch",
        "num_negatives": 20,
        "normalize": True,
        "temperature": 0.1,
        "id_dropout": 0.2,
        "item_hidden_dims": (10,),
    },
    "sampled": {
        "embedding_dim": 8,
        "max_history_length": 6,
        "loss": "sampled",
        "num_negatives": 30,
        "negatives_power": 0.5,
    },
    "content_only": {
        "embedding_dim": 8,
        "max_history_length": 6,
        "loss": "in_batch",
        "use_item_id": False,
        "log_q": "counted",
    },
}
"""Settings that every model takes."""


def variants_of(name: str) -> list[str]:
    """The shared settings, and those that the model's class names."""
    own = get_model_class(name).example_settings
    assert not SHARED.keys() & own.keys(), "a name of the shared settings"
    return [*SHARED, *own]


def settings_of(name: str, variant: str) -> dict[str, Any]:
    """A variant's hyper-parameters; those of the class stand on top of the plain ones."""
    if variant in SHARED:
        return {"use_item_id": True, **SHARED[variant]}
    return {"use_item_id": True, **SHARED["plain"], **get_model_class(name).example_settings[variant]}


@cache
def data(variant: str) -> tuple[FeatureSpace, EncodedSplit]:
    dataset = synthetic(num_users=150, num_items=60, num_interactions=3000, images=True, audio=True, seed=1)
    split = leave_last_out(dataset.interactions)
    with_content = variant.startswith("content")
    features = FeatureSpace.fit(
        split.train,
        dataset.items,
        dataset.users,
        content=["title", "categories", "vectors", "image", "audio"] if with_content else [],
        profile=list(dataset.users.profile) if with_content else [],
    )
    return features, features.transform(split)


def make(name: str, variant: str, **overrides) -> RecommenderModel:
    features, split = data(variant)
    model = create_model(name, features.schema, **{**settings_of(name, variant), **overrides})
    for part in model.training_stages().values():
        if part.config.loss == "in_batch" and part.config.log_q == "counted":
            part.frequency.set_counts(split.train.item_counts(split.num_items))
    if features.item_features:
        model.set_content(features.item_features)
    return model


def batch_of(model: RecommenderModel, variant: str, size: int) -> dict[str, np.ndarray]:
    split = data(variant)[1]
    rows = np.arange(size)
    times = split.train.history_time(rows, model.max_history_length) if model.reads_times else None
    return {
        **({} if times is None else {"history_time": times}),
        "history": split.train.history(rows, model.max_history_length),
        "user_index": split.train.user_index[rows],
        **{name: values[rows] for name, values in split.train.profile.items()},
    }
