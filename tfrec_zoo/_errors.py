"""Error types and wording shared by the whole package."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DataError(ValueError):
    """A table, file or row that cannot be used; the message says where, why, and the way out."""


class UnknownNameError(ValueError):
    """A name that is in none of the package's lists."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        nearest = difflib.get_close_matches(str(name), names, n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        rule = f"It must be one of: {', '.join(names)}." if names else "There is none here."
        super().__init__(f"Unknown {kind}.{hint} {rule} Received: {name!r}")


def require(condition: bool, rule: str, received: object) -> None:
    """Raise ValueError with the house's wording unless `condition` holds.

    Args:
        condition: what must be true.
        rule: the argument and its rule, e.g. "`k` must be at least 1."
        received: the offending value.

    Raises:
        ValueError: `condition` is false.
    """
    if not condition:
        raise ValueError(f"{rule} Received: {received!r}")
