from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tfrec_zoo.training import LazyAdam

RNG = np.random.default_rng(0)


def apply(optimizer, variable, rows_and_values) -> None:
    for rows, values in rows_and_values:
        gradient = tf.IndexedSlices(tf.constant(values, tf.float32), tf.constant(rows), tf.constant([5, 2]))
        optimizer.apply([gradient], [variable])


def test_only_the_rows_of_a_batch_move_and_repeated_rows_add_up() -> None:
    table = keras.Variable(RNG.normal(size=(5, 2)), dtype="float32")
    start = table.numpy().copy()
    optimizer = LazyAdam(0.1)
    steps = [([1, 3, 1], RNG.normal(size=(3, 2))), ([3], RNG.normal(size=(1, 2)))]
    apply(optimizer, table, steps)
    expected = start.astype(np.float64)
    m, v = np.zeros((5, 2)), np.zeros((5, 2))
    for step, (rows, values) in enumerate(steps, start=1):
        for row in set(rows):
            g = values[np.array(rows) == row].sum(axis=0)
            m[row] = 0.9 * m[row] + 0.1 * g
            v[row] = 0.999 * v[row] + 0.001 * g**2
            corrected = m[row] / (1 - 0.9**step), v[row] / (1 - 0.999**step)
            expected[row] -= 0.1 * corrected[0] / (np.sqrt(corrected[1]) + 1e-7 / np.sqrt(1 - 0.999**step))
    np.testing.assert_allclose(table.numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(table.numpy()[[0, 2, 4]], start[[0, 2, 4]])


def test_it_is_adam_where_every_row_is_read() -> None:
    tables = [keras.Variable(np.ones((5, 2)), dtype="float32") for _ in range(2)]
    steps = [(list(range(5)), RNG.normal(size=(5, 2))) for _ in range(4)]
    for optimizer, table in zip((LazyAdam(0.05), keras.optimizers.Adam(0.05)), tables, strict=True):
        apply(optimizer, table, steps)
    np.testing.assert_allclose(tables[0].numpy(), tables[1].numpy(), rtol=1e-5)


def test_dense_gradients_are_updated_as_by_adam_and_the_config_survives() -> None:
    values = [keras.Variable(np.ones(3), dtype="float32") for _ in range(2)]
    lazy = keras.optimizers.deserialize(keras.optimizers.serialize(LazyAdam(0.05, beta_1=0.8)))
    assert isinstance(lazy, LazyAdam)
    for optimizer, value in zip((lazy, keras.optimizers.Adam(0.05, beta_1=0.8)), values, strict=True):
        optimizer.apply([tf.constant([0.1, -0.2, 0.3])], [value])
    np.testing.assert_allclose(values[0].numpy(), values[1].numpy(), rtol=1e-6)
