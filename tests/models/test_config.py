from __future__ import annotations

import json

import numpy as np
import pytest

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.models import CNNRankerConfig, TwoTower, TwoTowerConfig, create_model
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.schema import Feature, Schema

SCHEMA = Schema(num_users=4, num_items=6, num_trained_items=6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"embedding_dim": 0}, "`embedding_dim` must be at least 1"),
        ({"max_history_length": -1}, "`max_history_length` must be at least 1"),
        ({"dropout": 1.0}, r"`dropout` must be in \[0, 1\)"),
        ({"temperature": 0.0}, "`temperature` must be above 0"),
        ({"loss": "ful"}, "Did you mean 'full'"),
        ({"log_q": "stream"}, "Did you mean 'streaming'"),
        ({"loss": "sampled"}, "`num_negatives` must be at least 1 with loss 'sampled'"),
        ({"num_negatives": -3}, "`num_negatives` must be at least 0"),
        ({"embeding_dim": 3}, "Did you mean 'embedding_dim'"),
        ({"user_dropout": 2.0}, "`user_dropout` must be"),
        ({"use_user_id": False, "use_profile": False, "use_history": False}, "One of `use_user_id`"),
        ({"history_pooling": "maximum"}, "Unknown history_pooling"),
        ({"use_user_id": False, "use_history": False}, "needs profile features in the schema"),
    ],
)
def test_wrong_hyper_parameters(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        create_model("two_tower", SCHEMA, **values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"embedding_dim": True}, "`embedding_dim` must be a value of type int. Received: True"),
        ({"embedding_dim": 8.5}, "`embedding_dim` must be a value of type int. Received: 8.5"),
        ({"embedding_dim": None}, "`embedding_dim` must be a value of type int. Received: None"),
        ({"dropout": "0.1"}, "`dropout` must be a value of type float. Received: '0.1'"),
        ({"temperature": True}, "`temperature` must be a value of type float. Received: True"),
        ({"use_item_id": 1}, "`use_item_id` must be a value of type bool. Received: 1"),
        (
            {"item_hidden_dims": 8},
            r"`item_hidden_dims` must be a value of type tuple\[int, ...\]. Received: 8",
        ),
        ({"item_hidden_dims": [8, "4"]}, r"type tuple\[int, ...\]. Received: \[8, '4'\]"),
        ({"image_backbone": 3}, "`image_backbone` must be a value of type str. Received: 3"),
        ({"loss": ["full"]}, r"Unknown loss.* Received: \['full'\]"),
    ],
)
def test_values_of_another_type(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TwoTowerConfig(**values)


def test_numbers_of_numpy_become_plain_ones() -> None:
    config = TwoTowerConfig(
        embedding_dim=np.int64(8),
        dropout=np.float32(0.5),
        temperature=2,
        use_item_id=np.bool_(False),
        item_hidden_dims=[np.int32(3), 4],
    )
    assert config == TwoTowerConfig(
        embedding_dim=8, dropout=0.5, temperature=2.0, use_item_id=False, item_hidden_dims=(3, 4)
    )
    assert TwoTowerConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_unknown_model_and_a_config_of_another_model() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'two_tower'"):
        create_model("twotower", SCHEMA)
    with pytest.raises(ValueError, match="`config` must be a TwoTowerConfig"):
        TwoTower(SCHEMA, ModelConfig())


def test_a_config_survives_a_dict() -> None:
    config = TwoTowerConfig(item_hidden_dims=(3, 4), loss="full", user_dropout=0.25)
    assert TwoTowerConfig.from_dict(config.to_dict()) == config
    assert TwoTowerConfig.from_dict({"item_hidden_dims": [3, 4]}).item_hidden_dims == (3, 4)


def test_a_config_of_an_earlier_version_names_its_fields_otherwise() -> None:
    config = CNNRankerConfig(history_scope="others")
    old = config.to_dict()
    old["context"] = old.pop("history_scope")
    assert CNNRankerConfig.from_dict(old) == config
    with pytest.raises(UnknownNameError, match="hyper-parameter of TwoTowerConfig"):
        TwoTowerConfig.from_dict(old)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Schema(1, 6, 6), "`num_users` must be at least 2"),
        (lambda: Schema(3, 6, 2), "`num_trained_items` must be above 2"),
        (lambda: Schema(3, 6, 7), "at most `num_items`"),
        (lambda: Feature("history", "number", ()), "must be an identifier other than"),
        (lambda: Feature("a b", "number", ()), "must be an identifier"),
        (lambda: Feature("x", "numbr", ()), "Did you mean 'number'"),
        (lambda: Feature("x", "number", (), 4), "`vocabulary_size` belongs to"),
        (lambda: Feature("x", "text", (4,)), "`vocabulary_size` belongs to"),
        (lambda: Schema(3, 6, 6, item_features=(Feature("x", "number", ()),) * 2), "distinct names"),
    ],
)
def test_wrong_schemas(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schema_survives_a_dict() -> None:
    schema = Schema(3, 9, 6, (Feature("age", "number", ()),), (Feature("title", "text", (4,), 20),))
    assert Schema.from_dict(schema.to_dict()) == schema
