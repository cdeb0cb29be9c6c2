"""The loss of a batch, as the config names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfrec_zoo._errors import require
from tfrec_zoo.losses import accidental_hits, bpr, candidate_softmax, full_softmax, gbce
from tfrec_zoo.models.config import DRAWN, POINTWISE
from tfrec_zoo.schema import NUM_RESERVED

if TYPE_CHECKING:
    from tfrec_zoo.models.base import RecommenderModel


@dataclass(frozen=True)
class TrainingRows:
    """What a loss compares: queries and the items that followed them."""

    encoded: Mapping[str, Any]
    """Of `RecommenderModel.encode`, P rows."""
    targets: Any
    """Catalogue rows, int32 [P]."""
    weights: Any = None
    """Importance, float [P]; None for ones."""
    positives: Any = None
    """Known items of each user, int32 [U, H], PAD where there is nothing; None where not known."""
    owner: Any = None
    """The user of each row, int32 [P]; None where rows are users."""
    targets_log_q: Any = None
    """Log of the expected number of draws of each target, float [P]."""
    count: Any = None
    """Rows that are no padding, int32 []; None for all."""


def training_loss(model: RecommenderModel, x: Mapping[str, Any], rows: TrainingRows, training: bool) -> Any:
    """Mean over the rows, float32 [].

    Raises:
        ValueError: inputs without the negatives or the ratings that the loss needs.
    """
    config = model.config
    rated = config.loss in POINTWISE
    drawn = config.num_negatives > 0 and config.loss in (*DRAWN, "in_batch")
    for needed, name, source in (
        (drawn, "negatives", "pipelines.with_negatives"),
        (rated, "rating", "pipelines.pairs(..., with_rating=True)"),
    ):
        require(
            not needed or name in x,
            f"The loss {config.loss!r} needs inputs with {name!r}, from `{source}`.",
            sorted(x),
        )
    if config.loss == "full" and model.scores_by_dot_product:
        return _full(model, rows, training)
    if rated:
        losses = _pointwise(model, x["rating"], rows, training)
    else:
        losses = _against_candidates(model, x, rows, training)
    return tf.reduce_mean(losses if rows.weights is None else losses * tf.cast(rows.weights, losses.dtype))


def _full(model: RecommenderModel, rows: TrainingRows, training: bool) -> Any:
    config = model.config
    query, vectors = rows.encoded["query"], model.encode_items(_catalogue(model), training=training)
    total = full_softmax(query, vectors, rows.targets, rows.weights, temperature=config.temperature)
    if config.label_smoothing:
        # Mixing the target with the uniform distribution adds a term that is linear in the scores.
        away = tf.gather(vectors, rows.targets) - tf.reduce_mean(vectors[NUM_RESERVED:], axis=0)
        gaps = tf.cast(tf.reduce_sum(query * away, axis=-1), tf.float32) / config.temperature
        gaps = gaps if rows.weights is None else gaps * tf.cast(rows.weights, gaps.dtype)
        total += config.label_smoothing * tf.reduce_sum(gaps)
    count = tf.shape(rows.targets)[0] if rows.count is None else rows.count
    return total / tf.cast(tf.maximum(count, 1), total.dtype)


def _catalogue(model: RecommenderModel) -> Any:
    """The rows of a full softmax: an item that training never saw is no negative."""
    return tf.range(model.schema.num_trained_items)


def _pointwise(model: RecommenderModel, rating: Any, rows: TrainingRows, training: bool) -> Any:
    vectors = model.encode_items(rows.targets, training=training)
    scores = model.score(rows.encoded, vectors[:, None], training=training)[:, 0]
    if model.config.loss == "rating":
        return tf.square(scores - rating)
    liked = tf.cast(rating >= model.config.like_threshold, tf.float32)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=liked, logits=scores)


def _against_candidates(
    model: RecommenderModel, x: Mapping[str, Any], rows: TrainingRows, training: bool
) -> Any:
    config, targets = model.config, rows.targets
    candidates, log_count = _candidates(model, x, targets)
    vectors = model.encode_items(tf.concat([targets, candidates], axis=0), training=training)
    size = tf.shape(targets)[0]
    target_logit = model.score(rows.encoded, vectors[:size, None], training=training)[:, 0]
    logits = model.score(rows.encoded, vectors[size:], training=training)
    target_logit, logits = target_logit / config.temperature, logits / config.temperature
    hits = accidental_hits(
        targets, candidates, rows.positives if config.remove_accidental_hits else None, rows.owner
    )
    negative = tf.logical_not(hits)
    if config.loss == "bpr":
        return bpr(target_logit, logits, negative)
    if config.loss == "gbce":
        num_items = model.schema.num_items - NUM_RESERVED
        return gbce(target_logit, logits, negative, num_items=num_items, calibration=config.calibration)
    target_log_q, log_q = _log_q(model, x, rows, candidates, training)
    if target_log_q is not None:
        target_logit, logits = target_logit - target_log_q, logits - log_q[None, :]
    if log_count is not None:
        logits += log_count[None, :]
    return candidate_softmax(target_logit, logits, negative, config.label_smoothing)


def _candidates(model: RecommenderModel, x: Mapping[str, Any], targets: Any) -> tuple[Any, Any]:
    """The candidates, int32 [C], and the log of how often each stands in the batch, float [C] or None.

    An item that the batch holds c times is scored once and counted c times.
    """
    if model.config.loss == "full":
        return _catalogue(model), None
    if model.config.loss != "in_batch":
        return x["negatives"], None
    distinct, _, counts = tf.unique_with_counts(targets)
    log_count = tf.math.log(tf.cast(counts, tf.float32))
    if not model.config.num_negatives:
        return distinct, log_count
    drawn = x["negatives"]
    return tf.concat([distinct, drawn], axis=0), tf.concat([log_count, tf.zeros(tf.shape(drawn))], axis=0)


def _log_q(
    model: RecommenderModel, x: Mapping[str, Any], rows: TrainingRows, candidates: Any, training: bool
) -> tuple[Any, Any]:
    """Give the log of the expected number of times that each target and each candidate is a candidate."""
    config = model.config
    drawn = (rows.targets_log_q, x["negatives_log_q"]) if "negatives" in x else (None, None)
    if config.loss == "sampled":
        return drawn
    if model.frequency is None:
        return None, None
    if training and model.frequency.frequency == "streaming":
        model.frequency.update(rows.targets)
    size = tf.shape(rows.targets)[0]
    target_log_q, log_q = (model.frequency(r, batch_size=size) for r in (rows.targets, candidates))
    if not config.num_negatives:
        return target_log_q, log_q
    return _log_add(target_log_q, drawn[0]), _log_add(log_q, _candidates_drawn(rows, candidates, drawn))


def _candidates_drawn(rows: TrainingRows, candidates: Any, drawn: tuple[Any, Any]) -> Any:
    """The expected draws of each candidate: of the batch's distinct targets, then of the negatives."""
    distinct, first = tf.unique(rows.targets)
    of_distinct = tf.math.unsorted_segment_max(drawn[0], first, tf.shape(distinct)[0])
    return tf.concat([of_distinct, drawn[1]], axis=0)


def _log_add(left: Any, right: Any) -> Any:
    return tf.reduce_logsumexp(tf.stack([left, right]), axis=0)
