from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.encoded_examples import encoded_from_lists
from tfrec_zoo._errors import DataError
from tfrec_zoo.pipelines import pairs, read_tfrecords, write_tfrecords


@pytest.fixture
def examples() -> tf.data.Dataset:
    encoded = encoded_from_lists(
        [list(range(2, 30)), [3, 4]], weight=np.arange(30) + 1.0, profile={"age": [0.5, 2.0]}
    )
    return pairs(encoded, batch_size=4, max_history_length=3, shuffle=False)


def same(a: tf.data.Dataset, b: tf.data.Dataset) -> None:
    assert a.element_spec == b.element_spec
    pairs_of_batches = list(zip(a, b, strict=True))
    for left, right in pairs_of_batches:
        for x, y in zip(tf.nest.flatten(left), tf.nest.flatten(right), strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("num_shards", [1, 3, 20])
def test_records_hold_the_same_examples_in_the_same_order(examples, tmp_path, num_shards: int) -> None:
    assert write_tfrecords(examples, tmp_path / "records", num_shards=num_shards) == 8
    same(examples, read_tfrecords(tmp_path / "records", shuffle=False))
    assert len(list((tmp_path / "records").glob("*.tfrecord"))) == num_shards


def test_shuffled_reading_has_every_batch_and_repeats_under_a_seed(examples, tmp_path) -> None:
    write_tfrecords(examples, tmp_path / "records", num_shards=4)

    def targets(seed: int) -> list[list[int]]:
        return [y.numpy().tolist() for _, y, _ in read_tfrecords(tmp_path / "records", seed=seed)]

    plain = [y.numpy().tolist() for _, y, _ in examples]
    assert sorted(targets(1)) == sorted(plain)
    assert targets(1) == targets(1)
    assert targets(1) != plain


def test_a_failure_leaves_nothing_behind(tmp_path) -> None:
    broken = tf.data.Dataset.from_tensor_slices([1.0, np.nan]).map(
        lambda x: tf.debugging.check_numerics(x, "broken")
    )
    with pytest.raises(tf.errors.InvalidArgumentError):
        write_tfrecords(broken, tmp_path / "records")
    assert not list(tmp_path.iterdir())


def test_refusals(examples, tmp_path) -> None:
    write_tfrecords(examples, tmp_path / "records", num_shards=2)
    with pytest.raises(DataError, match="must not exist yet"):
        write_tfrecords(examples, tmp_path / "records")
    (tmp_path / "records" / "00001-of-00002.tfrecord").unlink()
    with pytest.raises(DataError, match="hold every shard"):
        read_tfrecords(tmp_path / "records")
    with pytest.raises(DataError, match=r"must hold examples.json"):
        read_tfrecords(tmp_path)
