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
        subclass_of: class of which every entry is a subclass, if entries are classes.
        instance_of: class of every entry, if they are instances.
    """

    def __init__(
        self,
        what: str,
        entries: Mapping[str, Entry],
        *,
        subclass_of: type | None = None,
        instance_of: type | None = None,
    ) -> None:
        self._what = what
        self._entries: dict[str, Any] = dict(entries)
        self._subclass_of, self._instance_of = subclass_of, instance_of

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
        base, made = self._subclass_of, self._instance_of
        require(
            base is None or (isinstance(entry, type) and issubclass(entry, base)),
            f"A {self._what} must be a subclass of {base and base.__name__}, the class itself.",
            entry,
        )
        require(
            made is None or isinstance(entry, made),
            f"A {self._what} must be an instance of {made and made.__name__}.",
            entry,
        )
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
