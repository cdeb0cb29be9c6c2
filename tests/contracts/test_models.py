"""Every registered model keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts import model_contract as contract
from tests.contracts.examples import variants_of
from tests.tiers import slow_where
from tfrec_zoo.models import list_models

MODELS = list_models()
LARGER = {"attention_ranker", "two_stage"}
"""Those whose steps take the longest."""
NOT_THE_SMALLEST = LARGER | {"cnn_ranker", "gru_ranker"}
"""Left to the full tier where a test takes ten seconds for each of them."""
CASES = [(name, variant) for name in MODELS for variant in variants_of(name)]
TRAINED = [(name, variant) for name in MODELS for variant in ("plain", "content")]


def variants(cases: list[tuple[str, str]], is_slow: Callable[[str, str], bool]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "variant"), slow_where(is_slow, cases))


def not_plain(name: str, variant: str) -> bool:
    return variant != "plain"


def not_plain_or_not_the_smallest(name: str, variant: str) -> bool:
    return variant != "plain" or name in NOT_THE_SMALLEST


in_every_variant = variants(CASES, lambda name, variant: variant == "content_only")
every_model = pytest.mark.parametrize("name", MODELS)
smallest = pytest.mark.parametrize("name", slow_where(lambda name: name in NOT_THE_SMALLEST, MODELS))
small_models = pytest.mark.parametrize("name", slow_where(lambda name: name in LARGER, MODELS))


@variants(CASES, not_plain)
def test_shapes_for_any_batch_and_any_number_of_candidates(name: str, variant: str) -> None:
    contract.shapes_for_any_batch_and_any_number_of_candidates(name, variant)


@in_every_variant
def test_every_weight_gets_a_gradient(name: str, variant: str) -> None:
    contract.every_weight_gets_a_gradient(name, variant)


@in_every_variant
def test_config_survives_json(name: str, variant: str) -> None:
    contract.config_survives_json(name, variant)


@smallest
def test_a_saved_model_answers_alike_in_a_fresh_process(name: str, tmp_path: Path) -> None:
    contract.a_saved_model_answers_alike_in_a_fresh_process(name, "content", tmp_path)


@every_model
def test_stored_items_stand_for_the_content(name: str, tmp_path: Path) -> None:
    contract.stored_items_stand_for_the_content(name, tmp_path)


@in_every_variant
def test_padding_and_order_of_candidates_change_nothing(name: str, variant: str) -> None:
    contract.padding_and_order_of_candidates_change_nothing(name, variant)


@every_model
def test_learns_planted_structure_above_popularity(name: str) -> None:
    contract.learns_planted_structure_above_popularity(name)


@variants(TRAINED, not_plain)
def test_overfits_one_batch(name: str, variant: str) -> None:
    contract.overfits_one_batch(name, variant)


@smallest
def test_the_seed_decides_everything(name: str) -> None:
    contract.the_seed_decides_everything(name)


@in_every_variant
def test_the_seed_decides_the_initial_weights_and_nothing_else(name: str, variant: str) -> None:
    contract.the_seed_decides_the_initial_weights_and_nothing_else(name, variant)


@every_model
def test_training_without_content_is_refused(name: str) -> None:
    contract.training_without_content_is_refused(name)


@small_models
def test_training_resumes_from_a_file(name: str, tmp_path: Path) -> None:
    contract.training_resumes_from_a_file(name, tmp_path)


@variants(CASES, not_plain_or_not_the_smallest)
def test_xla_trains_alike(name: str, variant: str) -> None:
    contract.xla_trains_alike(name, variant)


@every_model
def test_what_cannot_train_is_refused(name: str) -> None:
    contract.what_cannot_train_is_refused(name)


@variants(TRAINED, not_plain_or_not_the_smallest)
def test_trains_and_scores_in_mixed_precision(name: str, variant: str) -> None:
    contract.trains_and_scores_in_mixed_precision(name, variant)
