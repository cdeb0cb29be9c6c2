"""Places on the Earth: latitude and longitude."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.feature_kind import Array, FeatureKind, RawSpec, is_unknown
from tfrec_zoo.schema import Feature

_NAMES = ("location", "latlon", "lat_lon", "latlng", "lat_lng", "coordinates")
_LIMITS = (90.0, 180.0)
_FARTHEST = 8.0
_EXACT = 1e-6


@dataclass(frozen=True)
class Location(FeatureKind):
    """A point of the unit sphere less the mean of the training points, over their spread, and a 1.

    A pair of degrees (latitude, longitude) becomes float32 [4]. Its axes point from the centre of the
    training points to the east, to the north and up, so that the places of one city lie in a plane, with a
    precision of metres, and those on both sides of the date line beside each other. What is farther than
    eight spreads along an axis is as far as eight. An unknown place is all zeros.
    """

    name: ClassVar[str] = "location"
    dtype: ClassVar[str] = "float32"

    centre: tuple[float, float]
    """Latitude and longitude, in degrees, of the direction of the mean."""
    mean: tuple[float, float, float]
    """Of the training points, to the east, to the north and up from the centre."""
    spread: float
    """Root of the mean squared distance of the training points from their mean, in radii of the Earth."""

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        if column not in _NAMES:
            return False
        if values.dtype.kind in "iuf":
            return values.ndim == 2 and values.shape[1] == 2
        return values.dtype.kind == "O" and all(value is None or _is_pair(value) for value in values)

    @classmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        """Latitudes and longitudes, float64 [n, 2], both NaN where unknown."""
        result = np.full((len(values), 2), np.nan)
        for place, value in enumerate(values):
            try:
                if value is not None and not np.isscalar(value):
                    latitude, longitude = (np.nan if is_unknown(part) else float(part) for part in value)
                    result[place] = latitude, longitude
                elif not is_unknown(value):
                    raise ValueError
            except (TypeError, ValueError):
                _refuse(column, value, ids[place])
        half_known = np.isnan(result).sum(axis=1) == 1
        outside = (np.abs(result) > _LIMITS).any(axis=1)
        if (bad := np.flatnonzero(half_known | outside)).size:
            _refuse(column, tuple(map(float, result[bad[0]])), ids[bad[0]])
        return result

    @classmethod
    def fit(cls, values: Array) -> Self:
        known = np.asarray(values, dtype=np.float32).astype(np.float64)
        known = known[np.isfinite(known).all(axis=1)]
        latitude, longitude = np.radians(known).T
        points = np.stack(
            [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
        )
        x, y, z = points.mean(axis=1) if len(known) else np.zeros(3)
        # Nowhere, where the points are all around the Earth: any centre is as good.
        nowhere = np.hypot(np.hypot(x, y), z) < _EXACT
        centre = (0.0, 0.0) if nowhere else np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])
        # A graph holds them as float32, in which nearby degrees differ without an error.
        north, east = (float(np.float32(degrees)) for degrees in centre)
        if not len(known):
            return cls((north, east), (0.0, 0.0, 0.0), 1.0)
        local = np.stack(_from_centre(np, known[:, 0], known[:, 1], (north, east)), axis=1)
        to_east, to_north, up = (float(mean) for mean in local.mean(axis=0))
        spread = float(np.sqrt(local.var(axis=0).sum()))
        return cls((north, east), (to_east, to_north, up), spread if spread > _EXACT else 1.0)

    @classmethod
    def load(cls, folder: Path, name: str, saved: Mapping[str, Any]) -> Self:
        return cls(tuple(saved["centre"]), tuple(saved["mean"]), saved["spread"])

    @classmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        from tfrec_zoo.layers.location_encoder import LocationEncoder

        return LocationEncoder(embedding_dim, name=feature.name)

    def feature(self, name: str) -> Feature:
        return Feature(name, self.name, (4,))

    def __call__(self, values: Array) -> Array:
        degrees = np.asarray(values, dtype=np.float32).astype(np.float64)
        with np.errstate(invalid="ignore"):
            return np.asarray(self._encoded(np, degrees), dtype=np.float32)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return {"centre": list(self.centre), "mean": list(self.mean), "spread": self.spread}

    def raw_spec(self) -> RawSpec:
        return RawSpec("float32", (2,))

    def encode(self, raw: Any, table: Any) -> Any:
        import tensorflow as tf

        return self._encoded(tf, raw)

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        degrees = np.degrees(self.spread) * generator.normal(size=(n, 2)) + self.centre
        degrees[:, 0] = np.clip(degrees[:, 0], -90, 90)
        degrees[:, 1] = (degrees[:, 1] + 180) % 360 - 180
        return np.where(generator.random((n, 1)) < 0.1, np.nan, degrees).astype(np.float32)

    def _encoded(self, ops: Any, degrees: Any) -> Any:
        """[n, 2] to [n, 4] in numpy or TensorFlow, whose names are the same; no place on the Earth is 0."""
        latitude, longitude = degrees[:, 0], degrees[:, 1]
        known = (ops.abs(latitude) <= _LIMITS[0]) & (ops.abs(longitude) <= _LIMITS[1])
        parts = [
            ops.maximum(ops.minimum((part - mean) / self.spread, _FARTHEST), -_FARTHEST)
            for part, mean in zip(_from_centre(ops, latitude, longitude, self.centre), self.mean, strict=True)
        ]
        encoded = ops.stack([*parts, ops.ones_like(parts[0])], axis=1)
        return ops.where(known[:, None], encoded, ops.zeros_like(encoded))


def _from_centre(
    ops: Any, latitude: Any, longitude: Any, centre: tuple[float, float]
) -> tuple[Any, Any, Any]:
    """Chords of the unit sphere from the centre, [n] each: to the east, to the north, up.

    By differences of the degrees and squares of half-angle sines, so that nearby places keep their digits.
    """
    radians = np.pi / 180
    own, other = radians * centre[0], radians * latitude
    northward = radians * (latitude - centre[0])
    turns = ops.round((longitude - centre[1]) / 360.0)
    # In this order, for the difference of nearby degrees is exact, across the date line too.
    eastward = radians * ((longitude - 360.0 * turns) - centre[1])
    half_east, half_north = ops.sin(eastward / 2), ops.sin(northward / 2)
    east = ops.cos(other) * ops.sin(eastward)
    north = ops.sin(northward) + 2 * float(np.sin(own)) * ops.cos(other) * half_east * half_east
    up = -2 * (half_north * half_north + float(np.cos(own)) * ops.cos(other) * half_east * half_east)
    return east, north, up


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple | list | np.ndarray) and len(value) == 2


def _refuse(column: str, value: Any, row_id: str) -> None:
    raise DataError(
        f"`{column}` must hold latitudes from -90 to 90 and longitudes from -180 to 180, in degrees, or "
        f"nothing for both where a place is unknown. Received: {value!r} for {row_id!r}. Check which column "
        "is which, and mend that row."
    )
