from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrec_zoo._errors import DataError
from tfrec_zoo.features import Vocabulary

TOKENS = st.lists(
    st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1),
    unique=True,
    max_size=30,
)


def test_most_frequent_first_and_ties_by_string() -> None:
    vocabulary = Vocabulary.fit(["b", "c", "a", "c", "b", "d", "c"])
    assert vocabulary.tokens == ["c", "b", "a", "d"]
    assert len(vocabulary) == 6


def test_unused_categories_are_no_tokens() -> None:
    values = pd.Categorical(["x", "y", "x"], categories=["never", "y", "x"])
    assert Vocabulary.fit(values).tokens == ["x", "y"]


def test_pad_is_zero_and_unknown_is_one() -> None:
    vocabulary = Vocabulary(["a", "b"])
    looked_up = vocabulary.lookup(np.array([["a", ""], ["?", "b"]], dtype=object))
    np.testing.assert_array_equal(looked_up, [[2, 0], [1, 3]])
    assert looked_up.dtype == np.int32


def test_lookup_of_categories_equals_lookup_of_strings() -> None:
    vocabulary = Vocabulary(["a", "b", "c"])
    strings = np.array(["c", "z", "a", "c"], dtype=object)
    np.testing.assert_array_equal(vocabulary.lookup(pd.Categorical(strings)), vocabulary.lookup(strings))


@given(TOKENS)
def test_strings_undo_lookup_and_files_keep_tokens(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str]
) -> None:
    vocabulary = Vocabulary(tokens)
    path = tmp_path_factory.mktemp("vocabulary") / "tokens.txt"
    vocabulary.save(path)
    again = Vocabulary.load(path)
    assert again.tokens == tokens
    raw = np.array(tokens, dtype=object)
    assert list(again.strings(again.lookup(raw))) == tokens


def test_extending_keeps_the_old_indices() -> None:
    old = Vocabulary(["a", "b"])
    new = old.extend(["c"])
    assert [int(new.lookup(np.array([t], dtype=object))[0]) for t in "abc"] == [2, 3, 4]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [(["a", ""], "non-empty"), (["a\nb"], "on one line"), (["a", "b", "a"], "distinct. Received twice: 'a'")],
)
def test_refuses_tokens_that_a_file_could_not_hold(tokens: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Vocabulary(tokens)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(DataError, match=r"no file at .*nothing.txt"):
        Vocabulary.load(tmp_path / "nothing.txt")
