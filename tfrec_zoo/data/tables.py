"""Plain tables: interactions, items, users, and the data set that holds them. No TensorFlow here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from tfrec_zoo._errors import DataError
from tfrec_zoo.data.grouping import grouped_order
from tfrec_zoo.data.rejected import RejectedRows
from tfrec_zoo.data.typed_columns import Array, column_as, typed_columns


@dataclass(frozen=True, eq=False)
class Interactions:
    """What users did, one row per event, in the order of the file.

    Ids are strings held as categories (one integer code per row, each string once), so 20 million rows cost
    under half a gigabyte. Integer ids become their decimal strings.

    Example:
        >>> likes = Interactions(["ann", "bob", "ann"], ["cup", "cup", "jug"], timestamp=[30, 20, 10])
        >>> likes
        Interactions(3 rows, 2 users, 2 items, with timestamp)
        >>> likes.take(likes.order_by_time()).item_id.tolist()
        ['jug', 'cup', 'cup']

    Raises:
        DataError: columns of different lengths, a missing or empty id, an id with a line break or with
            white space at an end, or a time, rating or weight that is not a finite number.
    """

    user_id: pd.Categorical
    """Raw user ids, [n]; any sequence of strings or integers is accepted."""
    item_id: pd.Categorical
    """Raw item ids, [n]; likewise."""
    timestamp: Array | None = None
    """Seconds since 1970-01-01 UTC, float64 [n]; None where only the order of the rows is known."""
    rating: Array | None = None
    """Explicit preference or play count, float32 [n]."""
    weight: Array | None = None
    """Importance of the row in training, float32 [n]."""

    def __post_init__(self) -> None:
        for name in ("user_id", "item_id"):
            object.__setattr__(self, name, as_ids(getattr(self, name), name))
        for name, dtype in (("timestamp", "float64"), ("rating", "float32"), ("weight", "float32")):
            values = getattr(self, name)
            if values is None:
                continue
            values = _seconds(values) if name == "timestamp" else np.asarray(values, dtype=dtype)
            if values.ndim != 1 or not np.isfinite(values).all():
                bad = int((~np.isfinite(values)).sum())
                raise DataError(
                    f"`{name}` must be one finite number per row. Received: shape {values.shape} with "
                    f"{bad} missing or infinite values. Drop those rows or the column."
                )
            if name == "weight" and ((values < 0).any() or not values.any()):
                raise DataError("`weight` must be at least 0, and above 0 somewhere. Received: other weights")
            object.__setattr__(self, name, values)
        lengths = {
            f.name: len(getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) is not None
        }
        if len(set(lengths.values())) > 1:
            raise DataError(f"All columns must have the same number of rows. Received: {lengths}")

    def __len__(self) -> int:
        return len(self.user_id)

    def __repr__(self) -> str:
        optional = [name for name in ("timestamp", "rating", "weight") if getattr(self, name) is not None]
        return (
            f"Interactions({len(self):,} rows, {self.num_users:,} users, {self.num_items:,} items"
            f"{', with ' + ', '.join(optional) if optional else ''})"
        )

    @property
    def num_users(self) -> int:
        """Number of distinct users in the rows."""
        return int(np.count_nonzero(np.bincount(self.user_id.codes)))

    @property
    def num_items(self) -> int:
        """Number of distinct items in the rows."""
        return int(np.count_nonzero(np.bincount(self.item_id.codes)))

    def take(self, rows: Array) -> Interactions:
        """The given rows (a boolean mask or positions), in the given order."""
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        taken: dict[str, Any] = {name: None if c is None else c[rows] for name, c in columns.items()}
        return Interactions(**taken)

    def order_by_time(self) -> npt.NDArray[np.int64]:
        """Positions of the rows from the oldest to the newest; ties, and rows without time, in file order."""
        if self.timestamp is None:
            return np.arange(len(self))
        return np.argsort(self.timestamp, kind="stable")

    def order_by_user_and_time(self) -> npt.NDArray[np.int64]:
        """Positions of the rows user by user (in the order of the codes), each user's oldest first."""
        return grouped_order(self.user_id.codes, len(self.user_id.categories), self.order_by_time())

    def to_frame(self) -> pd.DataFrame:
        """The columns that are present, as a DataFrame."""
        return pd.DataFrame(
            {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        )

    def equals(self, other: Interactions) -> bool:
        """Whether both hold the same rows in the same order, whatever their codes."""
        if len(self) != len(other):
            return False
        for f in fields(self):
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if (mine is None) != (theirs is None):
                return False
            if mine is not None and not np.array_equal(np.asarray(mine), np.asarray(theirs)):
                return False
        return True

    @staticmethod
    def concatenate(parts: Sequence[Interactions]) -> Interactions:
        """The rows of all parts, one part after the other.

        Raises:
            DataError: one part has a column that another lacks.
        """
        columns: dict[str, Any] = {}
        for f in fields(Interactions):
            values = [getattr(part, f.name) for part in parts]
            present = [value is not None for value in values]
            if any(present) != all(present):
                raise DataError(f"`{f.name}` must be in every part or in none. Received: {present}")
            if f.name in ("user_id", "item_id"):
                columns[f.name] = union_categoricals(values)
            else:
                columns[f.name] = np.concatenate(values) if all(present) else None
        return Interactions(**columns)


class Items:
    """What is known of each item: any columns, one entry for each item.

    A column is a number, a text, a category or several, a place, a vector, a picture or a sound, or whatever
    `tfrec_zoo.feature_kind.KINDS` holds. Names and values tell its kind, unless `kinds` does.

    Example:
        >>> items = Items(["a", "b"], title=["Cup", "Jug"], year=[2001, None], kinds={"title": "category"})
        >>> items.kinds
        {'title': 'category', 'year': 'number'}

    Args:
        item_id: raw ids, distinct strings or integers, [n].
        title: short texts, None or "" where unknown.
        text: longer texts.
        categories: genres, tags, brands, ...: a string or a sequence of strings each.
        image: pictures: uint8 [n, height, width, 3], or encoded bytes, addresses or paths.
        audio: sound: 16-bit PCM, int16 [n, samples].
        vectors: ready-made embeddings, float32 [n, dim].
        kinds: name -> kind, of columns whose values do not tell it.
        columns: any others by name.

    Raises:
        DataError: an id that is missing or stands twice, a column of another length, or a value that its
            kind cannot read, such as a vector with NaN.
        UnknownNameError: an unknown kind, or one of a column that is not there.
    """

    def __init__(
        self,
        item_id: Any,
        title: Any = None,
        text: Any = None,
        categories: Any = None,
        image: Any = None,
        audio: Any = None,
        vectors: Any = None,
        *,
        kinds: Mapping[str, str] | None = None,
        **columns: Any,
    ) -> None:
        self.item_id: Array = _distinct_ids(item_id, "item_id")
        """Raw ids, distinct strings, object [n]."""
        if categories is not None:
            categories = [(row,) if isinstance(row, str) else row for row in categories]
        known = {"title": title, "text": text, "categories": categories, "image": image}
        given = known | {"audio": audio, "vectors": vectors} | columns
        given = {name: values for name, values in given.items() if values is not None}
        self.columns, self.kinds = typed_columns(given, kinds or {}, self.item_id, "item")

    def __len__(self) -> int:
        return len(self.item_id)

    def __repr__(self) -> str:
        described = ", ".join(f"{name}: {kind}" for name, kind in self.kinds.items())
        return f"Items({len(self):,} rows{'; ' + described if described else ''})"

    @property
    def title(self) -> Array | None:
        """Object [n] of str, or None where there is no such column; likewise all that follow."""
        return self.columns.get("title")

    @property
    def text(self) -> Array | None:
        """Object [n] of str."""
        return self.columns.get("text")

    @property
    def categories(self) -> Array | None:
        """Object [n] of tuples of str."""
        return self.columns.get("categories")

    @property
    def image(self) -> Array | None:
        """uint8 [n, height, width, 3], or object [n] of encoded bytes, addresses or paths."""
        return self.columns.get("image")

    @property
    def audio(self) -> Array | None:
        """int16 [n, samples]."""
        return self.columns.get("audio")

    @property
    def vectors(self) -> Array | None:
        """float32 [n, dim]."""
        return self.columns.get("vectors")

    def column(self, name: str, kind: str | None = None) -> Array:
        """A column as a kind reads it, its own where none is said.

        Raises:
            DataError: a value that the kind cannot read.
        """
        return column_as(kind, name, self.columns, self.kinds, self.item_id)

    def take(self, rows: Array) -> Items:
        """The given rows (a boolean mask or positions), in the given order."""
        columns: dict[str, Any] = {name: values[rows] for name, values in self.columns.items()}
        return Items(self.item_id[rows], kinds=self.kinds, **columns)


@dataclass(frozen=True, eq=False)
class Users:
    """What is known of each user: named profile columns, of any kind that items can have.

    Example:
        >>> users = Users(["ann", "bob"], {"age": [31, None], "city": ["Rome", "Oslo"]})
        >>> users.kinds
        {'age': 'number', 'city': 'category'}

    Raises:
        DataError: an id that is missing or stands twice, a column of another length, or a value that its
            kind cannot read.
        UnknownNameError: an unknown kind, or one of a column that is not there.
    """

    user_id: Array
    """Raw ids, distinct strings, object [n]."""
    profile: Mapping[str, Array] = field(default_factory=dict)
    """Name of the feature -> one value for each user, [n, ...]."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Name of the feature -> kind; guessed for columns whose kind is not said."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "user_id", _distinct_ids(self.user_id, "user_id"))
        profile, kinds = typed_columns(self.profile, self.kinds, self.user_id, "user")
        object.__setattr__(self, "profile", profile)
        object.__setattr__(self, "kinds", kinds)

    def __len__(self) -> int:
        return len(self.user_id)

    def column(self, name: str, kind: str | None = None) -> Array:
        """A profile column as a kind reads it, its own where none is said.

        Raises:
            DataError: a value that the kind cannot read.
        """
        return column_as(kind, name, self.profile, self.kinds, self.user_id)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions with the catalogue, the users, and where all of it came from.

    Example:
        >>> Dataset("shop", Interactions(["ann", "bob"], ["cup", "jug"]), Items(["cup", "jug"], price=[3, 5]))
        Dataset('shop': Interactions(2 rows, 2 users, 2 items); 2 items described; from memory; ...)
    """

    name: str
    interactions: Interactions
    items: Items | None = None
    users: Users | None = None
    licence: str = "unknown"
    citation: str = ""
    source: str = ""
    """Which route answered: a folder, the cache, a package, ..."""
    rejected: RejectedRows = field(default_factory=RejectedRows)
    """Rows that could not be used, counted and named."""

    def __repr__(self) -> str:
        parts = [repr(self.interactions)]
        parts += [
            f"{len(table):,} {name} described"
            for name in ("items", "users")
            if (table := getattr(self, name))
        ]
        return f"Dataset({self.name!r}: {'; '.join(parts)}; from {self.source or 'memory'}; {self.rejected})"


def as_ids(values: Any, column: str) -> pd.Categorical:
    """Ids as categories of strings.

    Args:
        values: strings, integers or a Categorical of either, [n].
        column: name for the error message.

    Raises:
        DataError: an id is missing, empty, not a whole number or text, holds a line break, or has white
            space at an end.
    """
    # A Series keeps None and NaN apart from text, where numpy would turn them into the string "nan".
    ids = values if isinstance(values, pd.Categorical) else pd.Categorical(pd.Series(values))
    if (ids.codes < 0).any():
        raise DataError(
            f"`{column}` must have an id in every row. Received: {int((ids.codes < 0).sum())} rows without"
        )
    categories = ids.categories
    if pd.api.types.is_float_dtype(categories) or pd.api.types.is_bool_dtype(categories):
        raise DataError(
            f"`{column}` must hold strings or integers. Received: {categories.dtype}. Convert it first, "
            "e.g. `.astype('int64').astype(str)`."
        )
    kinds = {
        type(category).__name__ for category in categories if not isinstance(category, str | int | np.integer)
    }
    if kinds:
        raise DataError(
            f"`{column}` must hold strings or integers. Received: {sorted(kinds)}. Convert it first."
        )
    names = pd.Index([str(category) for category in categories], dtype=object)
    wrong = [name for name in names if not is_clean_id(name)]
    if wrong:
        raise DataError(
            f"`{column}` must hold non-empty ids without line breaks or white space at the ends. "
            f"Received: {wrong[0]!r} ({len(wrong)} such ids)"
        )
    return pd.Categorical.from_codes(ids.codes, categories=names, validate=False)


def is_clean_id(name: str) -> bool:
    """Whether a string can be an id: not empty, stripped, on one line."""
    return bool(name) and name == name.strip() and len(name.splitlines()) == 1 and "\0" not in name


def _distinct_ids(values: Any, column: str) -> Array:
    ids = as_ids(values, column)
    counts = np.bincount(ids.codes, minlength=len(ids.categories))
    if (counts > 1).any():
        raise DataError(
            f"`{column}` must have one row per id. Received: {ids.categories[int(counts.argmax())]!r} "
            f"{int(counts.max())} times. Merge those rows first."
        )
    return np.asarray(ids, dtype=object)


def _seconds(values: Any) -> Array:
    """Numbers as they are, dates as seconds since 1970 (those without a zone are UTC)."""
    column = pd.Series(values)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        moments = pd.to_datetime(column, utc=True)
        seconds = moments.dt.as_unit("us").astype("int64").to_numpy() / 1e6
        return np.where(moments.isna().to_numpy(), np.nan, seconds)
    return np.asarray(values, dtype=np.float64)
