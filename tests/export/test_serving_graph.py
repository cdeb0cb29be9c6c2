"""What a served graph costs, read from its operations."""

from __future__ import annotations

import pytest

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.export.graph.serving_module import ServingModule
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import create_model, list_models

DATA = synthetic(num_users=30, num_items=20, num_interactions=300, seed=1)


@pytest.mark.parametrize("name", list_models())
def test_no_request_copies_the_table_of_item_vectors(name: str) -> None:
    """One gather from the variable itself, and TensorFlow copies all of it at every later read."""
    features = FeatureSpace.fit(DATA.interactions)
    model = create_model(name, features.schema, embedding_dim=4, max_history_length=3, use_item_id=True)
    module = ServingModule(model, features, 5)
    for signature, function in module.signatures().items():
        table = [inner for outer, inner in function.graph.captures if outer is module.item_vectors.handle]
        readers = {operation.type for inner in table for operation in inner.consumers()}
        assert readers == {"ReadVariableOp"}, signature
