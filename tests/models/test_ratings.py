"""Losses of ratings, and content models."""

from __future__ import annotations

import numpy as np
import pytest

from tests.encoded_examples import encoded_from_lists
from tests.tiers import slow_where
from tfrec_zoo.features import EncodedInteractions, EncodedSplit
from tfrec_zoo.models import create_model
from tfrec_zoo.schema import Feature, Schema
from tfrec_zoo.training import RunConfig, train

NUM_ITEMS = 22


def rated() -> EncodedInteractions:
    """Each user gives the even items one rating and the odd ones another, by the parity of the user."""
    users = [list(range(2, NUM_ITEMS)) for _ in range(12)]
    part = encoded_from_lists(users)
    parity = (part.item_index + part.row_of_position()) % 2
    return EncodedInteractions(
        part.user_index,
        part.row_splits,
        part.item_index,
        rating=np.where(parity, 5.0, 2.0).astype(np.float32),
    )


@pytest.mark.parametrize(
    "name",
    slow_where(lambda name: name == "attention_ranker", ["cnn_ranker", "two_tower", "attention_ranker"]),
)
@pytest.mark.parametrize("loss", ["rating", "like"])
def test_scores_become_ratings_or_the_odds_of_a_like(name: str, loss: str) -> None:
    part = rated()
    empty = encoded_from_lists([[] for _ in range(part.num_rows)])
    schema = Schema(num_users=20, num_items=NUM_ITEMS, num_trained_items=NUM_ITEMS)
    extra = {"use_user_id": True} if name == "cnn_ranker" else {}
    model = create_model(
        name, schema, loss=loss, embedding_dim=8, max_history_length=5, use_item_id=True, dropout=0.0, **extra
    )
    split = EncodedSplit("all", part, empty, empty, NUM_ITEMS)
    history = train(model, split, RunConfig(epochs=40, batch_size=64, learning_rate=0.01))
    if name == "attention_ranker":  # without a user's id, nothing tells the users apart
        assert history["loss"][-1] < history["loss"][0]
        return
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    inputs = {
        "history": part.history(np.arange(12), 5),
        "user_index": part.user_index,
        "candidates": np.tile(np.arange(2, NUM_ITEMS, dtype=np.int32), (12, 1)),
    }
    scores = model(inputs)["scores"].numpy()
    wanted = part.rating.reshape(12, -1)
    if loss == "rating":
        assert np.abs(scores - wanted).mean() < 1
    else:
        assert ((scores > 0) == (wanted > 4)).mean() > 0.9


def test_ratings_are_asked_for() -> None:
    part = encoded_from_lists([[2, 3, 4]])
    schema = Schema(num_users=5, num_items=6, num_trained_items=6)
    model = create_model("two_tower", schema, loss="rating")
    with pytest.raises(ValueError, match="needs a rating for each interaction"):
        train(model, EncodedSplit("all", part, part, part, 6))


def test_a_content_model_ranks_items_that_nobody_has_touched() -> None:
    """Two genres; the cold items of the user's genre come first."""
    genres = np.array([[0]] * 2 + [[2 + item % 2] for item in range(2, 30)], np.int32)
    schema = Schema(
        num_users=60,
        num_items=30,
        num_trained_items=20,
        item_features=(Feature("genre", "category", (1,), 4),),
    )
    rng = np.random.default_rng(0)
    users = [(2 + user % 2 + 2 * rng.permutation(9)[:6]).tolist() for user in range(50)]
    part, empty = encoded_from_lists(users), encoded_from_lists([[] for _ in users])
    model = create_model("cnn_ranker", schema, embedding_dim=8, max_history_length=4, loss="full")
    model.set_content({"genre": genres})
    train(model, EncodedSplit("all", part, empty, empty, 30), RunConfig(epochs=15, batch_size=64))
    scores = model.catalogue_scorer()(
        {"history": part.history(np.arange(2), 4), "user_index": part.user_index[:2]}
    )
    for row in range(2):
        order = 20 + np.argsort(-scores[row, 20:])
        assert (order[:5] % 2 == row).all()
