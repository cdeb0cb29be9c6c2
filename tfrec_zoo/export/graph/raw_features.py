"""Raw features to encoded ones inside a graph, as `features.transforms` does outside of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from tfrec_zoo.features.transforms import TokenTransform, Transform
from tfrec_zoo.features.vocabulary import Vocabulary
from tfrec_zoo.schema import OOV, PAD_TOKEN, Feature

_NO_WORD = r"[^\p{L}\p{N}_]+"


class RawFeatures(tf.Module):
    """The features of one side, users or items, from the values that a request holds.

    Args:
        features: of the schema.
        transforms: of the feature space, by name.
    """

    def __init__(self, features: Iterable[Feature], transforms: Mapping[str, Transform]) -> None:
        super().__init__()
        self._features = {feature.name: feature for feature in features}
        self._transforms = {name: transforms[name] for name in self._features}
        self.tables = {
            name: vocabulary_table(transform.vocabulary)
            for name, transform in self._transforms.items()
            if isinstance(transform, TokenTransform)
        }

    def specs(self, size: int | None = None) -> dict[str, tf.TensorSpec]:
        """Of the raw values of B rows, any number where no size is given.

        Categories are strings [B, any] without needless white space, texts strings [B], numbers float32 [B];
        vectors, pictures and sound are as the model reads them.
        """
        return {name: self._spec(name, feature, size) for name, feature in self._features.items()}

    def _spec(self, name: str, feature: Feature, size: int | None) -> tf.TensorSpec:
        match feature.kind:
            case "category":
                return tf.TensorSpec([size, None], tf.string, name)
            case "text":
                return tf.TensorSpec([size], tf.string, name)
            case _:
                return tf.TensorSpec([size, *feature.shape], feature.dtype, name)

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Encode the raw values [B, ...] of each feature."""
        return {name: self._encode(feature, raw[name]) for name, feature in self._features.items()}

    def _encode(self, feature: Feature, raw: tf.Tensor) -> tf.Tensor:
        # AutoGraph knows no `match`.
        if feature.kind == "category":
            return self._tokens(feature, raw)
        if feature.kind == "text":
            words = tf.strings.regex_replace(tf.strings.lower(raw, encoding="utf-8"), _NO_WORD, " ")
            return self._tokens(feature, tf.strings.split(words).to_tensor(PAD_TOKEN))
        if feature.kind == "number":
            transform: Any = self._transforms[feature.name]
            scaled = (raw - transform.mean) / transform.std
            return tf.where(tf.math.is_finite(scaled), scaled, 0.0)
        return raw

    def _tokens(self, feature: Feature, tokens: tf.Tensor) -> tf.Tensor:
        """Indices of the first tokens, padded to the feature's length."""
        length = feature.shape[0]
        index = lookup(self.tables[feature.name], tokens)[:, :length]
        padded = tf.pad(index, [[0, 0], [0, length - tf.shape(index)[1]]])
        return tf.reshape(padded, [-1, length])


def rows_of(vocabulary: Vocabulary) -> tf.Tensor:
    """The string of each index; that of OOV cannot be asked for, since no token holds a line break."""
    return tf.constant([PAD_TOKEN, "\n", *vocabulary.tokens], tf.string)


def vocabulary_table(vocabulary: Vocabulary) -> Any:
    """A look-up table of a vocabulary, held by the graph itself: other engines read no asset files."""
    rows = tf.range(len(vocabulary), dtype=tf.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(rows_of(vocabulary), rows)
    return tf.lookup.StaticHashTable(initializer, default_value=OOV)


def lookup(table: Any, raw: tf.Tensor) -> tf.Tensor:
    """Indices int32 of raw strings: PAD for "", OOV for what the vocabulary does not hold."""
    # LiteRT's converter forgets the rank of what a table answers.
    return tf.cast(tf.reshape(table.lookup(raw), tf.shape(raw)), tf.int32)
