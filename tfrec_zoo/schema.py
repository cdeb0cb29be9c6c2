"""The one contract between batches, model inputs, exports, the manifest and the server."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tfrec_zoo._errors import require
from tfrec_zoo.feature_kind import Feature as Feature

PAD = 0
"""Index of padding in every vocabulary; never recommended."""
OOV = 1
"""Index of anything that the vocabulary does not hold."""
NUM_RESERVED = 2
"""The first index of a real token."""

PAD_TOKEN = ""
"""The raw string that stands for padding."""

HistoryScope = Literal["past", "others"]
"""Which of a user's items stand beside a target in training: those before it, or all others."""


@dataclass(frozen=True)
class Schema:
    """Sizes, names, dtypes and shapes of everything that a model sees.

    Example:
        >>> price = Feature("price", "number", shape=())
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=10, item_features=(price,))
        >>> Schema.from_dict(schema.to_dict()) == schema
        True

    Raises:
        ValueError: sizes that contradict each other, or a name used twice on one side.
    """

    num_users: int
    """Rows of the user vocabulary, PAD and OOV included."""
    num_items: int
    """Rows of the catalogue, PAD and OOV included."""
    num_trained_items: int
    """Rows that have an id embedding of their own, PAD and OOV included; the catalogue's later rows are
    cold items, which only their content describes."""
    user_features: tuple[Feature, ...] = ()
    """Profile features, in the order of the model's inputs."""
    item_features: tuple[Feature, ...] = ()
    """Content features, in the order of the item encoder's inputs."""

    def __post_init__(self) -> None:
        require(
            self.num_users >= NUM_RESERVED, f"`num_users` must be at least {NUM_RESERVED}.", self.num_users
        )
        require(
            NUM_RESERVED < self.num_trained_items <= self.num_items,
            f"`num_trained_items` must be above {NUM_RESERVED} (at least one item) and at most `num_items`.",
            (self.num_trained_items, self.num_items),
        )
        for side in ("user_features", "item_features"):
            object.__setattr__(self, side, tuple(getattr(self, side)))
            names = [feature.name for feature in getattr(self, side)]
            require(len(set(names)) == len(names), f"`{side}` must have distinct names.", names)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Schema:
        """The schema that `to_dict` described."""
        sides = {
            side: tuple(Feature(**feature) for feature in values[side])
            for side in ("user_features", "item_features")
        }
        return cls(**{**values, **sides})
