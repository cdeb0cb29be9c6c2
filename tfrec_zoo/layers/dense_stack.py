"""A tower's dense layers."""

from __future__ import annotations

import keras


def dense_stack(
    output_dim: int, hidden_dims: tuple[int, ...], dropout: float = 0.0, *, name: str
) -> keras.Sequential | None:
    """Dense layers with relu of the given widths and a linear one of `output_dim`; None without widths."""
    if not hidden_dims:
        return None
    layers: list[keras.layers.Layer] = []
    for width in hidden_dims:
        layers += [keras.layers.Dense(width, activation="relu"), keras.layers.Dropout(dropout)]
    return keras.Sequential([*layers, keras.layers.Dense(output_dim)], name=name)
