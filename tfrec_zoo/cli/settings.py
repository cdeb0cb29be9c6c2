"""`--set key=value`: any field of a model's hyper-parameters or of the run's options."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo._field_types import names_of

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def parse_settings(settings: Sequence[str], *configs: type) -> list[dict[str, Any]]:
    """Sort `key=value` texts by the dataclass that has the field, each value of the field's type.

    Args:
        settings: texts such as "embedding_dim=32" or "item_hidden_dims=64,32".
        *configs: dataclasses; a key that several have goes to all of them.

    Returns:
        The given values, one dict per dataclass.

    Raises:
        UnknownNameError: a key that none of them has.
        ValueError: no "=", or a value that is not of the field's type.
    """
    known = [
        {field.name: get_type_hints(config, include_extras=True)[field.name] for field in fields(config)}
        for config in configs
    ]
    values: list[dict[str, Any]] = [{} for _ in configs]
    for setting in settings:
        key, separator, text = setting.partition("=")
        require(bool(separator), "`--set` takes KEY=VALUE.", setting)
        key = key.strip().replace("-", "_")
        if not any(key in hints for hints in known):
            raise UnknownNameError("setting", key, {name for hints in known for name in hints})
        for hints, taken in zip(known, values, strict=True):
            if key in hints:
                taken[key] = parse_value(key, text.strip(), hints[key])
    return values


def parse_value(key: str, text: str, hint: Any) -> Any:
    """A text as a value of the annotated type.

    Raises:
        ValueError: the text is no such value.
    """
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        return None if text.lower() == "none" else parse_value(key, text, inner[0])
    if names := names_of(hint):
        if text not in names:
            raise UnknownNameError(f"value of {key}", text, names)
        return text
    if origin is tuple:
        return tuple(parse_value(key, part, get_args(hint)[0]) for part in text.split(",") if part)
    if origin in (dict, Mapping):
        return _parse_object(key, text)
    if hint is bool:
        require(text.lower() in _BOOLEANS, f"`{key}` must be true or false.", text)
        return _BOOLEANS[text.lower()]
    try:
        return hint(text)
    except ValueError:
        raise ValueError(f"`{key}` must be a value of type {hint.__name__}. Received: {text!r}") from None


def _parse_object(key: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    require(isinstance(value, dict), f'`{key}` must be a JSON object such as {{"num_layers": 1}}.', text)
    return dict(value)
