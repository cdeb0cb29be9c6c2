"""What a column of items or users can hold: a feature, and one record for each kind, read by every room.

A new kind is one file that subclasses `FeatureKind`, and one row of `KINDS`. Code outside the package
registers its class: `KINDS.register("colour", Colour)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import DataError, require
from tfrec_zoo._registry import LazyRegistry

Array = npt.NDArray[Any]


class RawSpec(NamedTuple):
    """What a request holds of one row."""

    dtype: str
    """Name of the dtype; "string" for text."""
    shape: tuple[int | None, ...]
    """() for a single value; None for any number of them."""


class FeatureKind(ABC):
    """A kind of column; an instance is one column's transform, fitted on training rows.

    Raw values are what a table or a request holds, encoded ones what a model's layer reads.

    Example:
        >>> import numpy as np
        >>> from tfrec_zoo.feature_kind import KINDS
        >>> from tfrec_zoo.kinds.number import Number
        >>> class Percent(Number):  # "12 %"; a number from there on
        ...     name = "percent"
        ...     @classmethod
        ...     def read(cls, values, column, ids):
        ...         return super().read(np.array([float(str(v).rstrip(" %")) for v in values]), column, ids)
        >>> KINDS.register("percent", Percent)
        >>> Items(["cup", "jug"], sold=["12 %", "5 %"], kinds={"sold": "percent"}).columns["sold"].tolist()
        [12.0, 5.0]
        >>> KINDS.unregister("percent")
    """

    name: ClassVar[str]
    """Its row in `KINDS`, and "kind" in features.json."""
    dtype: ClassVar[str]
    """Name of the dtype of the encoded values."""
    tokens: ClassVar[bool] = False
    """Whether encoded values are indices of a vocabulary, PAD where there is none, to be hidden singly."""
    several: ClassVar[bool] = False
    """Whether a value may be several strings, which a file may hold in one text with separators."""
    portable: ClassVar[bool] = True
    """Whether LiteRT and OpenVINO have the operations that encode a raw value."""

    @classmethod
    def claims(cls, column: str, values: Array) -> bool:
        """Whether a raw column [n, ...] is of this kind where nobody says which it is."""
        return False

    @classmethod
    @abstractmethod
    def read(cls, values: Array, column: str, ids: Array) -> Array:
        """A raw column as tables keep it, in numpy alone.

        Args:
            values: as they were given, [n, ...]; objects may be None or NaN where nothing is known.
            column: its name, for messages.
            ids: of the rows, for messages.

        Returns:
            Checked values, [n, ...]; reading them again changes nothing.

        Raises:
            DataError: a value that cannot be one of this kind; the message names the row.
        """

    @classmethod
    @abstractmethod
    def fit(cls, values: Array) -> Self:
        """Learn from the raw values of training rows, as `read` returns them."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, name: str, saved: Mapping[str, Any]) -> Self:
        """What `save` wrote under that name and returned."""

    @classmethod
    @abstractmethod
    def encoder(cls, feature: Feature, embedding_dim: int, options: Mapping[str, Any]) -> Any:
        """A Keras layer of the feature's name, from encoded values to float [n, embedding_dim].

        Args:
            feature: of this kind.
            embedding_dim: width of the vectors.
            options: hyper-parameters of encoders: "image_backbone", "text_kernel_sizes".
        """

    @abstractmethod
    def feature(self, name: str) -> Feature:
        """The schema's entry of the encoded column."""

    @abstractmethod
    def __call__(self, values: Array) -> Array:
        """Raw column [n, ...] to encoded array [n, *feature.shape]."""

    def missing(self, n: int) -> Array:
        """What stands for unknown rows, [n, *feature.shape]."""
        return np.zeros((n, *self.feature("missing").shape), self.dtype)

    @abstractmethod
    def save(self, folder: Path, name: str) -> dict[str, Any]:
        """Write the files that it needs and return the JSON-ready rest."""

    @abstractmethod
    def raw_spec(self) -> RawSpec:
        """What a request holds of one row; NaN and "" are unknown."""

    def table(self) -> Any:
        """What `encode` looks strings up in: a TensorFlow table that the graph holds, or None."""
        return None

    def encode(self, raw: Any, table: Any) -> Any:
        """The same as `__call__` inside a graph: a tensor [B, ...] of `raw_spec` to [B, *feature.shape]."""
        return raw

    @abstractmethod
    def draw(self, generator: np.random.Generator, n: int) -> Array:
        """Raw values of n rows of a drawn request; strings as str."""


