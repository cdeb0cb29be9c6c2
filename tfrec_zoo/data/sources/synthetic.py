"""A made-up data set with planted structure, for tests and for a machine without a network."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfrec_zoo._errors import require
from tfrec_zoo.data.tables import Dataset, Interactions, Items, Users

_Array = npt.NDArray[Any]

_SUCCESSOR_SHARE = 0.4
_MIN_HISTORY = 3
_MAX_TOPICS = 500
_WORDS_PER_TOPIC = 6
_VECTOR_DIM = 16
_NUM_SHELVES = 5
_SAMPLE_RATE = 8000
_NUM_SAMPLES = 2000
_IMAGE_SIZE = 16
_START = 1_500_000_000
_MEAN_PAUSE = 6 * 3600
_MAX_SEEN_BYTES = 200_000_000


def synthetic(
    num_users: int = 500,
    num_items: int = 200,
    num_interactions: int = 20_000,
    *,
    num_topics: int = 8,
    popularity_skew: float = 1.0,
    drift: float = 0.1,
    images: bool = False,
    audio: bool = False,
    seed: int = 0,
) -> Dataset:
    """Draw users who walk through topics.

    Each item belongs to one topic and has one successor there. A user dwells on a topic, moves with
    probability `drift` to another of their own liking, and takes next, four times in ten, the successor of
    the last item, else one of the topic's items by popularity; never an item twice. So the recent history
    tells more of the next item than popularity does, its order more than the bag of items, and what describes
    an item (category, title, vector, picture, tone) tells its topic, even of one that nobody has touched.

    Args:
        num_users: number of users.
        num_items: number of items.
        num_interactions: number of rows, at least three per user.
        num_topics: number of topics.
        popularity_skew: exponent of Zipf's law; 0 makes all items of a topic alike.
        drift: probability that a user leaves the topic at a step.
        images: whether items have pictures, uint8 [num_items, 16, 16, 3], whose colour and stripes show the
            topic.
        audio: whether items have tones, int16 [num_items, 2000] at 8 kHz, whose pitch shows the topic.
        seed: the same arguments give the same data set.

    Returns:
        The data set, rows in the order of time; users have a category (`group`) that goes with their
        favourite topic and a number (`age`) that leans on it.

    Raises:
        ValueError: sizes that cannot be met.
    """
    require(1 <= num_topics <= _MAX_TOPICS, f"`num_topics` must be from 1 to {_MAX_TOPICS}.", num_topics)
    require(num_items >= 2 * num_topics, "`num_items` must be at least twice `num_topics`.", num_items)
    require(num_users >= 1, "`num_users` must be at least 1.", num_users)
    least, most = _MIN_HISTORY * num_users, num_users * (num_items // 2)
    require(
        least <= num_interactions <= most,
        f"`num_interactions` must be from 3 per user to half the items per user ({least} to {most}).",
        num_interactions,
    )
    require(popularity_skew >= 0, "`popularity_skew` must be at least 0.", popularity_skew)
    require(0 <= drift <= 1, "`drift` must be between 0 and 1.", drift)
    rng = np.random.default_rng(seed)
    world = _World.draw(rng, num_items, num_topics, popularity_skew)
    tastes = rng.dirichlet(np.full(num_topics, 0.3), num_users)
    lengths = _history_lengths(rng, num_users, num_interactions, num_items // 2)
    walked = _walk(rng, world, tastes, lengths, drift)
    return Dataset(
        name="synthetic",
        interactions=_interactions(rng, world, tastes, lengths, walked),
        items=_describe_items(rng, world, images, audio),
        users=_describe_users(rng, tastes),
        licence="CC0-1.0",
        citation="Drawn by tfrec_zoo.data.sources.synthetic; no real user or item.",
        source=f"drawn with seed {seed}",
    )


@dataclass(frozen=True)
class _World:
    """Items laid out on a ring, topic by topic; the next on the ring is the successor."""

    topic: _Array
    """Topic of each item, [num_items]."""
    ring: _Array
    """Items in the order of the ring, [num_items]."""
    cumulative: _Array
    """Sum of the popularity before each place on the ring, and in the end of all, [num_items + 1]."""
    first: _Array
    """Where each topic starts on the ring, and the end, [num_topics + 1]."""

    @classmethod
    def draw(cls, rng: np.random.Generator, num_items: int, num_topics: int, skew: float) -> _World:
        topic = rng.permutation(np.arange(num_items) % num_topics)
        ring = np.argsort(topic, kind="stable")
        popularity = (1.0 + rng.permutation(num_items)) ** -skew
        return cls(
            topic=topic,
            ring=ring,
            cumulative=np.concatenate([[0.0], np.cumsum(popularity)]),
            first=np.searchsorted(topic[ring], np.arange(num_topics + 1)),
        )


def _history_lengths(rng: np.random.Generator, num_users: int, total: int, most: int) -> _Array:
    """Long-tailed numbers of rows per user, from `_MIN_HISTORY` to `most`, with the given sum."""
    lengths = np.full(num_users, min(_MIN_HISTORY, most))
    weights = rng.lognormal(0.0, 0.7, num_users)
    while (left := total - int(lengths.sum())) > 0:
        room = weights * (lengths < most)
        lengths = np.minimum(lengths + rng.multinomial(left, room / room.sum()), most)
    return lengths


def _walk(rng: np.random.Generator, world: _World, tastes: _Array, lengths: _Array, drift: float) -> _Array:
    """Items user by user, oldest first, int32 [lengths.sum()]; users in blocks, so memory stays bounded."""
    num_items = len(world.topic)
    block = max(1, _MAX_SEEN_BYTES // num_items)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    result = np.empty(offsets[-1], np.int32)
    liking = np.cumsum(tastes, axis=1)
    for start in range(0, len(lengths), block):
        # The longest first: those who are still walking are then always the first of the block.
        users = start + np.argsort(-lengths[start : start + block], kind="stable")
        active = np.searchsorted(-lengths[users], -np.arange(lengths[users[0]]))
        seen = np.zeros((len(users), num_items), bool)
        place = np.zeros(len(users), np.int64)
        for step, size in enumerate(active):
            leaves = rng.random(size) < (drift if step else 1.0)
            place = _next_place(rng, world, liking[users[:size]], place[:size], leaves)
            rows = np.arange(size)
            while (again := np.flatnonzero(seen[rows, place])).size:
                place[again] = (place[again] + 1) % num_items
            seen[rows, place] = True
            result[offsets[users[:size]] + step] = world.ring[place]
    return result


def _next_place(
    rng: np.random.Generator, world: _World, liking: _Array, place: _Array, leaves: _Array
) -> _Array:
    """The places on the ring that come next, [users]; `leaves` marks who goes to another topic."""
    size = len(place)
    liked = (rng.random(size)[:, None] > liking).sum(axis=1).clip(max=liking.shape[1] - 1)
    topic = np.where(leaves, liked, world.topic[world.ring[place]])
    start, end = world.first[topic], world.first[topic + 1]
    low, high = world.cumulative[start], world.cumulative[end]
    drawn = np.searchsorted(world.cumulative, low + rng.random(size) * (high - low), side="right") - 1
    follows = ~leaves & (rng.random(size) < _SUCCESSOR_SHARE)
    successor = np.where(place + 1 < end, place + 1, start)
    return np.where(follows, successor, drawn.clip(start, end - 1))


def _interactions(
    rng: np.random.Generator, world: _World, tastes: _Array, lengths: _Array, items: _Array
) -> Interactions:
    users = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    pauses = 1 + rng.exponential(_MEAN_PAUSE, len(users)).astype(np.int64)
    elapsed = np.cumsum(pauses)
    first_row = np.cumsum(lengths) - lengths
    times = _START + rng.integers(0, 365 * 86_400, len(lengths))[users] + elapsed - elapsed[first_row][users]
    liking = tastes[users, world.topic[items]]
    ratings = np.clip(np.rint(2.5 + 2.0 * liking + rng.normal(0, 0.8, len(users))), 1, 5)
    order = np.argsort(times, kind="stable")
    return Interactions(
        _ids("u", users[order], len(lengths)),
        _ids("i", items[order], len(world.topic)),
        times[order].astype(np.float64),
        ratings[order].astype(np.float32),
    )


def _names(prefix: str, size: int) -> _Array:
    return np.array([f"{prefix}{n}" for n in range(size)], dtype=object)


def _ids(prefix: str, codes: _Array, size: int) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=pd.Index(_names(prefix, size), dtype=object))


def _describe_users(rng: np.random.Generator, tastes: _Array) -> Users:
    num_users, num_topics = tastes.shape
    favourite = tastes.argmax(axis=1)
    faithful = rng.random(num_users) < 0.8
    group = np.where(faithful, favourite, rng.integers(0, num_topics, num_users))
    age = np.clip(np.rint(25 + 30 * favourite / num_topics + rng.normal(0, 6, num_users)), 14, 90)
    return Users(
        _names("u", num_users),
        {"group": np.array([f"group_{n}" for n in group], dtype=object), "age": age.astype(np.float32)},
    )


def _describe_items(rng: np.random.Generator, world: _World, images: bool, audio: bool) -> Items:
    topic, num_topics = world.topic, len(world.first) - 1
    shelf = rng.integers(0, _NUM_SHELVES, len(topic))
    centres = rng.normal(0, 1, (num_topics, _VECTOR_DIM))
    return Items(
        item_id=_names("i", len(topic)),
        title=_titles(rng, topic, num_topics),
        categories=np.fromiter(
            ((f"topic_{t}", f"shelf_{s}") for t, s in zip(topic, shelf, strict=True)), dtype=object
        ),
        image=_pictures(rng, topic, num_topics) if images else None,
        audio=_tones(rng, topic, num_topics) if audio else None,
        vectors=centres[topic] + rng.normal(0, 0.5, (len(topic), _VECTOR_DIM)),
    )


def _titles(rng: np.random.Generator, topic: _Array, num_topics: int) -> _Array:
    """Three words of the topic's six; no word belongs to two topics."""
    syllables = ["".join(pair) for pair in product("bdfgklmnprstvz", "aeiou")]
    words = np.array([a + b for a, b in product(syllables, syllables)], dtype=object)
    of_topic = rng.choice(words, (num_topics, _WORDS_PER_TOPIC), replace=False)
    picked = of_topic[topic[:, None], rng.integers(0, _WORDS_PER_TOPIC, (len(topic), 3))]
    return np.array([" ".join(row).capitalize() for row in picked], dtype=object)


