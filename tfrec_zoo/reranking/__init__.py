"""Between the scores of the catalogue and the list: what re-orders it. Needs no TensorFlow."""

from tfrec_zoo.reranking.reranker import RERANKERS, ReRanker, describe_reranker, make_reranker, reranker_of

__all__ = ["RERANKERS", "ReRanker", "describe_reranker", "make_reranker", "reranker_of"]
