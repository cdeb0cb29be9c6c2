"""One recommended item, and the ids of a request, as every interface of the package has them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tfrec_zoo._errors import require


class Recommendation(NamedTuple):
    """One recommended item.

    Example:
        >>> item_id, score = Recommendation("cup", 1.5)
        >>> item_id
        'cup'
    """

    item_id: str
    """Raw id."""
    score: float
    """The model's score, a logit."""


def id_string(value: Any, argument: str) -> str:
    """A raw id as its string.

    Args:
        value: a string or a whole number.
        argument: name for the error message.

    Raises:
        TypeError: anything else: a number with a fraction, bytes, a list, a truth value.
    """
    if isinstance(value, str):
        return value
    try:
        if type(value).__name__ in ("bool", "bool_"):
            raise TypeError
        return str(operator.index(value))
    except TypeError:
        raise TypeError(f"`{argument}` must hold strings or whole numbers. Received: {value!r}") from None


def history_strings(history: Any) -> list[str]:
    """A history as strings.

    Raises:
        TypeError: not a sequence of strings or whole numbers.
    """
    if isinstance(history, str | bytes) or not isinstance(history, Iterable):
        raise TypeError(f"A history must be a sequence of item ids. Received: {history!r}")
    return [id_string(item, "history") for item in history]


def id_strings(values: Any, argument: str) -> list[str]:
    """Raw ids as strings.

    Args:
        values: a sequence of strings or whole numbers; a bare string would be taken letter by letter.
        argument: name for the error message.

    Raises:
        TypeError: anything else.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(f"`{argument}` must be a sequence of ids. Received: {values!r}. Give [{values!r}].")
    return [id_string(value, argument) for value in values]


def check_times(lengths: Sequence[int], times: Sequence[Sequence[int]] | None, reads_times: bool) -> None:
    """Refuse times that do not go with the histories and the model.

    Args:
        lengths: of the histories.
        times: as many lists, of the seconds of each item; None where none were given.
        reads_times: whether the model reads them.

    Raises:
        ValueError: times that are missing, too many, or given to a model that reads none.
    """
    given = None if times is None else [len(row) for row in times]
    require(
        given == (list(lengths) if reads_times else None),
        "`history_time` (--times on the command line) must have a time for each item of the history, for "
        "this model reads times."
        if reads_times
        else "`history_time` (--times on the command line) must be left out: this model reads no times.",
        times,
    )


def list_length(k: Any) -> int:
    """K as an integer.

    Raises:
        TypeError: no whole number.
        ValueError: below 1.
    """
    if isinstance(k, bool) or not hasattr(k, "__index__"):
        raise TypeError(f"`k` must be a whole number. Received: {k!r}")
    if operator.index(k) < 1:
        raise ValueError(f"`k` must be at least 1. Received: {k!r}")
    return operator.index(k)
