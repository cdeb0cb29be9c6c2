"""What evaluation and recommendation ask of a model; Keras models and baselines both have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import require
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.schema import Schema

Array = npt.NDArray[Any]
ScoreFunction: TypeAlias = Callable[[Mapping[str, Array]], npt.NDArray[np.float32]]
"""A batch -> scores of all catalogue rows, float32 [B, num_items].

The batch holds "history" (int32 [B, T], oldest first, padded at the left with PAD), "user_index" (int32 [B]),
the profile features and, for a model whose `reads_times` is True, "history_time" (int64 [B, T], seconds).
Columns PAD and OOV of the scores are ignored; -inf refuses an item.
"""


class Scorer(Protocol):
    """A model that scores the whole catalogue.

    Example:
        >>> import numpy as np
        >>> class Newest:  # the later in the catalogue, the better
        ...     max_history_length = None
        ...     def catalogue_scorer(self):
        ...         scores = np.arange(encoded.num_items, dtype=np.float32)  # encoded: an EncodedSplit
        ...         return lambda batch: np.tile(scores, (len(batch["history"]), 1))
        >>> evaluate(Newest(), encoded, ks=[5]).model
        'Newest'
    """

    @property
    def max_history_length(self) -> int | None:
        """How many of the newest items of a history the model reads; None for all of them."""

    def catalogue_scorer(self) -> ScoreFunction:
        """Prepare what all batches share (e.g. encode the catalogue once) and return the scoring function."""


@runtime_checkable
class SelectiveScorer(Protocol):
    """A scoring function that takes a mask of what may come, which a model that retrieves first needs."""

    num_items: int
    """Rows of the catalogue."""

    def among(self, inputs: Mapping[str, Array], allowed: npt.NDArray[np.bool_]) -> Array:
        """Scores float32 [B, num_items], of the items alone for which `allowed` [B, num_items] is True."""


def model_name(model: object) -> str:
    """The model's own name, or its class's."""
    return str(getattr(model, "name", None) or type(model).__name__)


def check_scorer(model: object) -> None:
    """Refuse early what cannot score.

    Raises:
        TypeError: the model lacks a member of `Scorer`.
    """
    missing = [name for name in ("max_history_length", "catalogue_scorer") if not hasattr(model, name)]
    if missing:
        raise TypeError(
            f"A model must have `max_history_length` and `catalogue_scorer()`; {missing} missing. "
            f"Received: {type(model).__name__}. Give it those, or wrap it in a class that has them."
        )


def check_split(model: object, split: EncodedSplit) -> None:
    """Refuse a split of other features than those that a model was made for; what has no Schema takes any.

    Raises:
        ValueError: another catalogue, or users outside the model's vocabulary.
    """
    schema = getattr(model, "schema", None)
    if not isinstance(schema, Schema):
        return
    num_users = int(split.train.user_index.max(initial=0)) + 1
    require(
        split.num_items == schema.num_items and num_users <= schema.num_users,
        f"The split must be encoded by the FeatureSpace of the model's schema ({schema.num_items} items, "
        f"{schema.num_users} users): transform it by that, or make a model of the other's `schema`.",
        f"{split.num_items} items, {num_users} users",
    )
