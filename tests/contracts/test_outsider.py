"""A model from outside the package keeps the contract by the same functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import keras
import pytest
from keras import ops

from tests.contracts import model_contract as contract
from tests.contracts.examples import variants_of
from tfrec_zoo.models import ModelConfig, RecommenderModel, list_models
from tfrec_zoo.models.registry import MODELS
from tfrec_zoo.schema import NUM_RESERVED


@dataclass(frozen=True)
class LastItemsConfig(ModelConfig):
    """Hyper-parameters of LastItems."""

    num_items: int = 4
    """How many of the newest items are read."""


@keras.saving.register_keras_serializable("tests")
class LastItems(RecommenderModel):
    """A query is a linear map of the mean of the newest items."""

    config_class: ClassVar[type[ModelConfig]] = LastItemsConfig
    config: LastItemsConfig
    example_settings: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"one": {"num_items": 1}})

    def build_query_encoder(self) -> None:
        self.projection = keras.layers.Dense(self.config.embedding_dim, use_bias=False, name="projection")
        self.projection.build((None, self.config.embedding_dim))

    def encode_query(self, inputs: Any, training: bool = False, item_vectors: Any = None) -> Any:
        history = inputs["history"][:, -self.config.num_items :]
        vectors = self.history_vectors(history, training, item_vectors)
        real = ops.cast(history >= NUM_RESERVED, vectors.dtype)[..., None]
        mean = ops.sum(vectors * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1)
        return self.projection(mean)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    MODELS.register("last_items", LastItems)
    yield
    MODELS.unregister("last_items")


@pytest.mark.parametrize("variant", ["plain", "content", "sampled", "content_only", "one"])
def test_what_holds_in_every_variant(variant: str) -> None:
    assert "last_items" in list_models()
    assert variant in variants_of("last_items")
    contract.shapes_for_any_batch_and_any_number_of_candidates("last_items", variant)
    contract.every_weight_gets_a_gradient("last_items", variant)
    contract.config_survives_json("last_items", variant)
    contract.padding_and_order_of_candidates_change_nothing("last_items", variant)
    contract.the_seed_decides_the_initial_weights_and_nothing_else("last_items", variant)


@pytest.mark.slow
def test_what_holds_of_training(tmp_path: Path) -> None:
    contract.learns_planted_structure_above_popularity("last_items")
    contract.overfits_one_batch("last_items", "content")
    contract.the_seed_decides_everything("last_items")
    contract.training_without_content_is_refused("last_items")
    contract.what_cannot_train_is_refused("last_items")
    contract.training_resumes_from_a_file("last_items", tmp_path)


@pytest.mark.slow
def test_what_holds_of_files(tmp_path: Path) -> None:
    contract.stored_items_stand_for_the_content("last_items", tmp_path)
    contract.a_saved_model_answers_alike_in_a_fresh_process("last_items", "content", tmp_path)


@pytest.mark.slow
def test_what_holds_of_compilers_and_half_precision() -> None:
    contract.xla_trains_alike("last_items", "plain")
    contract.trains_and_scores_in_mixed_precision("last_items", "plain")
