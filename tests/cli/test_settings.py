from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.cli.models import describe_fields
from tfrec_zoo.cli.settings import parse_settings
from tfrec_zoo.models.two_tower import TwoTowerConfig
from tfrec_zoo.training import RunConfig


@dataclass(frozen=True)
class Config:
    width: int = 3
    rate: float = 0.1
    shared: int = 0
    on: bool = False
    kind: Literal["a", "b"] = "a"
    dims: tuple[int, ...] = ()
    limit: float | None = None


@dataclass(frozen=True)
class Other:
    shared: int = 0
    name: str = ""
    options: Mapping[str, int] = field(default_factory=dict)


def test_values_take_the_type_of_their_field() -> None:
    texts = ["width=4", "rate=1e-3", "on=true", "kind=b", "dims=64,32", "limit=none", "name=x=y", "shared=7"]
    first, second = parse_settings(texts, Config, Other)
    assert first == {
        "width": 4,
        "rate": 0.001,
        "on": True,
        "kind": "b",
        "dims": (64, 32),
        "limit": None,
        "shared": 7,
    }
    assert second == {"name": "x=y", "shared": 7}
    assert parse_settings(['options={"a": 1}'], Other)[0] == {"options": {"a": 1}}
    assert parse_settings(["limit=2.5", "dims="], Config)[0] == {"limit": 2.5, "dims": ()}


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("widht=4", UnknownNameError, "Did you mean 'width'"),
        ("width", ValueError, "takes KEY=VALUE"),
        ("width=4.5", ValueError, r"`width` must be a value of type int. Received: '4.5'"),
        ("on=maybe", ValueError, "must be true or false"),
        ("kind=c", UnknownNameError, "must be one of: a, b"),
        ("dims=1,x", ValueError, "must be a value of type int"),
    ],
)
def test_wrong_settings(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_settings([text], Config)


def test_every_setting_is_described() -> None:
    for config in (TwoTowerConfig, RunConfig):
        for name, default, told in describe_fields(config):
            assert told.partition(" One of:")[0].endswith("."), (
                f"{config.__name__}.{name} ({default}) has no docstring"
            )


def test_the_values_of_a_choice_are_listed() -> None:
    described = {name: told for name, _, told in describe_fields(TwoTowerConfig)}
    assert described["history_pooling"] == "How the history's vectors become one. One of: mean, recency."
    assert described["loss"].endswith(" One of: full, in_batch, sampled, gbce, bpr, rating, like.")
    assert "One of:" not in described["embedding_dim"]