def _pictures(rng: np.random.Generator, topic: _Array, num_topics: int) -> _Array:
    """Stripes whose colour and slant are the topic's, whose shift and noise are the item's."""
    angle = np.pi * topic / num_topics
    colour = 0.5 + 0.4 * np.cos(2 * angle[:, None] + 2 * np.pi * np.arange(3) / 3)
    y, x = np.mgrid[:_IMAGE_SIZE, :_IMAGE_SIZE]
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y
    stripes = 0.75 + 0.25 * np.sin(1.2 * along + rng.uniform(0, 2 * np.pi, len(topic))[:, None, None])
    noise = rng.normal(0, 0.05, (len(topic), _IMAGE_SIZE, _IMAGE_SIZE, 3))
    light = colour[:, None, None, :] * stripes[..., None] + noise
    return np.asarray(np.clip(255 * light, 0, 255), np.uint8)


def _tones(rng: np.random.Generator, topic: _Array, num_topics: int) -> _Array:
    """A sine from 200 to 1,600 Hz whose pitch is the topic's, whose phase and noise are the item's."""
    pitch = 200.0 * 8.0 ** (topic / num_topics)
    phase = rng.uniform(0, 2 * np.pi, len(topic))
    wave = np.sin(2 * np.pi * pitch[:, None] * np.arange(_NUM_SAMPLES) / _SAMPLE_RATE + phase[:, None])
    noise = rng.normal(0, 1_500, wave.shape)
    return np.asarray(np.clip(12_000 * wave + noise, -32_768, 32_767), np.int16)
