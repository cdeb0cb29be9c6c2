"""Recommender model zoo for Keras 3 on TensorFlow."""

from tfrec_zoo._version import __version__

__all__ = ["__version__"]
