"""Requests as named arrays, as every engine takes them. Needs numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import DataError, UnknownNameError, require
from tfrec_zoo.bundle import SHARED_INPUTS
from tfrec_zoo.recommendation import check_times, history_strings, id_string, id_strings

Array = npt.NDArray[Any]
History = Sequence[str | int]

LIMITS = ("exclude", "allow", "exclude_seen")
_COMMON_INPUTS = frozenset({"history", "history_time", "user_id", "k", *LIMITS})


class Requests:
    """Turns people and limits into the inputs of an export's signatures.

    Args:
        inputs: of the signature `recommend`, name -> {"dtype", "shape"}.
    """

    def __init__(self, inputs: Mapping[str, Mapping[str, Any]]) -> None:
        self._takes_limits = all(name in inputs for name in LIMITS)
        self._reads_times = "history_time" in inputs
        self._profile = {name: spec for name, spec in inputs.items() if name not in _COMMON_INPUTS}

    def people(
        self,
        histories: Sequence[History],
        user_ids: Sequence[str | int | None] | None,
        profiles: Sequence[Mapping[str, Any]] | None,
        history_times: Sequence[Sequence[int]] | None,
    ) -> dict[str, Array]:
        """`history`, `user_id`, profile features and `history_time` of B people.

        Raises:
            ValueError: arguments of different lengths, or times that are missing or not read.
            TypeError: ids that are neither strings nor whole numbers.
            UnknownNameError: a profile feature that the model does not have.
        """
        users = [None] * len(histories) if user_ids is None else list(user_ids)
        given = [{}] * len(histories) if profiles is None else list(profiles)
        require(
            len(users) == len(given) == len(histories),
            "`histories`, `user_ids` and `profiles` must have the same length.",
            (len(histories), len(users), len(given)),
        )
        names = ["" if user is None else id_string(user, "user_id") for user in users]
        return {
            "history": padded([history_strings(history) for history in histories]),
            "user_id": np.array(names, dtype=object),
            **self._profiles(given),
            **self._times(histories, history_times),
        }

    def limits(
        self, size: int, exclude: Sequence[History] | None, allow: History, exclude_seen: bool
    ) -> dict[str, Array]:
        """`exclude`, `allow` and `exclude_seen`.

        Raises:
            ValueError: another number of lists than of people.
            TypeError: ids that are neither strings nor whole numbers.
            DataError: limits for an export that takes none.
        """
        rows = [()] * size if exclude is None else list(exclude)
        require(len(rows) == size, "`exclude` must have one list per history.", len(rows))
        excluded = [id_strings(row, "exclude") for row in rows]
        allowed = id_strings(allow, "allow")
        if not self._takes_limits:
            if any(excluded) or allowed or not exclude_seen:
                raise DataError(
                    f"An export must take {LIMITS} for this. Received: one of an earlier tfrec_zoo. Export "
                    "the model again."
                )
            return {}
        return {
            "exclude": padded(excluded),
            "allow": np.array(allowed, dtype=object),
            "exclude_seen": np.array(bool(exclude_seen)),
        }

    def _times(self, histories: Sequence[History], times: Sequence[Sequence[int]] | None) -> dict[str, Array]:
        check_times([len(row) for row in histories], times, self._reads_times)
        if times is None:
            return {}
        table = np.zeros((len(times), max([1, *map(len, times)])), np.int64)
        for row, values in enumerate(times):
            table[row, : len(values)] = values
        return {"history_time": table}

    def _profiles(self, profiles: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
        for profile in profiles:
            for name in profile:
                if name not in self._profile:
                    raise UnknownNameError("profile feature", name, self._profile)
        return {
            name: _column(name, [profile.get(name) for profile in profiles], spec)
            for name, spec in self._profile.items()
        }


def padded(rows: Sequence[Sequence[str]]) -> Array:
    """Strings [B, T], one column at the least, padded with "" at the right."""
    table = np.full((len(rows), max([1, *map(len, rows)])), "", dtype=object)
    for row, values in enumerate(rows):
        table[row, : len(values)] = values
    return table


def asks_nobody(inputs: Mapping[str, Array]) -> bool:
    """Whether a request has no person, or no item, in it: no engine need be asked then."""
    return any(len(values) == 0 for name, values in inputs.items() if name not in SHARED_INPUTS)


def answer_to_nobody(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Array]:
    """The answer to such a request.

    Args:
        outputs: of the signature, name -> {"dtype", "shape"}.
    """
    return {
        name: np.zeros((0, 0), object if output["dtype"] == "string" else output["dtype"])
        for name, output in outputs.items()
    }


def _column(name: str, values: Sequence[Any], spec: Mapping[str, Any]) -> Array:
    """Values of B people as the signature takes them; None is unknown: NaN, 0 among whole numbers, or ""."""
    shape = spec["shape"][1:]
    if spec["dtype"] == "string":
        if shape:
            return padded([_categories(value) for value in values])
        texts = ["" if value is None else str(value) for value in values]
        return np.array(texts, dtype=object)
    dtype = np.dtype(spec["dtype"])
    table = np.full((len(values), *shape), np.nan if dtype.kind == "f" else 0, dtype)
    for row, value in enumerate(values):
        if value is None:
            continue
        try:
            array = np.asarray(value, dtype=dtype)
        except (TypeError, ValueError):
            array = None
        if array is None or array.shape != tuple(shape):
            size = "a number" if not shape else f"{' x '.join(map(str, shape))} numbers"
            raise DataError(f"Profile feature {name!r} must be {size}, or None. Received: {value!r}")
        table[row] = array
    return table


def _categories(value: Any) -> list[str]:
    """A category, several, or None for unknown, as strings."""
    if value is None:
        return []
    return [str(part) for part in (value if isinstance(value, list | tuple) else (value,))]
