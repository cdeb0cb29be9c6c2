"""The values of a dataclass of settings, held to the annotations of its fields."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from tfrec_zoo._errors import UnknownNameError, require


def check_fields(config: Any) -> None:
    """Refuse values of another type than their field's; numbers of numpy become plain, lists tuples.

    A whole number stands for a float too; True and False are no numbers.

    Args:
        config: a dataclass, frozen or not, whose values are replaced in place.

    Raises:
        UnknownNameError: a value that is none of a `Literal`'s.
        ValueError: a value of another type.
    """
    hints = get_type_hints(type(config), include_extras=True)
    for field in fields(config):
        given, hint = getattr(config, field.name), hints[field.name]
        value = _plain(given)
        fits = _is_of(value, hint)
        if (names := names_of(hint)) and not fits:
            raise UnknownNameError(field.name, given, names)
        require(fits, f"`{field.name}` must be a value of type {field.type}.", given)
        object.__setattr__(config, field.name, value)


def names_of(hint: Any) -> tuple[str, ...]:
    """The names that a value may have: of a `Literal`, or of the table that a string is annotated with."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    tables = [part for part in getattr(hint, "__metadata__", ()) if isinstance(part, Mapping)]
    return tuple(name for table in tables for name in table)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value


def _is_of(value: Any, hint: Any) -> bool:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_is_of(value, part) for part in parts)
    if names := names_of(hint):
        return isinstance(value, str) and value in names
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_of(entry, parts[0]) for entry in value)
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return isinstance(value, origin or hint)
