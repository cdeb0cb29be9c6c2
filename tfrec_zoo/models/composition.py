"""What a model says of itself: its own answer, or what follows from the stages that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tfrec_zoo._errors import require
from tfrec_zoo.layers.item_encoder import ItemEncoder
from tfrec_zoo.layers.item_frequency import ItemFrequency
from tfrec_zoo.losses import Loss
from tfrec_zoo.models.config import ModelConfig
from tfrec_zoo.schema import Feature


class Composition:
    """The part of `RecommenderModel` that is derived: a model of stages overrides `stages` alone."""

    name: str
    config: ModelConfig
    item_encoder: ItemEncoder
    training_loss: Loss
    stored_items: bool
    loss_state: Any

    @property
    def stages(self) -> tuple[Any, ...]:
        """The models that this one is made of, in the order of asking; none where it is one itself."""
        return ()

    def training_stages(self) -> dict[str, Any]:
        """What `zoo.train` trains, one after the other, by name: the stages, or the model itself."""
        return {stage.name: stage for stage in self.stages} or {self.name: self}

    @property
    def scores_by_dot_product(self) -> bool:
        """Whether a score is the product of "query" and the item's vector, so that an index can serve."""
        return True

    def index_stage(self) -> Any:
        """The model whose items an index by inner product can hold: itself, its first stage, or None."""
        if self.stages:
            return self.stages[0].index_stage()
        return self if self.scores_by_dot_product else None

    @property
    def training_losses(self) -> tuple[Loss, ...]:
        """The losses that `fit` adds up: those of the stages, or its own."""
        return tuple(loss for stage in self.stages for loss in stage.training_losses) or (self.training_loss,)

    @property
    def item_encoders(self) -> tuple[ItemEncoder, ...]:
        """All that the model has, its stages' side by side."""
        of_stages = tuple(encoder for stage in self.stages for encoder in stage.item_encoders)
        return of_stages or (self.item_encoder,)

    @property
    def max_history_length(self) -> int:
        """T, the newest items that the model reads, or the stage that reads most."""
        return max(
            (stage.max_history_length for stage in self.stages), default=self.config.max_history_length
        )

    @property
    def trains_on(self) -> Literal["pairs", "sequences"]:
        """Which pipeline's examples suit the model and its loss."""
        return "pairs"

    @property
    def reads_times(self) -> bool:
        """Whether the inputs have "history_time" int64 [B, T], seconds from any origin."""
        return any(stage.reads_times for stage in self.stages)

    @property
    def needs_positives(self) -> bool:
        """Whether a loss tells accidental hits by each user's known items."""
        return any(loss.needs_positives for loss in self.training_losses)

    @property
    def needs_negatives(self) -> bool:
        """Whether a loss compares with drawn items."""
        return any(loss.needs_negatives for loss in self.training_losses)

    @property
    def needs_rating(self) -> bool:
        """Whether a loss compares scores with ratings."""
        return any(loss.needs_rating for loss in self.training_losses)

    @property
    def frequency(self) -> Any:
        """The items' frequency in batches, where the loss corrects by it."""
        return self.loss_state if isinstance(self.loss_state, ItemFrequency) else None

    @property
    def vector_dim(self) -> int:
        """D, the width of an item's vector, its stages' side by side."""
        return sum(encoder.embedding_dim for encoder in self.item_encoders)

    @property
    def item_weights(self) -> list[Any]:
        """Weights that only encoding items needs: an export's table of item vectors takes their place."""
        return [weight for encoder in self.item_encoders for weight in encoder.weights]

    @property
    def profile_features(self) -> tuple[Feature, ...]:
        """The schema's user features that the query encoder reads, or that of a stage."""
        of_stages = {feature.name: feature for stage in self.stages for feature in stage.profile_features}
        return tuple(of_stages.values())

    def set_content(self, content: Mapping[str, Any]) -> None:
        """Give the item encoders the catalogue's content: `FeatureSpace.item_features`.

        Raises:
            ValueError: other names or other shapes than the schema's.
        """
        for encoder in self.item_encoders:
            encoder.set_content(content)

    def require_content(self) -> None:
        """Refuse to go on with a catalogue whose content was never set.

        Raises:
            ValueError: the schema has content and `set_content` was not called.
        """
        for encoder in self.item_encoders:
            encoder.require_content()

    def require_ready(self) -> None:
        """Refuse to train before all that the losses and the item encoders need is set.

        Raises:
            ValueError: content, or counts for "counted" frequencies, were never set.
        """
        for stage in self.stages:
            stage.require_ready()
        self.training_loss.require_ready(self.loss_state)
        require(not self.stored_items, "A model with stored items is not for training.", self.name)
        self.require_content()
