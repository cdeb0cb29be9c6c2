"""What the hyper-parameters of all models share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import inf, isfinite
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Self

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo._field_types import check_fields
from tfrec_zoo.losses import LOSSES, Loss
from tfrec_zoo.losses.in_batch_loss import LogQ

LossName = Annotated[str, LOSSES]


@dataclass(frozen=True)
class ModelConfig:
    """Hyper-parameters that every model has; each model adds its own.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class NewestConfig(ModelConfig):
        ...     num_newest: int = 3
        >>> NewestConfig.from_dict({"embedding_dim": 16}).num_newest
        3

    Raises:
        ValueError: a value of another type than its field's, or out of its range.
    """

    renamed_fields: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Names by which earlier versions knew a field, to those of today; saved models hold the earlier ones."""

    embedding_dim: int = 64
    """D, the width of query and item vectors."""
    max_history_length: int = 50
    """T, the newest items of the history that the model reads."""
    dropout: float = 0.0
    """Share of entries dropped in training."""
    id_dropout: float = 0.0
    """Share of items whose id is hidden in training, so that content alone can place them."""
    content_dropout: float = 0.0
    """Share of the content hidden in training: words and categories one by one, all else as a whole."""
    use_item_id: bool = True
    """Whether the item encoder has an id embedding."""
    item_hidden_dims: tuple[int, ...] = ()
    """Widths of the item encoder's dense layers."""
    image_backbone: str = "plain"
    """What reads pictures: "plain" convolutions, "residual" ones, or a class of `keras.applications`."""
    text_kernel_sizes: tuple[int, ...] = (1, 2, 3)
    """Widths, in words, of the convolutions over texts; without any, words are summed as they are."""
    normalize: bool = False
    """Whether query and item vectors have length one, so that scores are cosines."""
    temperature: float = 1.0
    """Divides the scores in the loss; about 0.05 goes with `normalize`."""
    loss: LossName = "in_batch"
    """Softmax over the whole catalogue ("full"), over the batch's items, or over drawn negatives ("sampled");
    binary cross-entropy ("gbce") or pairs ("bpr") against drawn negatives; squared error of the rating, or
    binary cross-entropy of having liked the item ("like")."""
    loss_settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the loss that have no field here, for a loss that is registered from outside."""
    label_smoothing: float = 0.0
    """Share of a softmax target's probability that goes to all candidates alike."""
    calibration: float = 0.75
    """t of "gbce": 0 is plain binary cross-entropy, 1 calibrates the scores as the full softmax does."""
    like_threshold: float = 4.0
    """Least rating that counts as a like."""
    log_q: LogQ = "streaming"
    """Where the sampling-bias correction of the in-batch loss takes the items' frequency."""
    num_negatives: int = 0
    """Drawn negatives of a batch: all there are for "sampled", "gbce" and "bpr", mixed in for "in_batch"."""
    negatives_power: float = 0.0
    """Negatives are drawn with probability count ** power."""
    remove_accidental_hits: bool = True
    """Whether items that the user is known to like are no negatives."""
    seed: int = 0
    """Seed of the initial weights and of dropout."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("embedding_dim", "max_history_length"):
            require(getattr(self, name) >= 1, f"`{name}` must be at least 1.", getattr(self, name))
        for name in ("dropout", "id_dropout", "content_dropout", "label_smoothing"):
            require(0 <= getattr(self, name) < 1, f"`{name}` must be in [0, 1).", getattr(self, name))
        require(0 <= self.calibration <= 1, "`calibration` must be in [0, 1].", self.calibration)
        require(0 < self.temperature < inf, "`temperature` must be above 0 and finite.", self.temperature)
        for name in ("negatives_power", "like_threshold"):
            require(isfinite(getattr(self, name)), f"`{name}` must be finite.", getattr(self, name))
        require(self.num_negatives >= 0, "`num_negatives` must be at least 0.", self.num_negatives)
        self.make_loss()

    def make_loss(self) -> Loss:
        """The loss, with the settings that are its own.

        Raises:
            UnknownNameError: a setting that it does not have.
            ValueError: settings that it refuses.
        """
        return LOSSES.find(self.loss).of(self, self.loss_settings)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The config of the given values, defaults elsewhere; earlier names of `renamed_fields` are read too.

        Raises:
            UnknownNameError: a name that is no hyper-parameter of this model.
        """
        values = {cls.renamed_fields.get(name, name): value for name, value in values.items()}
        known = [entry.name for entry in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownNameError(f"hyper-parameter of {cls.__name__}", name, known)
        return cls(**values)
