"""Places: against the haversine formula, in one city, around the world and across the date line."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.tables import Items
from tfrec_zoo.kinds.location import Location


def chords(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Straight-line distances on the unit sphere, by the haversine formula in double precision."""
    one, two = np.radians(places), np.radians(others)
    north, east = ((two - one) / 2).T
    return 2 * np.sqrt(np.sin(north) ** 2 + np.cos(one[:, 0]) * np.cos(two[:, 0]) * np.sin(east) ** 2)


def around(centre: tuple[float, float], spread: float, n: int = 300) -> np.ndarray:
    places = centre + spread * np.random.default_rng(0).normal(size=(n, 2))
    places[:, 1] = (places[:, 1] + 180) % 360 - 180
    return places.astype(np.float32).astype(np.float64)


WORLD = (
    np.degrees(
        [
            np.arcsin(np.random.default_rng(1).uniform(-1, 1, 300)),
            np.random.default_rng(2).uniform(-np.pi, np.pi, 300),
        ]
    )
    .T.astype(np.float32)
    .astype(np.float64)
)


@pytest.mark.parametrize(
    "places",
    [around((48.14, 11.58), 0.05), around((-17.8, 179.95), 0.3), around((-89.0, 0.0), 0.2), WORLD],
    ids=["city", "date line", "pole", "world"],
)
def test_distances_are_kept(places: np.ndarray) -> None:
    places = places[np.abs(places[:, 0]) <= 90]
    kind = Location.fit(places)
    encoded = kind(places)
    np.testing.assert_array_equal(encoded[:, 3], 1)
    np.testing.assert_allclose(encoded[:, :3].mean(axis=0), 0, atol=1e-4)
    assert np.sqrt((encoded[:, :3] ** 2).sum(axis=1).mean()) == pytest.approx(1, abs=1e-4)
    graph = np.asarray(kind.encode(tf.constant(places, tf.float32), None))
    for found in (encoded, graph):
        distances = np.linalg.norm(found[1:, :3] - found[:-1, :3], axis=1) * kind.spread
        np.testing.assert_allclose(distances, chords(places[1:], places[:-1]), atol=3e-6 * kind.spread)


def test_east_is_right_and_north_is_up() -> None:
    kind = Location.fit(np.array([[40.0, 180.0], [40.0, 179.0], [40.0, -179.0]]))
    east, north, _, _ = kind(np.array([[40.0, -179.5], [41.0, 180.0]])).T
    assert east[0] > 0.1
    assert abs(east[1]) < 1e-5
    assert north[1] > 0.1


def test_unknown_places_are_zero_in_a_request_too() -> None:
    kind = Location.fit(np.array([[48.1, 11.5], [np.nan, np.nan], [48.3, 11.4]]))
    raw = np.array([[np.nan, np.nan], [48.1, np.nan], [91, 0], [0, 181], [np.inf, 0]], np.float32)
    np.testing.assert_array_equal(kind(raw), 0)
    np.testing.assert_array_equal(kind.encode(tf.constant(raw), None), 0)
    far = kind(np.array([[-48.0, -168.0]]))
    assert np.abs(far).max() == 8
    for none in (np.empty((0, 2)), np.full((2, 2), np.nan), np.array([[1.0, 2.0]])):
        assert Location.fit(none).spread == 1


@pytest.mark.parametrize(
    ("second", "received"),
    [
        ((95.2, 11.0), r"\(95\.2, 11\.0\) for 'b'"),
        ((11.0, 200.0), r"\(11\.0, 200\.0\) for 'b'"),
        ((11.0, None), r"\(11\.0, nan\) for 'b'"),
        (("north", 3), r"\('north', 3\) for 'b'"),
        ((1.0,), r"\(1\.0,\) for 'b'"),
        ((1.0, 2.0, 3.0), r"\(1\.0, 2\.0, 3\.0\) for 'b'"),
        (7.0, "7.0 for 'b'"),
    ],
)
def test_what_is_no_place_is_named(second: object, received: str) -> None:
    with pytest.raises(DataError, match=f"latitudes from -90 to 90.* Received: {received}"):
        Items(["a", "b"], location=[(48.0, 11.0), second], kinds={"location": "location"})
