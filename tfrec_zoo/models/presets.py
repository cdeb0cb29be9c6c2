"""Settings by name: what differs from a model's defaults, and the run that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A model with settings."""

    model: str
    """Name in the registry."""
    description: str
    """What it is for."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Hyper-parameters that differ from the defaults of the model's config."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """Options of `RunConfig` that differ from the model's `run_defaults`."""

    def config_with(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The hyper-parameters with `overrides`; settings of a ranker that they replace are left out."""
        config = dict(self.config)
        if "ranker_settings" in config and overrides.get("ranker", config["ranker"]) != config["ranker"]:
            del config["ranker_settings"]
        return {**config, **overrides}


_COSINE: Mapping[str, Any] = {"learning_rate": 2e-3, "schedule": "cosine", "warmup_epochs": 2}
_MOVIELENS_1M: Mapping[str, Any] = {"max_history_length": 200, "dropout": 0.2}
_MOVIELENS_1M_RUN: Mapping[str, Any] = {
    "epochs": 40,
    "batch_size": 32,
    **_COSINE,
    "window": "random",
    "patience": 40,
}
_MOVIELENS_100K: Mapping[str, Any] = {"max_history_length": 200, "dropout": 0.3}
_MOVIELENS_100K_RUN: Mapping[str, Any] = {
    "epochs": 30,
    "batch_size": 8,
    **_COSINE,
    "window": "random",
    "patience": 30,
}
_LASTFM: Mapping[str, Any] = {
    "embedding_dim": 128,
    "max_history_length": 100,
    "dropout": 0.5,
    "use_user_id": True,
}
_LASTFM_RUN: Mapping[str, Any] = {**_MOVIELENS_100K_RUN, "epochs": 40, "batch_size": 16, "patience": 40}
_RETRIEVER_RUN: Mapping[str, Any] = {
    "batch_size": 512,
    "schedule": "constant",
    "warmup_epochs": 0,
    "patience": 3,
}
_AMAZON_BEAUTY: Mapping[str, Any] = {
    "embedding_dim": 128,
    "hidden_dim": 256,
    "max_history_length": 50,
    "dropout": 0.5,
    "normalize": True,
    "temperature": 0.05,
}
_AMAZON_BEAUTY_RUN: Mapping[str, Any] = {
    "epochs": 30,
    "batch_size": 128,
    **_COSINE,
    "patience": 30,
}
_TINY: Mapping[str, Any] = {"embedding_dim": 16, "max_history_length": 20}
_TINY_RUN: Mapping[str, Any] = {"epochs": 5}

PRESETS: dict[str, Preset] = {
    "attention_ranker_tiny": Preset(
        "attention_ranker",
        "to try things out",
        {**_TINY, "num_layers": 1, "num_heads": 1, "hidden_dim": 32},
        _TINY_RUN,
    ),
    "attention_ranker_base": Preset("attention_ranker", "the defaults"),
    "cnn_ranker_tiny": Preset("cnn_ranker", "to try things out", {**_TINY, "hidden_dim": 16}, _TINY_RUN),
    "cnn_ranker_base": Preset("cnn_ranker", "the defaults"),
    "gru_ranker_tiny": Preset("gru_ranker", "to try things out", {**_TINY, "hidden_dim": 32}, _TINY_RUN),
    "gru_ranker_base": Preset("gru_ranker", "the defaults"),
    "two_stage_tiny": Preset(
        "two_stage",
        "to try things out",
        {
            **_TINY,
            "num_candidates": 50,
            "ranker": "attention_ranker",
            "ranker_settings": {"num_layers": 1, "hidden_dim": 32},
        },
        _TINY_RUN,
    ),
    "two_stage_base": Preset("two_stage", "the defaults"),
    "two_tower_tiny": Preset("two_tower", "to try things out", {**_TINY, "loss": "full"}, _TINY_RUN),
    "two_tower_base": Preset("two_tower", "the defaults"),
    "cnn_ranker_cold_items": Preset(
        "cnn_ranker",
        "items that training never saw, by content alone; with --split cold_items",
        {
            "score": "dot",
            "loss": "full",
            "profile_of": "id",
            "max_history_length": 500,
            "text_kernel_sizes": (),
        },
        {
            "teacher": "ease",
            "epochs": 30,
            "batch_size": 64,
            "learning_rate": 2e-2,
            "epsilon": 1e-4,
            "schedule": "cosine",
            "patience": 8,
        },
    ),
    "attention_ranker_movielens_1m": Preset(
        "attention_ranker", "MovieLens-1M", _MOVIELENS_1M, _MOVIELENS_1M_RUN
    ),
    "gru_ranker_movielens_1m": Preset("gru_ranker", "MovieLens-1M", _MOVIELENS_1M, _MOVIELENS_1M_RUN),
    "attention_ranker_movielens_100k": Preset(
        "attention_ranker", "MovieLens-100K", _MOVIELENS_100K, _MOVIELENS_100K_RUN
    ),
    "gru_ranker_movielens_100k": Preset("gru_ranker", "MovieLens-100K", _MOVIELENS_100K, _MOVIELENS_100K_RUN),
    "two_stage_movielens_100k": Preset(
        "two_stage",
        "MovieLens-100K: a tenth of the catalogue is scored twice",
        {
            "num_candidates": 168,
            "max_history_length": 200,
            "ranker": "attention_ranker",
            "ranker_settings": {"dropout": 0.3},
        },
        {**_MOVIELENS_100K_RUN, "retriever": dict(_RETRIEVER_RUN)},
    ),
    "attention_ranker_lastfm_1090": Preset(
        "attention_ranker",
        "Last.fm of 1,090 users",
        {**_LASTFM, "num_layers": 1, "num_heads": 1},
        _LASTFM_RUN,
    ),
    "two_tower_lastfm_1090": Preset("two_tower", "Last.fm of 1,090 users", {"loss": "full"}, {"epochs": 30}),
    "attention_ranker_amazon_beauty": Preset(
        "attention_ranker",
        "Amazon Beauty",
        {**_AMAZON_BEAUTY, "num_layers": 1, "num_heads": 1},
        _AMAZON_BEAUTY_RUN,
    ),
    "gru_ranker_amazon_beauty": Preset(
        "gru_ranker", "Amazon Beauty", {**_AMAZON_BEAUTY, "hidden_dim": 128}, _AMAZON_BEAUTY_RUN
    ),
}
