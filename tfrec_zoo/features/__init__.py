"""Raw values to encoded arrays, learned from training rows: the feature space and what it makes."""

from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.vocabulary import Vocabulary

__all__ = ["EncodedInteractions", "EncodedSplit", "FeatureSpace", "Vocabulary"]
