"""The examples of TensorFlow Serving's documentation of its REST API, and what must be refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrec_zoo._errors import DataError
from tfrec_zoo.serving.server.rest import (
    error_body,
    is_by_row,
    read_inputs,
    read_object,
    signature_of,
    write_predict,
)


def tensor(dtype: str, *shape: int | None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape)}


THREE = {
    "tag": tensor("string", None),
    "signal": tensor("int64", None, None),
    "sensor": tensor("float32", None, 2, 2),
}
BY_ROW = """{"instances": [
   {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
   {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]}]}"""
BY_COLUMN = """{"inputs": {
   "tag": ["foo", "bar"],
   "signal": [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]],
   "sensor": [[[1, 2], [3, 4]], [[4, 5], [6, 8]]]}}"""


def read(body: str, specs: dict[str, Any]) -> dict[str, Any]:
    return read_inputs(read_object(body.encode()), specs)


@pytest.mark.parametrize("body", [BY_ROW, BY_COLUMN])
def test_both_forms_are_the_same_arrays(body: str) -> None:
    found = read(body, THREE)
    assert found["tag"].tolist() == [b"foo", b"bar"]
    np.testing.assert_array_equal(found["signal"], [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]])
    np.testing.assert_array_equal(found["sensor"], [[[1, 2], [3, 4]], [[4, 5], [6, 8]]])
    assert [found[name].dtype for name in THREE] == [object, np.int64, np.float32]
    assert is_by_row(read_object(body.encode())) == ("instances" in body)


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_one_input_may_be_given_bare(key: str) -> None:
    one = {"x": tensor("string", None)}
    assert read(f'{{"{key}": ["foo", "bar", "baz"]}}', one)["x"].tolist() == [b"foo", b"bar", b"baz"]
    pairs = {"x": tensor("float32", None, 1, 2)}
    np.testing.assert_array_equal(
        read(f'{{"{key}": [[[1, 2]], [[3, 4]]]}}', pairs)["x"], [[[1, 2]], [[3, 4]]]
    )
    assert read('{"inputs": 3}', {"x": tensor("int32")})["x"].tolist() == 3


def test_binary_strings_come_in_base64() -> None:
    one = {"x": tensor("string", None)}
    body = '{"instances": [{"b64": "/w=="}, {"b64": ""}, "seaside"]}'
    assert read(body, one)["x"].tolist() == [b"\xff", b"", b"seaside"]
    named = '{"instances": [{"x": {"b64": "aW1hZ2UgYnl0ZXM="}}]}'
    assert read(named, one)["x"].tolist() == [b"image bytes"]
    with pytest.raises(DataError, match="type string"):
        read('{"instances": [{"b64": "a"}]}', one)
    with pytest.raises(DataError, match="Missing"):
        read('{"instances": [{"b64": "", "c": ""}]}', one)


def test_tokens_that_json_does_not_have_are_read_and_written() -> None:
    found = read('{"inputs": [1.0, -3.14, NaN, Infinity, -Infinity]}', {"x": tensor("float32", None)})["x"]
    np.testing.assert_array_equal(found, np.array([1, -3.14, np.nan, np.inf, -np.inf], np.float32))
    assert write_predict({"x": found}, False) == b'{"outputs": [1.0, -3.14, NaN, Infinity, -Infinity]}'


def test_answers_have_the_documented_forms() -> None:
    one = {"y": np.array([3.5, 4.0, 5.5], np.float32)}
    assert write_predict(one, True) == b'{"predictions": [3.5, 4.0, 5.5]}'
    assert write_predict(one, False) == b'{"outputs": [3.5, 4.0, 5.5]}'
    two = {
        "ids": np.array([[b"a", "\u00e9".encode()], [b"", b"d"]], object),
        "n": np.array([0.2, 1e9], np.float32),
    }
    assert json.loads(write_predict(two, True)) == {
        "predictions": [{"ids": ["a", "\u00e9"], "n": 0.2}, {"ids": ["", "d"], "n": 1e9}]
    }
    assert json.loads(write_predict(two, False)) == {
        "outputs": {"ids": [["a", "\u00e9"], ["", "d"]], "n": [0.2, 1e9]}
    }
    assert b"0.2," in write_predict(two, False), "no digits that float32 does not have"
    assert write_predict({"x_bytes": np.array([b"\xff"], object)}, False) == b'{"outputs": [{"b64": "/w=="}]}'
    assert error_body('a "quoted" word') == b'{"error": "a \\"quoted\\" word"}'
    with pytest.raises(DataError, match="batch size"):
        write_predict({"a": np.zeros(2), "b": np.zeros(3)}, True)
    with pytest.raises(DataError, match="batch size"):
        write_predict({"a": np.zeros(2), "b": np.array(3)}, True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "JSON Parse error"),
        ("[" * 100_000, "JSON Parse error"),
        ("\ud800", "JSON Parse error"),
        ("[1]", "must be a JSON object"),
        ("{}", "one of the keys"),
        ('{"instances": [1], "inputs": [1]}', "one of the keys"),
        ('{"instances": []}', "at least one row"),
        ('{"instances": 3}', "at least one row"),
        ('{"instances": ["foo"]}', "list of objects"),
        ('{"inputs": ["foo"]}', "must be an object"),
        (BY_ROW.replace('"tag": "bar", ', ""), r"Row 1 of 'instances'.*Missing: \['tag'\]"),
        (BY_ROW.replace('"tag": "bar"', '"tag": "bar", "more": 1'), r"Row 1.*Surplus: \['more'\]"),
        (BY_COLUMN.replace('"tag": ["foo", "bar"],', ""), r"'inputs'.*Missing: \['tag'\]"),
        (BY_COLUMN.replace('"tag"', '"more": 1, "tag"'), r"'inputs'.*Surplus: \['more'\]"),
        (BY_ROW.replace('{"tag": "foo"', '3, {"tag": "foo"'), "list of objects"),
        (BY_ROW.replace("[4, 5]", "[4]"), "'sensor' must not be ragged"),
        (BY_ROW.replace("[[4, 5], [6, 8]]", "[4, 5]"), "'sensor' must not be ragged"),
        (BY_ROW.replace("[3, 4, 1, 2, 5]", "[3]"), "'signal' must not be ragged"),
        (BY_COLUMN.replace("[[[1, 2], [3, 4]], [[4, 5], [6, 8]]]", "[[[1, 2]]]"), r"shape \[-1, 2, 2\]"),
        (BY_COLUMN.replace('["foo", "bar"]', '"foo"'), r"'tag' must have the shape \[-1\]. Received: \[\]"),
        (BY_ROW.replace('"foo"', "3"), "'tag' must hold values of type string. Received: 3"),
        (BY_ROW.replace('"foo"', "null"), "type string. Received: null"),
        (BY_ROW.replace('"foo"', r'"\ud800"'), "type string"),
        (BY_ROW.replace("[1, 2, 3, 4, 5]", "[1, 2, 3, 4, 5.0]"), "type int64. Received: 5.0"),
        (BY_ROW.replace("[1, 2, 3, 4, 5]", "[1, 2, 3, 4, true]"), "type int64. Received: true"),
        (BY_ROW.replace("[1, 2, 3, 4, 5]", f"[1, 2, 3, 4, {2**70}]"), "type int64"),
        (BY_ROW.replace("[3, 4]]", '[3, "4"]]'), 'type float32. Received: "4"'),
        (BY_ROW.replace("[3, 4]]", "[3, 1e39]]"), "type float32. Received: a number beyond its range"),
        (BY_ROW.replace("[3, 4]]", f"[3, {10**400}]]"), "type float32"),
    ],
)
def test_what_is_no_request_is_refused(body: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_inputs(read_object(body.encode(errors="surrogatepass")), THREE)


def test_people_must_be_as_many_in_every_input() -> None:
    specs = {"history": tensor("string", None, None), "exclude": tensor("string", None, None)}
    specs["allow"] = tensor("string", None)
    with pytest.raises(DataError, match=r"the same number of rows\. Received: .'history': 2, 'exclude': 1}"):
        read('{"inputs": {"history": [["a"], ["b"]], "exclude": [["c"]], "allow": []}}', specs)
    assert len(read('{"inputs": {"history": [["a"]], "exclude": [["c"]], "allow": ["d", "e"]}}', specs)) == 3


def test_a_scalar_has_no_row_form() -> None:
    specs = {"item_id": tensor("string", None), "k": tensor("int32")}
    assert read('{"inputs": {"item_id": ["a"], "k": 3}}', specs)["k"] == 3
    with pytest.raises(DataError, match=r"'k' must have the shape .*by 'inputs'"):
        read('{"instances": [{"item_id": "a", "k": 3}]}', specs)


def test_no_name_is_the_default_signature() -> None:
    signatures = {"serving_default": {}, "score": {}}
    assert (
        signature_of({}, signatures) == signature_of({"signature_name": ""}, signatures) == "serving_default"
    )
    assert signature_of({"signature_name": "score"}, signatures) == "score"
    with pytest.raises(DataError, match=r'"scores" not found in .*serving_default'):
        signature_of({"signature_name": "scores"}, signatures)
    with pytest.raises(DataError, match="must be a string"):
        signature_of({"signature_name": 3}, signatures)


def test_lists_may_be_empty() -> None:
    assert read('{"inputs": [[], []]}', {"x": tensor("string", None, None)})["x"].shape == (2, 0)
    assert read('{"inputs": []}', {"x": tensor("string", None)})["x"].shape == (0,)


@given(st.lists(st.lists(st.floats(width=32), min_size=2, max_size=2), min_size=1))
def test_numbers_come_back_as_they_were(rows: list[list[float]]) -> None:
    array = np.array(rows, np.float32)
    body = write_predict({"x": array}, True).decode().replace("predictions", "instances")
    np.testing.assert_array_equal(read(body, {"x": tensor("float32", None, 2)})["x"], array)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_strings_come_back_as_they_were(values: list[str]) -> None:
    array = np.array([value.encode() for value in values], object)
    body = write_predict({"x": array}, False).decode().replace("outputs", "inputs")
    assert read(body, {"x": tensor("string", None)})["x"].tolist() == array.tolist()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["tag", "b64"]), inner),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for key in ("instances", "inputs"):
        for specs in (THREE, {"x": tensor("string", None, None)}, {"x": tensor("float32", None)}):
            with contextlib.suppress(DataError):
                read(json.dumps({key: value}), specs)
