"""How often each item is met in a batch, for the logQ correction."""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfrec_zoo._errors import UnknownNameError, require

Frequency = Literal["streaming", "counted"]


class ItemFrequency(keras.layers.Layer):
    """The expected number of times that an item stands in a batch, as logarithm.

    "streaming" keeps, for each item, the last step at which it was met and a running mean of the steps
    between two meetings (Yi et al. 2019, "Sampling-bias-corrected neural modeling for large corpus item
    recommendations", algorithm 2); an item met c times in one batch counts as c meetings, so that popular
    items of small catalogues do not saturate at one. "counted" is set once from the training counts.

    Example:
        >>> import numpy as np
        >>> frequency = ItemFrequency(num_items=4, frequency="counted")
        >>> frequency.build()
        >>> frequency.set_counts([1, 1, 3, 5])
        >>> np.exp(frequency(np.array([2, 3]), batch_size=20)).round(2).tolist()  # of 20 draws
        [6.0, 10.0]

    Args:
        num_items: N.
        frequency: where the estimate comes from.
        momentum: weight of the newest interval ("streaming").
    """

    def __init__(self, num_items: int, frequency: Frequency, momentum: float = 0.05, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if frequency not in ("streaming", "counted"):
            raise UnknownNameError("frequency", frequency, ("streaming", "counted"))
        self.num_items = num_items
        self.frequency = frequency
        self.momentum = momentum

    def build(self, input_shape: Any = None) -> None:
        """Create the tables; every item starts as met once in `num_items` steps."""

        def table(name: str, shape: tuple[int, ...], start: float, dtype: str = "float32") -> Any:
            initializer = keras.initializers.Constant(start)
            return self.add_weight(
                name=name,
                shape=shape,
                initializer=initializer,
                dtype=dtype,
                trainable=False,
                autocast=False,
            )

        if self.frequency == "streaming":
            self.step = table("step", (), 0, "int32")
            self.last_step = table("last_step", (self.num_items,), 0)
            self.interval = table("interval", (self.num_items,), self.num_items)
        else:
            self.share = table("share", (self.num_items,), 0)
        self.built = True

    def set_counts(self, counts: Any) -> None:
        """Take each item's share from its training interactions, [num_items] ("counted")."""
        require(self.frequency == "counted", "`set_counts` goes with frequency 'counted'.", self.frequency)
        counts = np.maximum(np.asarray(counts, dtype=np.float64), 1)
        self.share.assign(counts / counts.sum())

    def require_counts(self) -> None:
        """Refuse to train on counts that were never set ("counted").

        Raises:
            ValueError: `set_counts` was not called.
        """
        unset = self.frequency == "counted" and not ops.any(self.share > 0)
        require(
            not unset,
            "log_q 'counted' needs the training counts: "
            "`model.frequency.set_counts(encoded.train.item_counts(encoded.num_items))`.",
            "no counts",
        )

    def update(self, items: Any) -> None:
        """Take note of the items, int32 [B], of one training batch ("streaming")."""
        rows, _, counts = tf.unique_with_counts(items)
        step = self.step.value + 1
        now = tf.cast(step, tf.float32)
        elapsed = (now - tf.gather(self.last_step.value, rows)) / tf.cast(counts, tf.float32)
        interval = tf.gather(self.interval.value, rows)
        interval += self.momentum * (elapsed - interval)
        where = rows[:, None]
        self.interval.assign(tf.tensor_scatter_nd_update(self.interval.value, where, interval))
        self.last_step.assign(
            tf.tensor_scatter_nd_update(self.last_step.value, where, tf.fill(tf.shape(rows), now))
        )
        self.step.assign(step)

    def call(self, items: Any, *, batch_size: Any) -> Any:
        """Give the log of the expected number of each item, int32 [...], in a batch; float32 [...]."""
        if self.frequency == "streaming":
            return -ops.log(ops.take(self.interval, items))
        return ops.log(ops.take(self.share, items)) + ops.log(ops.cast(batch_size, "float32"))