class KindTable(LazyRegistry[type[FeatureKind]]):
    """The kinds by name; where a column could be several, the last one that claims it is taken."""

    def register(self, name: str, entry: type[FeatureKind]) -> None:
        """Add a kind, for this process.

        Raises:
            ValueError: no subclass of `FeatureKind`, one of another name, or a name that is taken.
        """
        fitting = isinstance(entry, type) and issubclass(entry, FeatureKind) and entry.name == name
        require(fitting, f"A feature kind must be a subclass of FeatureKind whose `name` is {name!r}.", entry)
        super().register(name, entry)

    def guess(self, column: str, values: Array) -> str:
        """Name of the kind of a raw column.

        Raises:
            DataError: no kind claims it.
        """
        for name in reversed(list(self)):
            if self[name].claims(column, values):
                return name
        raise DataError(
            f"A column must be of one of the kinds {sorted(self)}. Received: {column!r}, shape "
            f"{values.shape} of {values.dtype}, which none of them is. Name its kind to learn why."
        )


KINDS = KindTable(
    "feature kind",
    {
        "category": "tfrec_zoo.kinds.category:Category",
        "number": "tfrec_zoo.kinds.number:Number",
        "vector": "tfrec_zoo.kinds.vector:Vector",
        "text": "tfrec_zoo.kinds.text:Text",
        "image": "tfrec_zoo.kinds.image:Image",
        "audio": "tfrec_zoo.kinds.audio:Audio",
        "bucketed_number": "tfrec_zoo.kinds.bucketed_number:BucketedNumber",
        "location": "tfrec_zoo.kinds.location:Location",
    },
)
"""Every kind."""


RESERVED_NAMES = frozenset(
    {
        "history",
        "history_time",
        "user_index",
        "user_id",
        "item_index",
        "item_id",
        "candidates",
        "positives",
        "negatives",
        "negatives_log_q",
        "targets_log_q",
        "rating",
        "k",
        "exclude",
        "allow",
        "exclude_seen",
    }
)


@dataclass(frozen=True)
class Feature:
    """One profile or content feature.

    Example:
        >>> Feature("genres", "category", shape=(3,), vocabulary_size=20).dtype
        'int32'

    Raises:
        ValueError: an unknown kind, a reserved name, or a vocabulary size that does not suit the kind.
    """

    name: str
    """Name of the model input."""
    kind: str
    """What it holds, a name of `KINDS`, which decides its encoder."""
    shape: tuple[int, ...]
    """Shape of one example: () for a number, (length,) for categories, text, audio and vectors,
    (height, width, channels) for an image."""
    vocabulary_size: int | None = None
    """Number of indices with PAD and OOV; only for kinds whose values are tokens."""

    def __post_init__(self) -> None:
        tokens = KINDS.find(self.kind).tokens
        object.__setattr__(self, "shape", tuple(self.shape))
        require(
            self.name.isidentifier() and self.name not in RESERVED_NAMES,
            f"`name` of a feature must be an identifier other than {sorted(RESERVED_NAMES)}.",
            self.name,
        )
        require(
            (self.vocabulary_size is not None) == tokens,
            "`vocabulary_size` belongs to kinds of tokens, such as 'category' and 'text', alone.",
            (self.kind, self.vocabulary_size),
        )

    @property
    def dtype(self) -> str:
        """Name of the dtype of the encoded values."""
        return KINDS.find(self.kind).dtype


def named_kinds(columns: str | Iterable[str] | Mapping[str, str]) -> dict[str, str | None]:
    """Columns and the kinds that were given for them.

    Args:
        columns: names, "name:kind" each where the kind is said, or name -> kind.

    Returns:
        Name -> kind, or None where nothing was said.

    Raises:
        UnknownNameError: a kind that there is not.
    """
    if isinstance(columns, Mapping):
        named: dict[str, str | None] = dict(columns)
    else:
        parts = [name.partition(":") for name in ([columns] if isinstance(columns, str) else columns)]
        named = {name.strip(): kind.strip() or None for name, _, kind in parts}
    for kind in named.values():
        if kind is not None:
            KINDS.find(kind)
    return named


def is_unknown(value: Any) -> bool:
    """Whether a raw value is None, NaN or a text of white space."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float | np.floating) and bool(value != value))
