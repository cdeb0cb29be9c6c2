"""Ids of any Arrow type to integer codes, each distinct id decoded and checked once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.tables import is_clean_id

_MISSING = -1


class IdCodes(NamedTuple):
    """Ids as codes; a negative code is a row without a usable id."""

    codes: npt.NDArray[np.int32]
    names: pd.Index[str]


class IdColumn:
    """Collects the batches of one id column as dictionaries of its distinct values.

    Args:
        name: "user_id" or "item_id".
        file: for messages.
        encoding: of ids that come as bytes.
    """

    def __init__(self, name: str, file: str, encoding: str) -> None:
        self._name = name
        self._file = file
        self._encoding = encoding
        self._batches: list[pa.DictionaryArray] = []
        self._faults: dict[int, tuple[str, str]] = {_MISSING: (f"missing {name}", "")}

    def add(self, values: pa.Array) -> None:
        """Take the next values.

        Raises:
            DataError: the type is neither text nor whole numbers.
        """
        if pt.is_nested(values.type):
            raise self._wrong_type(str(values.type))
        if not pt.is_dictionary(values.type):
            values = values.dictionary_encode()
        self._batches.append(
            pa.DictionaryArray.from_arrays(values.indices.cast(pa.int32()), self._as_bytes(values.dictionary))
        )

    def fault(self, code: int) -> tuple[str, str]:
        """Reason and text of a negative code."""
        return self._faults[code]

    def finish(self) -> IdCodes:
        """All rows as codes; equal names, once stripped, share a code."""
        if not self._batches:
            return IdCodes(np.empty(0, np.int32), pd.Index([], dtype=object))
        unified = pa.chunked_array(self._batches).unify_dictionaries()
        self._batches = []
        raw = unified.chunk(0).dictionary.to_pylist()
        codes = np.concatenate(
            [chunk.indices.fill_null(len(raw)).to_numpy(zero_copy_only=False) for chunk in unified.chunks]
        )
        code_of: dict[str, int] = {}
        mapping = np.full(len(raw) + 1, _MISSING, dtype=np.int32)
        for position, value in enumerate(raw):
            mapping[position] = self._code(value, code_of)
        return IdCodes(mapping[codes], pd.Index(list(code_of), dtype=object))

    def _code(self, value: bytes | None, code_of: dict[str, int]) -> int:
        if value is None:
            return _MISSING
        try:
            name = value.decode(self._encoding).strip()
        except UnicodeDecodeError:
            return self._new_fault(f"not valid {self._encoding.upper()}", value.decode("latin-1"))
        if not name:
            return _MISSING
        if not is_clean_id(name):
            return self._new_fault(f"line break or zero byte in {self._name}", name)
        return code_of.setdefault(name, len(code_of))

    def _new_fault(self, reason: str, text: str) -> int:
        code = -len(self._faults) - 1
        self._faults[code] = (reason, text)
        return code

    def _as_bytes(self, values: pa.Array) -> pa.Array:
        """Distinct ids as bytes of text; whole numbers become their decimals."""
        kind = values.type
        if pt.is_floating(kind):
            values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, kind))
        if pt.is_floating(kind) or pt.is_decimal(kind):
            try:
                values = values.cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise self._wrong_type(f"{kind} with fractions, e.g. {_fraction(values)}") from error
        if pt.is_integer(values.type):
            values = values.cast(pa.string())
        if not (pt.is_string(values.type) or pt.is_large_string(values.type) or _is_bytes(values.type)):
            if pt.is_null(kind):
                return pa.nulls(len(values), pa.binary())
            raise self._wrong_type(str(kind))
        return values.cast(pa.binary())

    def _wrong_type(self, received: str) -> DataError:
        return DataError(
            f"{self._file}: `{self._name}` must hold text or whole numbers. Received: {received}. "
            "Name another column, or convert this one to text first."
        )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_string_view(kind))


def _fraction(values: pa.Array) -> Any:
    return next((value for value in values.to_pylist() if value is not None and value % 1), values[0])
