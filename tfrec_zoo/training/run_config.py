"""How a model is trained, apart from what it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tfrec_zoo._errors import require
from tfrec_zoo.pipelines.pairs import Context


@dataclass(frozen=True)
class RunConfig:
    """Options of one training run.

    Raises:
        ValueError: a value out of its range.
    """

    epochs: int = 20
    """Most epochs."""
    batch_size: int = 512
    """Examples of a step."""
    learning_rate: float = 2e-3
    """Of Adam."""
    patience: int = 3
    """Epochs without a better validation metric before the run stops; the best epoch's weights stay."""
    monitor: str = "ndcg@10"
    """The validation metric that tells the best epoch."""
    context: Context = "past"
    """What of the user's items an example shows: those before it, or all others (for random splits)."""
    exclude_seen: bool = True
    """Whether validation leaves items of the history out of the ranking."""
    seed: int = 0
    """Seed of the examples' order and of negatives."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience"):
            require(getattr(self, name) >= 1, f"`{name}` must be at least 1.", getattr(self, name))
        require(self.learning_rate > 0, "`learning_rate` must be above 0.", self.learning_rate)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)
