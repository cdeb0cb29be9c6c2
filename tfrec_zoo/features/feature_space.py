"""Raw ids and columns to indices and arrays, learned from training data alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.grouping import grouped_order
from tfrec_zoo.data.splits import Split
from tfrec_zoo.data.tables import Interactions, Items, Users
from tfrec_zoo.data.typed_columns import raw_column
from tfrec_zoo.feature_kind import KINDS, FeatureKind, named_kinds
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.features.item_categories import categories_of_indices, categories_of_strings
from tfrec_zoo.schema import OOV, Feature, Schema
from tfrec_zoo.vocabulary import Vocabulary

Array = npt.NDArray[Any]

FEATURES_FILE = "features.json"
USERS_FILE = "user_id.txt"
ITEMS_FILE = "item_id.txt"
CONTENT_FILE = "item_features.npz"


class FeatureSpace:
    """Vocabularies and transforms of one training set, and the catalogue's encoded content.

    Build it with `fit` or `load`.

    Example:
        >>> train = Interactions(["ann", "ann", "bob"], ["cup", "jug", "cup"])
        >>> items = Items(["cup", "jug", "pot"], price=[3, 5, 9])
        >>> features = FeatureSpace.fit(train, items, content=["price"])
        >>> features.item_vocabulary.tokens  # "pot" is a cold item
        ['cup', 'jug', 'pot']
        >>> features.encode_items(Items(["mug"], price=[4]))["price"].tolist()  # 4 is the mean in training
        [0.0]
    """

    def __init__(
        self,
        user_vocabulary: Vocabulary,
        item_vocabulary: Vocabulary,
        num_trained_items: int,
        user_transforms: Mapping[str, FeatureKind],
        item_transforms: Mapping[str, FeatureKind],
        item_features: Mapping[str, Array],
    ) -> None:
        self.user_vocabulary = user_vocabulary
        """Users of the training data."""
        self.item_vocabulary = item_vocabulary
        """The catalogue: items of the training data, then cold items that content describes."""
        self.num_trained_items = num_trained_items
        self.user_transforms = dict(user_transforms)
        self.item_transforms = dict(item_transforms)
        self.item_features = dict(item_features)
        """Encoded content, each [num_items, ...], row by row with the catalogue."""
        self._profiles: dict[str, Array] = {}
        self._profile_rows = pd.Index([], dtype=object)

    @classmethod
    def fit(
        cls,
        train: Interactions,
        items: Items | None = None,
        users: Users | None = None,
        *,
        content: Iterable[str] | Mapping[str, str] = (),
        profile: Iterable[str] | Mapping[str, str] = (),
    ) -> FeatureSpace:
        """Learn vocabularies and scales from the training rows and from the items and users in them.

        Args:
            train: training interactions, at least one row.
            items: the catalogue, needed for `content`.
            users: the users, needed for `profile`.
            content: columns of `items` to use: names, "name:kind" for another kind than the table's, or a
                mapping of names to kinds. With any, described items that training never saw join the
                catalogue as cold items.
            profile: columns of `users.profile` to use, likewise.

        Raises:
            DataError: no training rows, a table that is missing, or a value that a kind cannot read.
            UnknownNameError: a column that the table does not have, or an unknown kind.
        """
        if not len(train):
            raise DataError("FeatureSpace.fit needs at least one training row. Received: 0 rows")
        user_vocabulary, item_vocabulary = Vocabulary.fit(train.user_id), Vocabulary.fit(train.item_id)
        num_trained_items = len(item_vocabulary)
        item_kinds = _columns("content", content, items, {} if items is None else items.columns)
        user_kinds = _columns("profile", profile, users, {} if users is None else users.profile)
        item_transforms: dict[str, FeatureKind] = {}
        item_features: dict[str, Array] = {}
        if items is not None and item_kinds:
            known = item_vocabulary.lookup(items.item_id)
            if not (known != OOV).any():
                raise DataError(
                    "The items' table must describe items of the interactions. Received: ids such as "
                    f"{list(items.item_id[:2])}, where the interactions have such as "
                    f"{item_vocabulary.tokens[:2]}. Check the column of the ids."
                )
            item_vocabulary = item_vocabulary.extend(items.item_id[known == OOV])
            rows = item_vocabulary.lookup(items.item_id)
            for name, kind in item_kinds.items():
                transform, values = _fitted(items, name, kind, known != OOV)
                item_transforms[name] = transform
                item_features[name] = transform.missing(len(item_vocabulary))
                item_features[name][rows] = transform(values)
        user_transforms = {}
        for name, kind in user_kinds.items():
            assert users is not None
            known = user_vocabulary.lookup(users.user_id)
            user_transforms[name], _ = _fitted(users, name, kind, known != OOV)
        space = cls(
            user_vocabulary,
            item_vocabulary,
            num_trained_items,
            user_transforms,
            item_transforms,
            item_features,
        )
        return space if users is None else space.with_users(users)

    def with_users(self, users: Users) -> FeatureSpace:
        """The same features, which take the profiles that `transform` needs from another table.

        Args:
            users: any users; those that are not in it have unknown profiles. Columns that the features do
                not have are passed over.
        """
        space = copy(self)
        space._profile_rows = pd.Index(users.user_id, dtype=object)
        space._profiles = {
            name: transform(users.column(name, transform.name))
            for name, transform in self.user_transforms.items()
            if name in users.profile
        }
        return space

    def with_new_items(self, item_id: Iterable[str]) -> FeatureSpace:
        """The same with more items at the end of the catalogue, for a model of `with_stored_items`."""
        space = self.without_content()
        space.item_vocabulary = self.item_vocabulary.extend(item_id)
        return space

    def without_content(self) -> FeatureSpace:
        """The same features without the catalogue's content, for a model of `with_stored_items`."""
        space = copy(self)
        space.item_features = {}
        return space

    @property
    def schema(self) -> Schema:
        """The contract of the models."""

        def described(transforms: Mapping[str, FeatureKind]) -> tuple[Feature, ...]:
            return tuple(transform.feature(name) for name, transform in transforms.items())

        return Schema(
            num_users=len(self.user_vocabulary),
            num_items=len(self.item_vocabulary),
            num_trained_items=self.num_trained_items,
            user_features=described(self.user_transforms),
            item_features=described(self.item_transforms),
        )

    def transform(self, split: Split) -> EncodedSplit:
        """All parts of a split on one user axis; items outside the catalogue become OOV."""
        parts = [
            split.train,
            split.validation,
            split.test,
            *([] if split.fold_in is None else [split.fold_in]),
        ]
        axis = pd.Index(pd.unique(np.concatenate([_present(part) for part in parts])), dtype=object)
        train, validation, test, *fold_in = (self._encode(part, axis) for part in parts)
        return EncodedSplit(
            split.name,
            train,
            validation,
            test,
            num_items=len(self.item_vocabulary),
            fold_in=fold_in[0] if fold_in else None,
            candidates=split.candidates,
        )

    def transform_interactions(self, interactions: Interactions) -> EncodedInteractions:
        """One table on its own user axis, the users in the order of their categories."""
        return self._encode(interactions, pd.Index(_present(interactions), dtype=object))

    def encode_profile(self, profile: Mapping[str, Any]) -> dict[str, Array]:
        """Raw profile columns, [n] each, to the model's inputs; a column that is left out is unknown.

        Raises:
            DataError: a value that a kind cannot read.
            UnknownNameError: a column that the features do not have.
        """
        for name in profile:
            if name not in self.user_transforms:
                raise UnknownNameError("profile column", name, self.user_transforms)
        n = len(next(iter(profile.values()))) if profile else 1
        columns = {name: raw_column(values) for name, values in profile.items()}
        rows = np.arange(n).astype(object)
        return {
            name: transform(transform.read(columns[name], name, rows))
            if name in columns
            else transform.missing(n)
            for name, transform in self.user_transforms.items()
        }

    def encode_items(self, items: Items) -> dict[str, Array]:
        """Content of any items, known or new, as the item encoder takes it, each [n, ...]."""
        return {
            name: transform(items.column(name, transform.name))
            if name in items.columns
            else transform.missing(len(items))
            for name, transform in self.item_transforms.items()
        }

    def item_categories(self, items: Items | None = None, column: str = "categories") -> Any:
        """Which categories each item of the catalogue is in, for `evaluate(..., categories=)`.

        Args:
            items: the table that holds the column; None for a category feature that the space itself has.
            column: genres, brands, ...: a string or several of each item.

        Returns:
            bool scipy.sparse.csr_array [num_items, C].

        Raises:
            DataError: no such column, or no such feature.
        """
        values = self.item_features.get(column) if items is None else items.columns.get(column)
        kind = self.item_transforms[column].name if column in self.item_transforms else None
        if values is None or (items is None and kind != "category"):
            raise DataError(
                f"`item_categories` needs the column {column!r}: give the table of items that holds it, or "
                f"name a category feature of these features. Received: items={items!r}, features "
                f"{list(self.item_transforms)}"
            )
        if items is None:
            return categories_of_indices(values)
        rows = self.item_vocabulary.lookup(items.item_id)
        return categories_of_strings(rows, values, len(self.item_vocabulary))

    def profiles(self, user_id: Array) -> dict[str, Array]:
        """Encoded profiles of raw users, each [n, ...]; unknown users get the missing value."""
        rows = self._profile_rows.get_indexer(pd.Index(user_id, dtype=object))
        profiles = {}
        for name, transform in self.user_transforms.items():
            values = transform.missing(len(rows))
            values[rows >= 0] = self._profiles[name][rows[rows >= 0]] if name in self._profiles else 0
            profiles[name] = values
        return profiles

    def _encode(self, part: Interactions, axis: pd.Index) -> EncodedInteractions:
        row = axis.get_indexer(pd.Index(part.user_id.categories, dtype=object))[part.user_id.codes]
        order = grouped_order(row, len(axis), part.order_by_time())
        item_index = self.item_vocabulary.lookup(part.item_id)

        def column(values: Array | None) -> Any:
            return None if values is None else values[order]

        names = np.asarray(axis, dtype=object)
        return EncodedInteractions(
            user_index=self.user_vocabulary.lookup(names),
            row_splits=np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(axis)))]),
            item_index=item_index[order],
            timestamp=column(part.timestamp),
            weight=column(part.weight),
            rating=column(part.rating),
            profile=self.profiles(names),
        )

    def save(self, folder: str | Path) -> None:
        """Write the features into a folder that exists: JSON, vocabularies as text, content as npz."""
        folder = Path(folder)
        self.user_vocabulary.save(folder / USERS_FILE)
        self.item_vocabulary.save(folder / ITEMS_FILE)
        saved: dict[str, Any] = {"num_trained_items": self.num_trained_items}
        for side, transforms in (("user", self.user_transforms), ("item", self.item_transforms)):
            saved[side] = {
                name: {"kind": transform.name, **transform.save(folder, f"{side}_{name}")}
                for name, transform in transforms.items()
            }
        if self.item_features:
            np.savez_compressed(folder / CONTENT_FILE, **dict[str, Any](self.item_features))
        (folder / FEATURES_FILE).write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> FeatureSpace:
        """Read what `save` wrote. Profiles of users are not kept: see `with_users`.

        Raises:
            DataError: a file is missing.
            UnknownNameError: a kind that nobody registered in this process.
        """
        folder = Path(folder)
        if not (folder / FEATURES_FILE).is_file():
            raise DataError(f"A folder of saved features must hold {FEATURES_FILE}. Received: {folder}")
        saved = json.loads((folder / FEATURES_FILE).read_text(encoding="utf-8"))
        transforms = {
            side: {
                name: KINDS.find(values["kind"]).load(folder, f"{side}_{name}", values)
                for name, values in saved[side].items()
            }
            for side in ("user", "item")
        }
        item_features: dict[str, Array] = {}
        if (folder / CONTENT_FILE).is_file():
            with np.load(folder / CONTENT_FILE, allow_pickle=False) as content:
                item_features = {name: content[name] for name in transforms["item"]}
        return cls(
            Vocabulary.load(folder / USERS_FILE),
            Vocabulary.load(folder / ITEMS_FILE),
            saved["num_trained_items"],
            transforms["user"],
            transforms["item"],
            item_features,
        )


def _present(part: Interactions) -> Array:
    """Distinct raw users of the rows."""
    return np.asarray(part.user_id.categories, dtype=object)[np.flatnonzero(np.bincount(part.user_id.codes))]


def _columns(
    argument: str, names: Iterable[str] | Mapping[str, str], table: object, columns: Mapping[str, Any]
) -> dict[str, str | None]:
    """The named columns of a table that must have them, with the kinds that were given."""
    named = named_kinds(names)
    if named and table is None:
        raise DataError(
            f"`{argument}` needs the table that holds the columns. Received: {list(named)} and no table"
        )
    for name in named:
        if name not in columns:
            raise UnknownNameError(f"{argument} column", name, columns)
    return named


def _fitted(table: Items | Users, name: str, kind: str | None, known: Array) -> tuple[FeatureKind, Array]:
    """A column's transform, learned from its known rows, and all of its raw values."""
    values = table.column(name, kind)
    return KINDS.find(kind or table.kinds[name]).fit(values[known]), values
