"""Tables that others may add to."""

from __future__ import annotations

import pytest

from tfrec_zoo._errors import UnknownNameError
from tfrec_zoo._registry import Registry


def test_entries_join_and_leave() -> None:
    sizes = Registry("size", {"small": 1})
    sizes.register("large", 2)
    sizes.register("large", 2)
    assert dict(sizes) == {"small": 1, "large": 2}
    assert sizes.find("large") == 2
    assert "large" in sizes
    sizes.unregister("large")
    assert list(sizes) == ["small"]


def test_unknown_and_taken_names_are_refused() -> None:
    sizes = Registry("size", {"small": 1})
    for use in (lambda: sizes.find("smal"), lambda: sizes.unregister("smal"), lambda: sizes.find(["small"])):
        with pytest.raises(UnknownNameError, match="Unknown size"):
            use()
    with pytest.raises(ValueError, match="must be free"):
        sizes.register("small", 3)
    with pytest.raises(ValueError, match="must be a string"):
        sizes.register("", 3)
    assert dict(sizes) == {"small": 1}
    classes = Registry("error", {"key": KeyError}, subclass_of=LookupError)
    made = Registry("number", {"one": 1}, instance_of=int)
    for table, entry in ((classes, ValueError), (classes, KeyError()), (made, int), (made, "2")):
        with pytest.raises(ValueError, match=r"must be (a subclass|an instance) of"):
            table.register("other", entry)  # type: ignore[arg-type]
