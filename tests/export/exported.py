"""Small models of every kind on synthetic data, for tests of exports."""

from __future__ import annotations

from functools import cache
from typing import Any

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import RecommenderModel, create_model, get_model_class

NUM_ITEMS = 40
CONTENT = ["title", "categories", "vectors", "image", "audio"]
DATA = synthetic(num_users=60, num_items=NUM_ITEMS, num_interactions=900, images=True, audio=True, seed=4)
SPLIT = leave_last_out(DATA.interactions)


@cache
def features_of(with_content: bool) -> FeatureSpace:
    """Features with every kind of content and profile, or with profiles alone."""
    return FeatureSpace.fit(
        SPLIT.train,
        DATA.items,
        DATA.users,
        content=CONTENT if with_content else [],
        profile=list(DATA.users.profile),
    )


def small_model(name: str, features: FeatureSpace, **settings: Any) -> RecommenderModel:
    """A model with random weights whose content is set, in the settings that its class wants served."""
    sizes = {"embedding_dim": 8, "max_history_length": 6, "use_item_id": True}
    served = get_model_class(name).example_settings.get("served", {})
    model = create_model(name, features.schema, **{**sizes, **served, **settings})
    if features.item_features:
        model.set_content(features.item_features)
    return model
