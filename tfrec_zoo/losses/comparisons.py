"""Losses of each row's item against candidates: functions of scores, each row's loss out.

All take `target_logit` float32 [P], `logits` float32 [P, C] and `negative` bool [P, C], True where the
candidate counts as a negative of the row.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def candidate_softmax(target_logit: Any, logits: Any, negative: Any, label_smoothing: float = 0.0) -> Any:
    """Cross-entropy of the row's item among itself and its negatives.

    With the batch's own items as candidates this is the in-batch softmax (Yi et al. 2019, equation 4); with
    drawn ones, the sampled softmax (Jean et al. 2015); with both, mixed negative sampling (Yang et al.
    2020, section 3.3). log Q is to be taken from the logits before, so that the softmax estimates the full
    one.

    Args:
        target_logit: [P].
        logits: [P, C].
        negative: [P, C].
        label_smoothing: share of the probability that goes to all alike (Szegedy et al. 2016, section 7).

    Returns:
        float32 [P].
    """
    masked = tf.where(negative, logits, logits.dtype.min)
    loss = tf.reduce_logsumexp(tf.concat([target_logit[:, None], masked], axis=1), axis=1) - target_logit
    if label_smoothing:
        count = 1 + tf.reduce_sum(tf.cast(negative, tf.float32), axis=1)
        mean = (target_logit + tf.reduce_sum(tf.where(negative, logits, 0.0), axis=1)) / count
        loss += label_smoothing * (target_logit - mean)
    return loss


def bpr(target_logit: Any, logits: Any, negative: Any) -> Any:
    """Mean of -log sigmoid(target - negative) over the row's negatives.

    Rendle et al. 2009, "BPR: Bayesian personalized ranking from implicit feedback" (section 4.1).

    Returns:
        float32 [P]; zero for a row without negatives.
    """
    losses = tf.where(negative, tf.nn.softplus(logits - target_logit[:, None]), 0.0)
    return tf.reduce_sum(losses, axis=1) / _count(negative)


def gbce(target_logit: Any, logits: Any, negative: Any, *, num_items: int, calibration: float) -> Any:
    """Binary cross-entropy with the positive's probability raised to beta, which undoes overconfidence.

    Petrov and Macdonald 2023, "gSASRec: reducing overconfidence in sequential recommendation trained with
    negative sampling" (equations 12 and 13). The negatives must be drawn uniformly.

    Args:
        target_logit: [P].
        logits: [P, C].
        negative: [P, C].
        num_items: items that can be recommended.
        calibration: t, from 0 (plain binary cross-entropy) to 1 (probabilities as of the full softmax).

    Returns:
        float32 [P].
    """
    count = _count(negative)
    rate = tf.minimum(count / max(num_items - 1, 1), 1.0)
    beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    of_negatives = tf.reduce_sum(tf.where(negative, tf.nn.softplus(logits), 0.0), axis=1)
    return (beta * tf.nn.softplus(-target_logit) + of_negatives) / (count + 1)


def _count(negative: Any) -> Any:
    return tf.maximum(tf.reduce_sum(tf.cast(negative, tf.float32), axis=1), 1.0)
