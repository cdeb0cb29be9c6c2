from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo.losses import accidental_hits, candidate_softmax, full_softmax

RNG = np.random.default_rng(0)


def log_softmax_loss(target_logit: float, logits: np.ndarray) -> float:
    everything = np.append(logits, target_logit).astype(np.float64)
    return float(np.log(np.exp(everything - everything.max()).sum()) + everything.max() - target_logit)


def test_full_softmax_leaves_out_padding_and_unknown() -> None:
    query, items = RNG.normal(size=(3, 4)), RNG.normal(size=(6, 4))
    items[:2] *= 100
    targets = np.array([2, 5, 3])
    expected = []
    for row in range(3):
        scores = items[2:] @ query[row] / 0.7
        expected.append(np.log(np.exp(scores).sum()) - scores[targets[row] - 2])
    found = full_softmax(
        *(tf.constant(v, tf.float32) for v in (query, items)), tf.constant(targets, tf.int32), 0.7
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("with_positives", [False, True])
@pytest.mark.parametrize("b", [1, 7, 30])
def test_accidental_hits_against_a_plain_reading(b: int, with_positives: bool) -> None:
    rng = np.random.default_rng(b)
    targets = rng.integers(2, 12, size=b).astype(np.int32)
    candidates = np.concatenate([targets, rng.integers(0, 15, size=9)]).astype(np.int32)
    positives = rng.integers(0, 15, size=(b, 4)).astype(np.int32)
    expected = np.zeros((b, len(candidates)), dtype=bool)
    for row in range(b):
        for column, candidate in enumerate(candidates):
            liked = with_positives and candidate in positives[row]
            expected[row, column] = candidate < 2 or candidate == targets[row] or liked
    found = accidental_hits(
        tf.constant(targets), tf.constant(candidates), tf.constant(positives) if with_positives else None
    )
    np.testing.assert_array_equal(found, expected)


def test_a_user_without_known_items_has_only_its_own_hit() -> None:
    found = accidental_hits(tf.constant([4]), tf.constant([4, 5, 6]), tf.zeros([1, 0], tf.int32))
    np.testing.assert_array_equal(found, [[True, False, False]])


@pytest.mark.parametrize("log_q", [False, True])
@pytest.mark.parametrize("removal", [False, True])
def test_candidate_softmax_against_a_plain_reading(log_q: bool, removal: bool) -> None:
    b, c, d, temperature = 5, 8, 3, 0.3
    query, target_vectors = RNG.normal(size=(b, d)), RNG.normal(size=(b, d))
    candidate_vectors = RNG.normal(size=(c, d))
    targets, candidates = np.array([2, 3, 4, 5, 2]), np.array([2, 3, 4, 5, 2, 9, 8, 1])
    positives = np.array([[9, 0], [0, 0], [8, 2], [3, 0], [5, 4]])
    target_q, candidate_q = np.log(RNG.uniform(0.1, 3, b)), np.log(RNG.uniform(0.1, 3, c))
    expected = []
    for row in range(b):
        own = query[row] @ target_vectors[row] / temperature - (target_q[row] if log_q else 0)
        others = []
        for column in range(c):
            if candidates[column] < 2 or candidates[column] == targets[row]:
                continue
            if removal and candidates[column] in positives[row]:
                continue
            logit = query[row] @ candidate_vectors[column] / temperature
            others.append(logit - (candidate_q[column] if log_q else 0))
        expected.append(log_softmax_loss(own, np.array(others)))
    found = candidate_softmax(
        *(tf.constant(v, tf.float32) for v in (query, target_vectors, candidate_vectors)),
        tf.constant(targets, tf.int32),
        tf.constant(candidates, tf.int32),
        temperature=temperature,
        targets_log_q=tf.constant(target_q, tf.float32) if log_q else None,
        candidates_log_q=tf.constant(candidate_q, tf.float32) if log_q else None,
        positives=tf.constant(positives, tf.int32),
        remove_accidental_hits=removal,
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_log_q_makes_a_popularity_sample_estimate_the_full_softmax() -> None:
    """With many draws, the corrected loss nears the loss over all items; the uncorrected one does not."""
    rng = np.random.default_rng(1)
    n, d, s = 20, 4, 40_000
    items, query = rng.normal(size=(n + 2, d)), rng.normal(size=(1, d))
    share = np.arange(1, n + 1) ** 2.0
    share /= share.sum()
    target = 7
    drawn = rng.choice(np.arange(2, n + 2), size=s, p=share)
    log_q = np.log(s * np.concatenate([[1, 1], share]))
    full = float(full_softmax(tf.constant(query), tf.constant(items), tf.constant([target]))[0])

    def sampled(corrected: bool) -> float:
        return float(
            candidate_softmax(
                tf.constant(query, tf.float32),
                tf.constant(items[[target]], tf.float32),
                tf.constant(items[drawn], tf.float32),
                tf.constant([target]),
                tf.constant(drawn, tf.int32),
                targets_log_q=tf.zeros([1]) if corrected else None,
                candidates_log_q=tf.constant(log_q[drawn], tf.float32) if corrected else None,
            )[0]
        )

    assert abs(sampled(True) - full) < 0.05
    assert abs(sampled(False) - full) > 1


def test_a_masked_batch_has_no_loss_and_finite_gradients() -> None:
    query = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        loss = candidate_softmax(query, query * 1.0, query * 1.0, tf.constant([3]), tf.constant([3]))
    np.testing.assert_allclose(loss, [0.0], atol=1e-6)
    assert np.isfinite(tape.gradient(loss, query).numpy()).all()
