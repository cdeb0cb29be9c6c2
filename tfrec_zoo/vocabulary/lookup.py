"""Raw strings to indices inside a graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfrec_zoo.schema import OOV, PAD_TOKEN
from tfrec_zoo.vocabulary.vocabulary import Vocabulary


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
