from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo.losses import full_softmax

RNG = np.random.default_rng(0)


def test_against_a_plain_reading_without_padding_and_unknown() -> None:
    query, items = RNG.normal(size=(3, 4)), RNG.normal(size=(6, 4))
    items[:2] *= 100
    targets, weights = np.array([2, 5, 3]), np.array([1.0, 0.5, 3.0])
    expected = 0.0
    for row in range(3):
        scores = items[2:] @ query[row] / 0.7
        expected += weights[row] * (np.log(np.exp(scores).sum()) - scores[targets[row] - 2])
    found = full_softmax(
        *(tf.constant(values, tf.float32) for values in (query, items)),
        tf.constant(targets, tf.int32),
        tf.constant(weights),
        temperature=0.7,
    )
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize(("rows", "block_size"), [(1, 4), (8, 4), (11, 4), (11, 512)])
def test_blocks_equal_the_plain_loss_in_value_and_gradient(rows: int, block_size: int, scale: float) -> None:
    query = tf.Variable(RNG.normal(size=(rows, 6)) * scale, dtype=tf.float32)
    items = tf.Variable(RNG.normal(size=(40, 6)), dtype=tf.float32)
    targets = tf.constant(RNG.integers(2, 40, size=rows), tf.int32)
    weights = tf.constant(RNG.random(rows), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        blocks = 3 * full_softmax(query, items, targets, weights, temperature=0.5, block_size=block_size)
        logits = tf.matmul(query, items[2:], transpose_b=True) / 0.5
        plain = tf.nn.sparse_softmax_cross_entropy_with_logits(targets - 2, logits)
        plain = 3 * tf.reduce_sum(weights * plain)
    np.testing.assert_allclose(blocks, plain, rtol=1e-5)
    for variable in (query, items):
        found, expected = (tf.convert_to_tensor(tape.gradient(loss, variable)) for loss in (blocks, plain))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale)


def test_no_score_matrix_of_all_rows_is_held() -> None:
    rows, num_items, block_size = 4096, 4000, 256

    @tf.function
    def step(query: tf.Tensor, items: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch([query, items])
            loss = full_softmax(query, items, targets, block_size=block_size)
        return tape.gradient(loss, [query, items])

    graph = step.get_concrete_function(
        tf.TensorSpec([rows, 8]), tf.TensorSpec([num_items, 8]), tf.TensorSpec([rows], tf.int32)
    ).graph
    largest = 0
    for function in [graph, *(f.graph for f in graph._functions.values() if hasattr(f, "graph"))]:
        for operation in function.get_operations():
            for tensor in operation.outputs:
                if tensor.shape.is_fully_defined():
                    largest = max(largest, tensor.shape.num_elements())
    assert 0 < largest < rows * num_items / 2


def test_half_precision_sums_in_full() -> None:
    query, items = RNG.normal(size=(300, 8)), RNG.normal(size=(50, 8))
    targets = tf.constant(RNG.integers(2, 50, size=300), tf.int32)
    losses = [
        full_softmax(tf.constant(query, dtype), tf.constant(items, dtype), targets, block_size=64)
        for dtype in (tf.float32, tf.bfloat16)
    ]
    assert losses[1].dtype == tf.float32
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.01)
