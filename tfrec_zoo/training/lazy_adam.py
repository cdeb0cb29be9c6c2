"""Adam whose step costs what the batch holds, not what the catalogue holds."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable("tfrec_zoo")
class LazyAdam(keras.optimizers.Adam):
    """Adam that updates only those rows of an embedding table that a batch reads.

    The moments of a row stand still while it is not read, where Adam's (Kingma and Ba 2015, algorithm 1)
    decay and keep moving the row. So the numbers differ from Adam's a little, by design; a table whose every
    row is read in every step comes out the same. Weights with dense gradients are updated as by Adam.

    Example:
        >>> import keras, tensorflow as tf
        >>> table = keras.Variable([[1.0], [1.0], [1.0]])
        >>> of_row_1 = tf.IndexedSlices(values=[[4.0]], indices=[1], dense_shape=(3, 1))
        >>> LazyAdam(learning_rate=0.1).apply([of_row_1], [table])
        >>> (table.numpy() < 1).ravel().tolist()
        [False, True, False]
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Apply one gradient to one variable."""
        if not isinstance(gradient, tf.IndexedSlices) or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        rows, place = tf.unique(gradient.indices)
        total = tf.math.unsorted_segment_sum(gradient.values, place, tf.size(rows))
        total = tf.cast(total, variable.dtype)
        step = ops.cast(self.iterations + 1, variable.dtype)
        rate = ops.cast(learning_rate, variable.dtype)
        rate *= ops.sqrt(1 - ops.power(self.beta_2, step)) / (1 - ops.power(self.beta_1, step))
        place_of = self._get_variable_index(variable)
        moments = []
        for table, beta, value in (
            (self._momentums[place_of], self.beta_1, total),
            (self._velocities[place_of], self.beta_2, tf.square(total)),
        ):
            moment = beta * tf.gather(table.value, rows) + (1 - beta) * value
            table.value.scatter_update(tf.IndexedSlices(moment, rows))
            moments.append(moment)
        change = rate * moments[0] / (tf.sqrt(moments[1]) + self.epsilon)
        table = variable if isinstance(variable, tf.Variable) else variable.value
        table.scatter_sub(tf.IndexedSlices(change, rows))
