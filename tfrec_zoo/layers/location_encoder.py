"""Places to vectors: sines and cosines of many wavelengths."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from tfrec_zoo._errors import require


@keras.saving.register_keras_serializable("tfrec_zoo")
class LocationEncoder(keras.layers.Layer):
    """Sines and cosines of each coordinate on a geometric series of scales, and two dense layers.

    Mai et al. 2020, "Multi-scale representation learning for spatial feature distributions using grid cells"
    (ICLR, section 3.3), with the three axes of the sphere for those of the plane. Large scales tell regions
    apart, small ones streets. A place that is not known is zero.

    Example:
        >>> import numpy as np
        >>> places = np.array([[0.1, 0.9, 0.4, 1], [0, 0, 0, 0]])  # the second is unknown
        >>> vectors = LocationEncoder(embedding_dim=8)(places)
        >>> vectors.shape, float(abs(vectors[1]).numpy().max())
        (TensorShape([2, 8]), 0.0)

    Call arguments:
        inputs: float [n, 4]: coordinates of about unit spread, and 1 where they are known, else 0.

    Returns:
        float [n, embedding_dim].

    Args:
        embedding_dim: width of the vectors.
        num_scales: number of wavelengths.
        min_scale: the smallest wavelength over two pi, in the inputs' unit.
        max_scale: the largest, likewise.

    Raises:
        ValueError: fewer than two scales, or a largest one that is not above the smallest.
    """

    def __init__(
        self,
        embedding_dim: int,
        num_scales: int = 6,
        min_scale: float = 0.0625,
        max_scale: float = 4.0,
        **kwargs: Any,
    ) -> None:
        # Half precision would lose the small wavelengths.
        super().__init__(autocast=False, **kwargs)
        require(num_scales >= 2, "`num_scales` must be at least 2.", num_scales)
        require(
            0 < min_scale < max_scale,
            "`min_scale` must be above 0, `max_scale` above it.",
            (min_scale, max_scale),
        )
        self.embedding_dim = embedding_dim
        self.num_scales = num_scales
        self.min_scale = min_scale
        self.max_scale = max_scale
        self.hidden = keras.layers.Dense(embedding_dim, activation="relu", name="hidden")
        self.projection = keras.layers.Dense(embedding_dim, name="projection")

    def build(self, input_shape: Any) -> None:
        """Create the kernels."""
        self.hidden.build((None, 2 * self.num_scales * (input_shape[-1] - 1)))
        self.projection.build((None, self.embedding_dim))
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Encode each place."""
        values = ops.cast(inputs, "float32")
        coordinates, known = values[:, :-1], values[:, -1:]
        scales = np.geomspace(self.min_scale, self.max_scale, self.num_scales)
        angles = ops.concatenate([coordinates / float(scale) for scale in scales], axis=-1)
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        vectors = self.projection(self.hidden(ops.cast(waves, self.compute_dtype)))
        return vectors * ops.cast(known, vectors.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {
            **super().get_config(),
            "embedding_dim": self.embedding_dim,
            "num_scales": self.num_scales,
            "min_scale": self.min_scale,
            "max_scale": self.max_scale,
        }
