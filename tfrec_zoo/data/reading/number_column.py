"""Ratings, weights and times of any Arrow type to numbers; what cannot be read becomes NaN."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

_MAX_TEXTS = 50
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6))
"""Median below the first -> divide by the second; above all of them the times are nanoseconds."""

Floats = npt.NDArray[np.float64]


class NumberColumn:
    """Collects the batches of one numeric column.

    Args:
        name: our name of the column.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows = 0
        self._batches: list[Floats] = []
        self.bad_text: dict[int, str] = {}
        """Row to what stood there, for the first values that could not be read."""

    def add(self, values: pa.Array) -> None:
        """Take the next values: numbers, or text of numbers."""
        if pt.is_dictionary(values.type):
            values = values.dictionary_decode()
        numbers = self._parse(values)
        for row in np.flatnonzero(~np.isfinite(numbers))[: _MAX_TEXTS - len(self.bad_text)].tolist():
            self.bad_text[self._rows + row] = _shown(values[row].as_py())
        self._rows += len(numbers)
        self._batches.append(numbers)

    def finish(self) -> Floats:
        """All rows, float64 [n], NaN or infinite where a value could not be read."""
        batches, self._batches = self._batches, []
        return np.concatenate(batches) if batches else np.empty(0)

    def _parse(self, values: pa.Array) -> Floats:
        numbers = _plain_numbers(values)
        if numbers is None:
            numbers = np.array([_number(value) for value in values.to_pylist()], dtype=np.float64)
        numbers[np.abs(numbers) > np.finfo(np.float32).max] = np.nan  # kept as float32 later on
        return numbers


class TimeColumn(NumberColumn):
    """Collects the batches of a time column: numbers of any unit, ISO 8601 text, or Arrow's own times."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._in_seconds: list[npt.NDArray[np.bool_]] = []

    def finish(self) -> Floats:
        """Seconds since 1970-01-01 UTC, float64 [n]; the unit of numbers is guessed from their median."""
        times = super().finish()
        masks, self._in_seconds = self._in_seconds, []
        numeric = ~np.concatenate(masks) if masks else np.empty(0, bool)
        numeric &= np.isfinite(times)
        if numeric.any():
            median = np.median(np.abs(times[numeric]))
            divisor = next((divisor for limit, divisor in _UNITS if median < limit), 1e9)
            times[numeric] /= divisor
        return times

    def _parse(self, values: pa.Array) -> Floats:
        numbers: Floats | None = None
        in_seconds = bool(pt.is_timestamp(values.type) or pt.is_date(values.type))
        if in_seconds:
            numbers = _seconds(values)
        elif (numbers := _plain_numbers(values)) is None:
            numbers = _iso_seconds(values)
            in_seconds = True
        if numbers is not None:
            self._in_seconds.append(np.full(len(numbers), in_seconds))
            return numbers
        pairs = [_number_or_time(value) for value in values.to_pylist()]
        self._in_seconds.append(np.array([in_seconds for _, in_seconds in pairs], dtype=bool))
        return np.array([value for value, _ in pairs], dtype=np.float64)


def _plain_numbers(values: pa.Array) -> Floats | None:
    """Numbers, or text that is all numbers, as float64; None where it is not."""
    try:
        return _floats(values.cast(pa.float64(), safe=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _floats(values: pa.Array) -> Floats:
    # A copy, because Arrow's buffers cannot be written to.
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _seconds(times: pa.Array) -> Floats:
    """Arrow timestamps or dates (naive ones are UTC) to seconds."""
    microseconds = times.cast(pa.timestamp("us", getattr(times.type, "tz", None)), safe=False).cast(
        pa.int64()
    )
    return _floats(microseconds.cast(pa.float64(), safe=False)) / 1e6


def _iso_seconds(values: pa.Array) -> Floats | None:
    """Text that is all ISO 8601, all with a zone or all without, to seconds; None where it is not."""
    try:
        text = pc.replace_substring_regex(values.cast(pa.string()), pattern=" ?UTC$", replacement="Z")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    for zone in (None, "UTC"):
        try:
            return _seconds(text.cast(pa.timestamp("us", zone)))
        except pa.ArrowInvalid:
            continue
    return None


def _number_or_time(value: Any) -> tuple[float, bool]:
    number = _number(value)
    if np.isfinite(number):
        return number, False
    try:
        text = value.decode() if isinstance(value, bytes) else str(value)
        time = datetime.fromisoformat(text.strip().removesuffix("UTC").strip())
    except ValueError:
        return np.nan, False
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp(), True


def _number(value: Any) -> float:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    try:
        return np.nan if "_" in text else float(text)
    except ValueError:
        return np.nan


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
