"""Raw values to integer arrays: vocabularies, transforms, and the feature space that holds them."""

from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.features.feature_space import FeatureSpace
from tfrec_zoo.features.vocabulary import Vocabulary

__all__ = ["EncodedInteractions", "EncodedSplit", "FeatureSpace", "Vocabulary"]
