from __future__ import annotations

import pytest

from tfrec_zoo.models import create_model, get_model_class, get_preset, list_models, list_presets
from tfrec_zoo.schema import Feature, Schema
from tfrec_zoo.training import RunConfig

SCHEMA = Schema(
    num_users=5, num_items=30, num_trained_items=30, item_features=(Feature("title", "text", (4,), 9),)
)


@pytest.mark.parametrize("name", list_presets())
def test_a_preset_is_a_model_with_a_run(name: str) -> None:
    preset = get_preset(name)
    model = create_model(name, SCHEMA, seed=3)
    assert type(model) is get_model_class(preset.model)
    assert name.startswith(preset.model)
    assert model.config.seed == 3
    run = RunConfig(**preset.run).with_defaults(model.run_defaults)
    assert None not in run.to_dict().values()


def test_every_model_has_the_two_sizes() -> None:
    for name in list_models():
        assert get_preset(name).config == {}
        assert {f"{name}_tiny", f"{name}_base"} <= set(list_presets())


def test_an_unknown_preset_gets_the_nearest() -> None:
    with pytest.raises(ValueError, match="gru_ranker_tiny"):
        create_model("gru_ranker_tyni", SCHEMA)


def test_settings_of_a_ranker_go_with_that_ranker_alone() -> None:
    for name in list_presets():
        config = get_preset(name).config
        assert ("ranker_settings" in config) <= ("ranker" in config), name
    settings = get_preset("two_stage_tiny").config["ranker_settings"]
    for overrides, expected in (
        ({"ranker": "attention_ranker"}, settings),
        ({"ranker": "cnn_ranker"}, {}),
        ({"ranker": "gru_ranker", "ranker_settings": {"hidden_dim": 8}}, {"hidden_dim": 8}),
    ):
        config = create_model("two_stage_tiny", SCHEMA, **overrides).config
        assert config.ranker_settings == expected
        assert config.num_candidates == 50
