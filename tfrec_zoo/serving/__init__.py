"""Load an export and recommend."""

from tfrec_zoo.serving.recommender import Recommender, load

__all__ = ["Recommender", "load"]
