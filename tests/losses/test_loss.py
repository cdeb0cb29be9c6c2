"""Losses as objects: what each states, and one from outside the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.losses import LOSSES, Batch, CandidateLoss, Compared, Loss, TrainingRows
from tfrec_zoo.models import TwoTowerConfig, create_model
from tfrec_zoo.training import RunConfig, train, training_dataset

SPLIT = leave_last_out(synthetic(num_users=40, num_items=30, num_interactions=600, seed=3).interactions)
FEATURES = FeatureSpace.fit(SPLIT.train)
ENCODED = FEATURES.transform(SPLIT)


class Margin(keras.layers.Layer):
    """A learned margin."""

    def build(self, input_shape: Any = None) -> None:
        self.value = self.add_weight(name="value", shape=(), initializer="ones")
        self.built = True


@dataclass(frozen=True)
class HingeLoss(CandidateLoss):
    """The row's item should beat the batch's others by a margin, which is learned."""

    name: ClassVar[str] = "hinge"
    couples_rows: ClassVar[bool] = True
    scale: float = 1.0

    def state(self, schema: Any) -> Margin:
        return Margin(name="margin")

    def candidates(self, model: Any, inputs: Mapping[str, Any], rows: TrainingRows) -> Any:
        return tf.unique(rows.targets)[0]

    def compare(self, compared: Compared, batch: Batch) -> Any:
        margin = self.scale * batch.model.loss_state.value
        gaps = tf.nn.relu(margin + compared.logits - compared.target_logit[:, None])
        return tf.reduce_sum(tf.where(compared.negative, gaps, 0.0), axis=1)


@pytest.fixture
def hinge() -> Iterator[None]:
    LOSSES.register("hinge", HingeLoss)
    yield
    LOSSES.unregister("hinge")


def test_what_each_states() -> None:
    config = TwoTowerConfig(num_negatives=5)
    found = {name: loss.of(config, {}) for name, loss in LOSSES.items()}
    assert all(loss.name == name for name, loss in found.items())
    assert {name for name, loss in found.items() if loss.couples_rows} == {"in_batch"}
    assert {name for name, loss in found.items() if loss.needs_rating} == {"rating", "like"}
    assert {name for name, loss in found.items() if loss.needs_negatives} == {
        "in_batch",
        "sampled",
        "gbce",
        "bpr",
    }
    assert {name for name, loss in found.items() if loss.needs_positives} == {
        "in_batch",
        "sampled",
        "gbce",
        "bpr",
    }
    assert {name for name, loss in found.items() if loss.is_static} == {"full"}


@pytest.mark.parametrize("name", [name for name in LOSSES if not LOSSES[name].needs_rating])
def test_a_loss_couples_the_rows_of_a_batch_only_where_it_says_so(name: str) -> None:
    """The loss of a row stays when another row's query and item are other ones."""
    settings = {"loss": name, "num_negatives": 6, "log_q": "none", "remove_accidental_hits": False}
    model = create_model("two_tower", FEATURES.schema, embedding_dim=6, use_user_id=False, **settings)
    inputs = {
        "negatives": tf.constant([20, 21, 22, 23, 24, 25]),
        "negatives_log_q": tf.zeros(6),
    }
    loss: Loss = model.training_loss

    def of_first(other_item: int) -> float:
        history = tf.constant([[3, 4], [5, other_item]])
        encoded = model.encode({"history": history, "user_index": tf.constant([1, 1])})
        targets = tf.constant([9, other_item])
        rows = TrainingRows(encoded, targets, targets_log_q=tf.zeros(2))
        return float(loss.losses(model, inputs, rows, training=False)[0])

    assert (abs(of_first(12) - of_first(15)) > 1e-5) is loss.couples_rows


def test_one_from_outside_trains_saves_and_loads(hinge: None, tmp_path: Any) -> None:
    settings = {"loss": "hinge", "loss_settings": {"scale": 0.5}}
    model = create_model("gru_ranker", FEATURES.schema, embedding_dim=8, max_history_length=6, **settings)
    assert model.training_loss == HingeLoss(scale=0.5)
    assert float(model.loss_state.value) == 1.0
    history = train(model, ENCODED, RunConfig(epochs=3, batch_size=16))["loss"]
    assert history[-1] < history[0]
    assert float(model.loss_state.value) < 1.0
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.config == model.config
    assert float(again.loss_state.value) == float(model.loss_state.value)


def test_a_loss_of_pairs_against_numpy(hinge: None) -> None:
    model = create_model("two_tower", FEATURES.schema, embedding_dim=4, loss="hinge")
    batch = next(iter(training_dataset(model, ENCODED.train, RunConfig(batch_size=8))))
    inputs, targets = batch[0], batch[1].numpy()
    encoded = model(inputs)
    vectors = model.item_vectors()
    scores = encoded["query"].numpy() @ vectors.T
    expected = []
    for row, target in enumerate(targets):
        known = set(inputs["positives"].numpy()[row]) | {target}
        others = {item for item in targets if item not in known}
        expected.append(sum(max(0.0, 1 + scores[row, item] - scores[row, target]) for item in others))
    found = model.compute_loss(inputs, batch[1], encoded, training=False)
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-4)


def test_wrong_settings_are_refused(hinge: None) -> None:
    for settings, message in (
        ({"loss": "hinge", "loss_settings": {"scal": 2.0}}, "Did you mean 'scale'"),
        ({"loss": "hinge", "loss_settings": {"scale": "2"}}, "`scale` must be a value of type float"),
        ({"loss": "full", "loss_settings": {"scale": 2.0}}, "Unknown setting of the loss 'full'"),
        ({"loss": "hing"}, "Did you mean 'hinge'"),
        ({"loss": "gbce", "num_negatives": 2, "loss_settings": {"num_negatives": 3}}, "set it there"),
    ):
        with pytest.raises(ValueError, match=message):
            create_model("two_tower", FEATURES.schema, **settings)
