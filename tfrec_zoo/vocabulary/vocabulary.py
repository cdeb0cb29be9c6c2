"""Raw strings to indices and back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfrec_zoo._errors import DataError
from tfrec_zoo.schema import NUM_RESERVED, OOV, PAD, PAD_TOKEN


class Vocabulary:
    """Distinct strings in a fixed order: index 0 is PAD (""), 1 is OOV, the first token is 2.

    Example:
        >>> vocabulary = Vocabulary.fit(["cup", "jug", "cup"])
        >>> vocabulary.tokens
        ['cup', 'jug']
        >>> vocabulary.lookup(["jug", "never seen", ""]).tolist()
        [3, 1, 0]

    Args:
        tokens: distinct, non-empty strings without line breaks.

    Raises:
        DataError: a token that is empty, stands twice or holds a line break.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self._index = pd.Index(list(tokens), dtype=object)
        wrong = [token for token in self._index if not token or len(token.splitlines()) != 1]
        if wrong:
            raise DataError(f"Tokens must be non-empty and on one line. Received: {wrong[0]!r}")
        if not self._index.is_unique:
            raise DataError(
                f"Tokens must be distinct. Received twice: {self._index[self._index.duplicated()][0]!r}"
            )

    @classmethod
    def fit(cls, values: pd.Categorical | Iterable[str]) -> Vocabulary:
        """The distinct values, the most frequent first, equal counts in the order of the strings."""
        ids = (
            values
            if isinstance(values, pd.Categorical)
            else pd.Categorical(np.array(list(values), dtype=object))
        )
        counts = np.bincount(ids.codes[ids.codes >= 0], minlength=len(ids.categories))
        names = np.asarray(ids.categories, dtype=object)
        present = np.flatnonzero(counts)
        order = np.lexsort((names[present].astype(str), -counts[present]))
        return cls(names[present][order])

    def __len__(self) -> int:
        return len(self._index) + NUM_RESERVED

    @property
    def tokens(self) -> list[str]:
        """The tokens without PAD and OOV."""
        return list(self._index)

    def lookup(self, values: Any) -> npt.NDArray[np.int32]:
        """Indices of raw strings.

        Args:
            values: strings of any shape, or a Categorical of strings [n].

        Returns:
            int32 of the same shape: PAD for "", OOV for what the vocabulary does not hold.
        """
        if isinstance(values, pd.Categorical):
            of_category = self.lookup(np.asarray(values.categories, dtype=object))
            return np.asarray(of_category[values.codes], dtype=np.int32)
        raw = np.asarray(values, dtype=object)
        found = self._index.get_indexer(pd.Index(raw.ravel(), dtype=object))
        indices = np.where(found >= 0, found + NUM_RESERVED, np.where(raw.ravel() == PAD_TOKEN, PAD, OOV))
        return indices.reshape(raw.shape).astype(np.int32)

    def strings(self, indices: Any) -> npt.NDArray[Any]:
        """Raw strings of indices, object array of the same shape; "" for PAD and OOV."""
        table = np.array([PAD_TOKEN] * NUM_RESERVED + self.tokens, dtype=object)
        return np.asarray(table[np.asarray(indices)], dtype=object)

    def extend(self, tokens: Iterable[str]) -> Vocabulary:
        """A vocabulary with the new tokens behind these, whose indices stay."""
        return Vocabulary([*self._index, *tokens])

    def save(self, path: Path) -> None:
        """Write one token per line, UTF-8, without PAD and OOV."""
        path.write_text("".join(f"{token}\n" for token in self._index), encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing.
        """
        if not path.is_file():
            raise DataError(
                f"A vocabulary must be a text file with one token per line. Received: no file at {path}"
            )
        return cls(path.read_text(encoding="utf-8").split("\n")[:-1])
