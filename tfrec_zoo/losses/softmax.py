"""Softmax cross-entropy over the catalogue, the batch or a sample."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfrec_zoo.losses.accidental_hits import accidental_hits
from tfrec_zoo.schema import NUM_RESERVED


def full_softmax(query: Any, item_vectors: Any, targets: Any, temperature: float = 1.0) -> Any:
    """Cross-entropy against every item of the catalogue.

    Args:
        query: float [B, D].
        item_vectors: vectors of all catalogue rows, float [N, D]; PAD and OOV take no part.
        targets: int32 [B], no PAD or OOV.
        temperature: divides the scores.

    Returns:
        Loss of each row, float32 [B].
    """
    logits = tf.matmul(query, item_vectors[NUM_RESERVED:], transpose_b=True)
    logits = tf.cast(logits, tf.float32) / temperature
    return tf.nn.sparse_softmax_cross_entropy_with_logits(targets - NUM_RESERVED, logits)


def candidate_softmax(
    query: Any,
    target_vectors: Any,
    candidate_vectors: Any,
    targets: Any,
    candidates: Any,
    *,
    temperature: float = 1.0,
    targets_log_q: Any = None,
    candidates_log_q: Any = None,
    positives: Any = None,
    remove_accidental_hits: bool = True,
) -> Any:
    """Cross-entropy of each row's item against candidates that all rows share.

    With the batch's own items as candidates this is the in-batch softmax (Yi et al. 2019, equation 4); with
    drawn ones, the sampled softmax (Jean et al. 2015); with both, mixed negative sampling (Yang et al.
    2020, section 3.3). log Q is taken from the logits so that the softmax estimates the full one.

    Args:
        query: float [B, D].
        target_vectors: vectors of the rows' items, float [B, D].
        candidate_vectors: float [C, D].
        targets: int32 [B].
        candidates: int32 [C]; may hold the targets themselves.
        temperature: divides the scores, before the correction.
        targets_log_q: log of the expected number of times that each target is a candidate, float [B].
        candidates_log_q: the same for the candidates, float [C].
        positives: the users' known items, int32 [B, P].
        remove_accidental_hits: whether candidates that the user likes are masked. The row's own item always
            is, since it stands beside the candidates.

    Returns:
        Loss of each row, float32 [B].
    """
    target_logit = tf.cast(tf.reduce_sum(query * target_vectors, axis=-1), tf.float32) / temperature
    logits = tf.cast(tf.matmul(query, candidate_vectors, transpose_b=True), tf.float32) / temperature
    if targets_log_q is not None:
        target_logit -= targets_log_q
        logits -= candidates_log_q[None, :]
    hits = accidental_hits(targets, candidates, positives if remove_accidental_hits else None)
    logits = tf.where(hits, logits.dtype.min, logits)
    return tf.reduce_logsumexp(tf.concat([target_logit[:, None], logits], axis=1), axis=1) - target_logit
