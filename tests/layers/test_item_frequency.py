from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo.layers import ItemFrequency


def test_streaming_follows_the_running_mean_of_intervals() -> None:
    layer = ItemFrequency(5, "streaming", momentum=0.3)
    layer.build()
    batches = [[2, 3, 2], [3], [2, 2, 2, 4], [4, 3]]
    last, interval = dict.fromkeys(range(5), 0.0), dict.fromkeys(range(5), 5.0)
    for step, batch in enumerate(batches, start=1):
        layer.update(tf.constant(batch))
        for item in set(batch):
            interval[item] = 0.7 * interval[item] + 0.3 * (step - last[item]) / batch.count(item)
            last[item] = step
    found = layer(tf.range(5), batch_size=3)
    np.testing.assert_allclose(found, [-np.log(interval[item]) for item in range(5)], rtol=1e-5)


def test_streaming_finds_the_expected_number_in_a_batch() -> None:
    rng = np.random.default_rng(0)
    share = np.array([0, 0, 0.6, 0.3, 0.08, 0.02])
    layer = ItemFrequency(6, "streaming", momentum=0.02)
    layer.build()
    update = tf.function(layer.update)
    for _ in range(1500):
        update(tf.constant(rng.choice(6, size=8, p=share), tf.int32))
    found = np.exp(layer(tf.range(2, 6), batch_size=8).numpy())
    np.testing.assert_allclose(found, 8 * share[2:], rtol=0.5)
    assert (np.diff(found) < 0).all()


def test_counted_is_the_share_times_the_batch() -> None:
    layer = ItemFrequency(4, "counted")
    layer.build()
    layer.set_counts([0, 0, 30, 70])
    expected = np.log(16 * np.array([1, 1, 30, 70]) / 102)
    np.testing.assert_allclose(layer(tf.range(4), batch_size=16), expected, rtol=1e-5)


def test_counts_go_with_counted_alone() -> None:
    layer = ItemFrequency(4, "streaming")
    layer.build()
    with pytest.raises(ValueError, match="goes with frequency 'counted'"):
        layer.set_counts([1, 2, 3, 4])
    with pytest.raises(ValueError, match="Unknown frequency"):
        ItemFrequency(4, "guessed")
