"""Retrieve, then rank: two models as one (Covington et al. 2016)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfrec_zoo._errors import require
from tfrec_zoo._registry import Registry
from tfrec_zoo.models.attention_ranker import AttentionRanker
from tfrec_zoo.models.base import Inputs, RecommenderModel
from tfrec_zoo.models.catalogue.mask import catalogue_mask, scattered
from tfrec_zoo.models.catalogue.top_k import catalogue_top_k
from tfrec_zoo.models.cnn_ranker import CNNRanker
from tfrec_zoo.models.config import LossName, ModelConfig
from tfrec_zoo.models.gru_ranker import GRURanker
from tfrec_zoo.models.two_tower import TwoTower

RANKERS: Registry[type[RecommenderModel]] = Registry(
    "ranker", {"attention_ranker": AttentionRanker, "cnn_ranker": CNNRanker, "gru_ranker": GRURanker}
)
"""What can be a second stage: name -> class."""


@dataclass(frozen=True)
class TwoStageConfig(ModelConfig):
    """Hyper-parameters of TwoStage: those that all models share go to both stages.

    Example:
        >>> config = TwoStageConfig(ranker="gru_ranker", ranker_settings={"hidden_dim": 32})
        >>> retriever, ranker = config.stage_configs()
        >>> ranker.hidden_dim
        32
    """

    loss: LossName = "full"
    use_item_id: bool = True
    """Whether the item encoders have an id embedding; True leaves the ranker its own default: a cnn_ranker
    reads content alone."""
    ranker: Annotated[str, RANKERS] = "attention_ranker"
    """Name of the second stage's model."""
    num_candidates: int = 200
    """Items that the first stage hands to the second."""
    retriever_settings: dict[str, Any] = field(default_factory=dict)
    """Hyper-parameters of the TwoTower that differ from the shared ones, or that it alone has."""
    ranker_settings: dict[str, Any] = field(default_factory=dict)
    """The same of the ranker."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.num_candidates >= 1, "`num_candidates` must be at least 1.", self.num_candidates)
        self.stage_configs()

    def stage_configs(self) -> tuple[ModelConfig, ModelConfig]:
        """The configs of retriever and ranker."""
        shared = {entry.name: getattr(self, entry.name) for entry in fields(ModelConfig)}
        retriever = TwoTower.config_class.from_dict({**shared, **self.retriever_settings})
        ranker_class = RANKERS.find(self.ranker).config_class
        own = {"use_item_id": self.use_item_id and ranker_class.use_item_id}
        return retriever, ranker_class.from_dict({**shared, **own, **self.ranker_settings})


@keras.saving.register_keras_serializable("tfrec_zoo")
class TwoStage(RecommenderModel):
    """A TwoTower retrieves `num_candidates` items, a ranker scores them: one model, one graph.

    Only retrieved items have a score; all others are refused (-inf), items of the history among them.
    Candidates that are given are scored by the ranker. `zoo.train` trains the stages one after the other;
    `fit` trains both at once, on the examples of `pipelines.pairs`.

    Example:
        >>> schema = Schema(num_users=5, num_items=12, num_trained_items=12)
        >>> model = TwoStage(schema, TwoStageConfig(ranker="gru_ranker", num_candidates=4))
        >>> list(model.training_stages()), model.index_stage().name
        (['retriever', 'ranker'], 'retriever')
    """

    config_class: ClassVar[type[ModelConfig]] = TwoStageConfig
    config: TwoStageConfig
    example_settings: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {"served": {"num_candidates": 20}, "gru": {"ranker": "gru_ranker", "num_candidates": 9}}
    )

    def _build_layers(self) -> None:
        retriever, ranker = self.config.stage_configs()
        require(
            ranker.use_item_id or not retriever.use_item_id or bool(self.schema.item_features),
            f"The ranker {self.config.ranker!r} reads content alone: give `content=[...]` to "
            "`FeatureSpace.fit` (`--content` on the command line), or set "
            "`ranker_settings={'use_item_id': True}`.",
            "a schema without item features",
        )
        self.retriever = TwoTower(self.schema, retriever, self.stored_items, name="retriever")
        self.ranker = RANKERS.find(self.config.ranker)(self.schema, ranker, self.stored_items, name="ranker")
        self(self.example_inputs())

    @property
    def stages(self) -> tuple[RecommenderModel, ...]:
        """Retriever and ranker."""
        return self.retriever, self.ranker

    @property
    def item_encoder(self) -> Callable[..., Any]:  # type: ignore[override]
        """From catalogue rows to the vectors of both stages, side by side."""
        return self.encode_items

    @property
    def scores_by_dot_product(self) -> bool:
        """Never: the ranker scores what the retriever finds."""
        return False

    def encode_items(self, item_index: Any, training: bool = False) -> Any:
        """Encode catalogue rows by both stages, side by side."""
        return ops.concatenate([stage.encode_items(item_index, training) for stage in self.stages], axis=-1)

    def encode_content(self, content: Inputs, item_index: Any = None) -> Any:
        """Encode items by content by both stages, side by side."""
        return ops.concatenate([stage.encode_content(content, item_index) for stage in self.stages], axis=-1)

    def _split(self, vectors: Any) -> tuple[Any, Any]:
        width = self.retriever.vector_dim
        return vectors[..., :width], vectors[..., width:]

    def similarity_vectors(self, item_vectors: Any) -> Any:
        """The retriever's part."""
        return self._split(item_vectors)[0]

    def encode(self, inputs: Inputs, training: bool = False, item_vectors: Any = None) -> dict[str, Any]:
        """What each stage needs, by its name, and the retriever's "query"."""
        tables = (None, None) if item_vectors is None else self._split(item_vectors)
        first, second = (
            stage.encode(_read_by(stage, inputs), training, table)
            for stage, table in zip(self.stages, tables, strict=True)
        )
        return {"query": first["query"], "retriever": first, "ranker": second}

    def score(self, encoded: Mapping[str, Any], vectors: Any, training: bool = False) -> Any:
        """Score items by the ranker."""
        return self.ranker.score(encoded["ranker"], self._split(vectors)[1], training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The sum of both stages' losses, each of its own kind."""
        return sum(
            stage.compute_loss(x, y, y_pred[stage.name], sample_weight, training) for stage in self.stages
        )

    def catalogue_scores(self, inputs: Inputs, item_vectors: Any, allowed: Any = None) -> Any:
        """Scores of the retrieved items, -inf for all others, float32 [B, num_items].

        Without `allowed`, nothing of the history is retrieved.
        """
        of_retriever, of_ranker = self._split(item_vectors)
        if allowed is None:
            allowed = catalogue_mask(inputs["history"], self.schema.num_items)
        retrieved = self.retriever.catalogue_scores(_read_by(self.retriever, inputs), of_retriever, allowed)
        num_items = self.schema.num_items
        best, rows = catalogue_top_k(retrieved, min(self.config.num_candidates, num_items), num_items)
        encoded = self.ranker.encode(_read_by(self.ranker, inputs), item_vectors=of_ranker)
        scores = self.ranker.score(encoded, tf.gather(of_ranker, rows))
        scores = tf.where(tf.math.is_inf(best), -np.inf, scores)
        return scattered(rows, scores, tf.fill(tf.shape(retrieved), tf.constant(-np.inf, tf.float32)))


def _read_by(stage: RecommenderModel, inputs: Inputs) -> dict[str, Any]:
    """The inputs with the part of the history that a stage reads."""
    length = stage.max_history_length
    return {
        name: values[:, -length:] if name in ("history", "history_time") else values
        for name, values in inputs.items()
    }
