"""Raw features to encoded ones inside a graph, as their kinds do outside of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import tensorflow as tf

from tfrec_zoo.feature_kind import FeatureKind
from tfrec_zoo.schema import Feature


class RawFeatures(tf.Module):
    """The features of one side, users or items, from the values that a request holds.

    Args:
        features: of the schema.
        transforms: of the feature space, by name.
    """

    def __init__(self, features: Iterable[Feature], transforms: Mapping[str, FeatureKind]) -> None:
        super().__init__()
        self._transforms = {feature.name: transforms[feature.name] for feature in features}
        self.tables = {
            name: table
            for name, transform in self._transforms.items()
            if (table := transform.table()) is not None
        }

    def specs(self, size: int | None = None) -> dict[str, tf.TensorSpec]:
        """Of the raw values of B rows, any number where no size is given.

        Categories are strings [B, any] without needless white space, texts strings [B], numbers float32 [B],
        places float32 [B, 2]; vectors, pictures and sound are as the model reads them.
        """
        specs = {name: transform.raw_spec() for name, transform in self._transforms.items()}
        return {name: tf.TensorSpec([size, *spec.shape], spec.dtype, name) for name, spec in specs.items()}

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Encode the raw values [B, ...] of each feature."""
        return {
            name: transform.encode(raw[name], self.tables.get(name))
            for name, transform in self._transforms.items()
        }
