"""The tables' names, and which way is better."""

from __future__ import annotations

import pytest

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo.metrics import LIST_METRICS, RANK_METRICS, higher_is_better
from tfrec_zoo.metrics.registry import name_and_length


def test_a_name_is_in_one_table() -> None:
    assert not RANK_METRICS.keys() & LIST_METRICS.keys()


def test_what_a_name_says() -> None:
    assert name_and_length("diversity@20") == ("diversity", 20)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'coverage@K'\?"):
        name_and_length("covrage@10")
    for wrong in ("coverage", "coverage@", "coverage@0", "coverage@ten"):
        with pytest.raises(ValueError, match="A metric must name its list length"):
            name_and_length(wrong)


def test_which_way_is_better() -> None:
    lower = {"gini", "popularity", "calibration"}
    for name in (*RANK_METRICS, *LIST_METRICS):
        assert higher_is_better(f"{name}@10") is (name not in lower), name
    assert higher_is_better("a metric of somebody else's callback")
