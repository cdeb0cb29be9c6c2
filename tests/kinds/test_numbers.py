"""Numbers, scaled and bucketed, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.tables import Items
from tfrec_zoo.kinds.bucketed_number import BucketedNumber
from tfrec_zoo.kinds.number import Number


def test_a_price_is_scaled_and_an_unknown_one_is_the_mean() -> None:
    prices = np.array([1.0, 2.0, np.nan, 6.0])
    number = Number.fit(prices)
    known = np.array([1.0, 2.0, 6.0])
    expected = [*(known[:2] - known.mean()) / known.std(), 0.0, (6.0 - known.mean()) / known.std()]
    np.testing.assert_allclose(number(prices), expected, rtol=1e-6)
    np.testing.assert_array_equal(number(np.array([np.inf, 1e300])), [0, 0])
    assert Number.fit(np.array([np.nan])) == Number(0.0, 1.0)
    assert Number.fit(np.array([7, 7])) == Number(7.0, 1.0)


def test_buckets_hold_as_many_rows_each() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=1600)).astype(np.float32)
    kind = BucketedNumber.fit(values)
    buckets = kind(values)
    assert buckets.shape == (1600, 1)
    assert kind.feature("price").vocabulary_size == 2 + 16
    np.testing.assert_array_equal(np.bincount(buckets[:, 0]), [0, 0] + [100] * 16)
    order = np.argsort(values, kind="stable")
    assert (np.diff(buckets[order, 0]) >= 0).all()
    np.testing.assert_array_equal(kind(np.array([np.nan, -1e30, 1e30])), [[0], [2], [17]])


def test_few_values_make_few_buckets() -> None:
    kind = BucketedNumber.fit(np.array([1, 1, 1, 5, 5, np.nan]))
    assert kind.bounds == (5.0,)
    np.testing.assert_array_equal(kind(np.array([0.0, 1, 4.9, 5, 9, np.nan])), [[2], [2], [2], [3], [3], [0]])
    for values in ([4, 4], [np.nan], []):
        assert BucketedNumber.fit(np.array(values)).bounds == ()


def test_a_graph_puts_a_bound_into_the_bucket_that_it_begins() -> None:
    kind = BucketedNumber((1.5, 2.5))
    raw = np.array([1.4999, 1.5, 2.5, np.nan, np.inf], np.float32)
    np.testing.assert_array_equal(kind(raw)[:, 0], [2, 3, 4, 0, 0])
    np.testing.assert_array_equal(kind.encode(tf.constant(raw), None)[:, 0], [2, 3, 4, 0, 0])
    np.testing.assert_array_equal(BucketedNumber(()).encode(tf.constant(raw), None)[:, 0], [2, 2, 2, 0, 0])


def test_what_is_no_number_is_named() -> None:
    with pytest.raises(
        DataError, match=r"`price` must hold numbers.* Received: 'abc' for 'b'.*'price:category'"
    ):
        Items(["a", "b"], price=["3.50", "abc"], kinds={"price": "number"})
    items = Items(["a", "b", "c"], price=["3.50", "", None], kinds={"price": "bucketed_number"})
    np.testing.assert_array_equal(items.columns["price"], [3.5, np.nan, np.nan])


def test_a_slip_in_a_table_is_no_farther_than_eight_deviations() -> None:
    price = Number.fit(np.array([1.0, 3.0]))
    raw = np.array([2.0, 1e6, -1e30, 17.0, np.inf, np.nan], np.float32)
    expected = [0.0, 8.0, -8.0, 8.0, 0.0, 0.0]
    np.testing.assert_allclose(price(raw), expected)
    np.testing.assert_allclose(price.encode(tf.constant(raw), None), expected)
