from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo.losses import accidental_hits, bpr, candidate_softmax, full_softmax, gbce

RNG = np.random.default_rng(0)


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


def test_rows_of_one_user_share_its_positives() -> None:
    targets, candidates = tf.constant([2, 3, 4]), tf.constant([2, 3, 4, 5, 6])
    positives, owner = tf.constant([[5, 0], [6, 2]]), tf.constant([1, 0, 1])
    found = accidental_hits(targets, candidates, positives, owner)
    expected = accidental_hits(targets, candidates, tf.gather(positives, owner))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found[0], [True, False, False, False, True])


def case(p: int = 6, c: int = 9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    negative = RNG.random((p, c)) < 0.7
    negative[0] = False
    return RNG.normal(size=p), RNG.normal(size=(p, c)), negative


def tensors(target: np.ndarray, logits: np.ndarray, negative: np.ndarray) -> tuple[tf.Tensor, ...]:
    return tf.constant(target, tf.float32), tf.constant(logits, tf.float32), tf.constant(negative)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_candidate_softmax_against_a_plain_reading(smoothing: float) -> None:
    target, logits, negative = case()
    expected = []
    for row in range(len(target)):
        everything = np.append(target[row], logits[row][negative[row]])
        log_probability = everything - np.log(np.exp(everything).sum())
        wanted = np.full(len(everything), smoothing / len(everything))
        wanted[0] += 1 - smoothing
        expected.append(-(wanted * log_probability).sum())
    found = candidate_softmax(*tensors(target, logits, negative), smoothing)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_bpr_against_a_plain_reading() -> None:
    target, logits, negative = case()
    expected = [
        np.mean([np.log1p(np.exp(value - target[row])) for value in logits[row][negative[row]]])
        if negative[row].any()
        else 0.0
        for row in range(len(target))
    ]
    np.testing.assert_allclose(bpr(*tensors(target, logits, negative)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
def test_gbce_against_a_plain_reading(calibration: float) -> None:
    target, logits, negative = case()
    negative[0, 0] = True
    num_items = 50
    expected = []
    for row in range(len(target)):
        chosen = logits[row][negative[row]]
        rate = len(chosen) / (num_items - 1)
        beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)
        log_positive = beta * np.log(1 / (1 + np.exp(-target[row])))
        expected.append(-(log_positive + np.log(1 - 1 / (1 + np.exp(-chosen))).sum()) / (len(chosen) + 1))
    found = gbce(*tensors(target, logits, negative), num_items=num_items, calibration=calibration)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    if calibration == 0:
        assert beta == pytest.approx(1)


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
    full = float(full_softmax(tf.constant(query), tf.constant(items), tf.constant([target])))
    logits, negative = query @ items[drawn].T, (drawn != target)[None]

    def sampled(correction: np.ndarray) -> float:
        return float(candidate_softmax(*tensors(query @ items[target], logits - correction, negative))[0])

    assert abs(sampled(log_q[drawn]) - full) < 0.05
    assert abs(sampled(np.zeros(s)) - full) > 1


@pytest.mark.parametrize("loss", [candidate_softmax, bpr])
def test_a_row_without_negatives_has_no_loss_and_finite_gradients(loss) -> None:
    logits = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        found = loss(logits[:, 0], logits, tf.constant([[False, False]]))
    np.testing.assert_allclose(found, [0.0], atol=1e-6)
    assert np.isfinite(tape.gradient(found, logits).numpy()).all()
