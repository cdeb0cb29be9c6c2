"""One recommended item, as every interface of the package returns it."""

from __future__ import annotations

from typing import NamedTuple


class Recommendation(NamedTuple):
    """One recommended item."""

    item_id: str
    """Raw id."""
    score: float
    """The model's score, a logit."""
