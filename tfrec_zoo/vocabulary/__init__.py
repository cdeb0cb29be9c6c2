"""Raw strings to indices and back, outside a graph and inside of one."""

from tfrec_zoo.vocabulary.vocabulary import Vocabulary

__all__ = ["Vocabulary"]
