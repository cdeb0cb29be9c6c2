"""What every training loss states and does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import keras
import tensorflow as tf

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo._field_types import check_fields
from tfrec_zoo.losses.rows import TrainedModel, TrainingRows
from tfrec_zoo.schema import Schema


@dataclass(frozen=True)
class Loss(ABC):
    """A training loss. The fields of a subclass, a frozen dataclass, are its settings.

    A new one is a file beside this one and a row of `LOSSES`; from outside the package,
    `LOSSES.register("name", MyLoss)`. The fields that a model's config has under the same name are taken
    from there, the others from its `loss_settings`.

    Example:
        >>> import tensorflow as tf
        >>> from tfrec_zoo.losses import LOSSES
        >>> LOSSES.find("bpr")(num_negatives=4).needs_negatives
        True
        >>> class Lowest(Loss):  # minus the score of each row's own item
        ...     name = "lowest"
        ...     def losses(self, model, inputs, rows, training):
        ...         vectors = model.encode_items(rows.targets, training=training)
        ...         return -model.score(rows.encoded, vectors[:, None], training=training)[:, 0]
        >>> inputs = model.example_inputs()  # model: any of the zoo
        >>> Lowest()(model, inputs, TrainingRows(model(inputs), tf.constant([2])), training=True).shape
        TensorShape([])

    Raises:
        ValueError: a setting of another type than its field's, or out of its range.
    """

    name: ClassVar[str]
    """As configs name it."""
    couples_rows: ClassVar[bool] = False
    """Whether the loss of a row depends on the other rows of its batch, as in-batch negatives make it."""
    needs_rating: ClassVar[bool] = False
    """Whether it compares the scores with the interactions' ratings; such a model trains on pairs."""
    has_score_bias: ClassVar[bool] = False
    """Whether scores have a learned constant, since they are ratings or log-odds and no mere order."""
    is_static: ClassVar[bool] = False
    """Whether the shapes in its graph do not depend on the data, as XLA asks for."""

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def needs_negatives(self) -> bool:
        """Whether the examples must have drawn "negatives"."""
        return False

    @property
    def needs_positives(self) -> bool:
        """Whether it tells accidental hits by each user's known items, "positives"."""
        return False

    def state(self, schema: Schema) -> keras.layers.Layer | None:
        """What the loss learns besides the model's weights, as a layer that is saved with the model."""
        return None

    def prepare(self, state: Any, item_counts: Any) -> None:  # noqa: B027  most losses have no state
        """Take what the state needs of the training data before the first step.

        Args:
            state: of `state`.
            item_counts: training interactions of each catalogue row, int [num_items].
        """

    def require_ready(self, state: Any) -> None:  # noqa: B027
        """Refuse to train before the state has what it needs.

        Raises:
            ValueError: it has not.
        """

    def start_bias(self, ratings: Any) -> float:
        """Where the scores' constant starts, from the training ratings, float [n]."""
        return 0.0

    @abstractmethod
    def losses(
        self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows, training: bool
    ) -> Any:
        """The loss of each row, float32 [P], before weights.

        Args:
            model: what encodes and scores items.
            inputs: of the batch, with "negatives" [C] and "negatives_log_q" or "rating" [P] where needed.
            rows: queries, targets and what is known of them.
            training: whether dropout is on.
        """

    def __call__(
        self, model: TrainedModel, inputs: Mapping[str, Any], rows: TrainingRows, training: bool
    ) -> Any:
        """The weighted mean over the rows, float32 [].

        Raises:
            ValueError: inputs without the negatives or the ratings that the loss needs.
        """
        for needed, name, source in (
            (self.needs_negatives, "negatives", "pipelines.with_negatives"),
            (self.needs_rating, "rating", "pipelines.pairs(..., with_rating=True)"),
        ):
            require(
                not needed or name in inputs,
                f"The loss {self.name!r} needs inputs with {name!r}, from `{source}`.",
                sorted(inputs),
            )
        losses = self.losses(model, inputs, rows, training)
        losses = losses if rows.weights is None else losses * tf.cast(rows.weights, losses.dtype)
        if rows.count is None:
            return tf.reduce_mean(losses)
        return tf.reduce_sum(losses) / tf.cast(tf.maximum(rows.count, 1), losses.dtype)

    @classmethod
    def of(cls, config: object, settings: Mapping[str, Any]) -> Self:
        """The loss with the fields that a model's config has under the same name, and further settings.

        Raises:
            UnknownNameError: a setting that the loss does not have.
        """
        names = [field.name for field in fields(cls)]
        for name in settings:
            if name not in names:
                raise UnknownNameError(f"setting of the loss {cls.name!r}", name, names)
            require(
                not hasattr(config, name),
                f"`{name}` is a hyper-parameter of the model: set it there, and not in `loss_settings`.",
                settings[name],
            )
        shared = {name: getattr(config, name) for name in names if hasattr(config, name)}
        return cls(**{**shared, **settings})
