"""How a model is trained, apart from what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo._field_types import check_fields
from tfrec_zoo.pipelines.sequences import Window
from tfrec_zoo.schema import HistoryScope

Schedule = Literal["constant", "cosine"]
Optimizer = Literal["adam", "lazy_adam"]
Teacher = Literal["none", "ease"]


@dataclass(frozen=True)
class RunConfig:
    """Options of one training run. What is None takes the model's own `run_defaults`.

    Example:
        >>> run = RunConfig(epochs=5, retriever={"epochs": 2})
        >>> run.of_stage("retriever").epochs, run.of_stage("ranker").epochs
        (2, 5)
        >>> run.with_defaults({"epochs": 20, "batch_size": 512}).batch_size
        512

    Raises:
        ValueError: a value of another type than its field's, or out of its range.
    """

    epochs: int | None = None
    """Most epochs."""
    batch_size: int | None = None
    """Examples of a step."""
    learning_rate: float | None = None
    """Of the optimizer, at its highest."""
    patience: int | None = None
    """Epochs without a better validation metric before the run stops; the best epoch's weights stay."""
    schedule: Schedule = "constant"
    """How the learning rate goes on: as it is, or down to a fiftieth along a cosine over all epochs."""
    warmup_epochs: int = 0
    """Epochs in which the learning rate rises from zero."""
    optimizer: Optimizer = "adam"
    """Adam, or the one whose step touches only the rows that a batch holds, for large catalogues."""
    weight_decay: float = 0.0
    """Decoupled weight decay of Adam."""
    epsilon: float = 1e-7
    """Added to Adam's divisor; about 1e-4 lets rare words and categories learn less than frequent ones."""
    teacher: Teacher = "none"
    """What a CNNRanker's item encoder learns: by its own loss, or the item factors of EASE, one example per
    item, which takes seconds and suits new items."""
    monitor: str = "ndcg@10"
    """The validation metric that tells the best epoch, of ranks or of lists, e.g. "coverage@10"."""
    history_scope: HistoryScope = "past"
    """Which of the user's items an example shows: those before it, or all others (for random splits)."""
    window: Window = "newest"
    """What a sequence example reads of a long history: the newest items, or another stretch each epoch."""
    exclude_seen: bool = True
    """Whether validation leaves items of the history out of the ranking."""
    seed: int = 0
    """Seed of the examples' order and of negatives."""
    retriever: Mapping[str, Any] = field(default_factory=dict)
    """Options of a TwoStage model's first stage that differ from these."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in self.retriever:
            known_names = {entry.name for entry in fields(self)} - {"retriever"}
            if name not in known_names:
                raise UnknownNameError("option of `retriever`", name, known_names)
        for name in ("epochs", "batch_size", "patience"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"`{name}` must be at least 1.", value)
        require(
            self.learning_rate is None or self.learning_rate > 0,
            "`learning_rate` must be above 0.",
            self.learning_rate,
        )
        require(self.epsilon > 0, "`epsilon` must be above 0.", self.epsilon)
        for name in ("warmup_epochs", "weight_decay"):
            require(getattr(self, name) >= 0, f"`{name}` must be at least 0.", getattr(self, name))
        if self.retriever:
            self.of_stage("retriever")

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """The same, with `defaults` where a value is None."""
        missing = {name: value for name, value in defaults.items() if getattr(self, name) is None}
        return replace(self, **missing)

    def of_stage(self, name: str) -> Self:
        """The options of a stage of a model."""
        own = self.retriever if name == "retriever" else {}
        return replace(self, **{**own, "retriever": {}})

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)
