"""One recommended item, and the ids of a request, as every interface of the package has them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, NamedTuple


class Recommendation(NamedTuple):
    """One recommended item."""

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
