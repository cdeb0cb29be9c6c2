"""Tables of named things that others may add to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

from tfrec_zoo._errors import UnknownNameError, require

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """Names and what they stand for: the package's own are written where the table is made, others join.

    Example:
        >>> sizes = Registry("size", {"small": 16, "large": 64})
        >>> sizes.register("huge", 256)
        >>> sorted(sizes), sizes.find("huge")
        (['huge', 'large', 'small'], 256)

    Args:
        what: the kind of thing, for messages.
        entries: name -> thing.
    """

    def __init__(self, what: str, entries: Mapping[str, Entry]) -> None:
        self._what = what
        self._entries: dict[str, Any] = dict(entries)

    def __getitem__(self, name: str) -> Entry:
        entry: Entry = self._entries[name]
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: object) -> Entry:
        """What a name stands for.

        Raises:
            UnknownNameError: no entry of that name.
        """
        if not isinstance(name, str) or name not in self._entries:
            raise UnknownNameError(self._what, name, self._entries)
        return self[name]

    def register(self, name: str, entry: Entry) -> None:
        """Add an entry, for this process.

        Raises:
            ValueError: the name is taken by another entry, or is no name.
        """
        require(isinstance(name, str) and bool(name), f"The name of a {self._what} must be a string.", name)
        taken = self[name] if name in self._entries else entry
        require(
            taken is entry or taken == entry,
            f"The name of a {self._what} must be free: another one has it. Choose another name.",
            name,
        )
        self._entries[name] = entry

    def unregister(self, name: str) -> None:
        """Take an entry out again.

        Raises:
            UnknownNameError: no entry of that name.
        """
        self.find(name)
        del self._entries[name]


class _Place(str):
    """Where an entry is found, "module:name"."""


class LazyRegistry(Registry[Entry]):
    """A table whose own rows are loaded when they are first asked for, so that its room may lie to the right.

    Example:
        >>> codecs = LazyRegistry("codec", {"json": "json:JSONDecoder"})
        >>> codecs.find("json").__name__
        'JSONDecoder'

    Args:
        what: the kind of thing, for messages.
        rows: name -> "module:name" of the thing.
    """

    def __init__(self, what: str, rows: Mapping[str, str]) -> None:
        super().__init__(what, {})
        self._entries = {name: _Place(row) for name, row in rows.items()}

    def __getitem__(self, name: str) -> Entry:
        entry: Any = self._entries[name]
        if isinstance(entry, _Place):
            module, _, attribute = entry.partition(":")
            entry = self._entries[name] = getattr(import_module(module), attribute)
        found: Entry = entry
        return found
