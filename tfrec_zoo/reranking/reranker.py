"""The one seam between scores and top-k."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfrec_zoo._errors import require
from tfrec_zoo._registry import Registry


class ReRanker:
    """Turns the scores of the catalogue into those by which the list is made. This one changes nothing.

    Evaluation, `recommend`, the SavedModel and LiteRT all call it with the scores of what may be recommended,
    and take the best k of what it answers. A subclass works on arrays of numpy and on tensors in a graph
    alike, with `keras.ops` or `tf` operations that take both (and that LiteRT has, to be exported there).

    Example:
        >>> import numpy as np
        >>> scores = np.array([[-np.inf, -np.inf, 0.5, 2.0]], np.float32)
        >>> ReRanker()(scores, inputs={}, k=1) is scores
        True
        >>> class Reversed(ReRanker):
        ...     def __call__(self, scores, *, inputs, k):
        ...         return -scores  # `apply` puts -inf back
        >>> Reversed().apply(scores, inputs={}, k=1).tolist()  # for exports: RERANKERS.register(...)
        [[-inf, -inf, -0.5, -2.0]]
    """

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again, JSON-ready: what an export's manifest keeps."""
        return {}

    def __call__(self, scores: Any, *, inputs: Mapping[str, Any], k: Any) -> Any:
        """Give other scores.

        Args:
            scores: float32 [B, num_items]; -inf for what must not be recommended, which stays so.
            inputs: of the model, B rows: "history" int32 [B, T], "user_index" int32 [B], and so on.
            k: length of the list, an int or int32 [].

        Returns:
            float32 [B, num_items].
        """
        return scores

    def apply(self, scores: Any, *, inputs: Mapping[str, Any], k: Any) -> Any:
        """What every list is made of: the answer of a call, with -inf where the scores have it.

        Raises:
            ValueError: an answer of another shape.
        """
        found = self(scores, inputs=inputs, k=k)
        if found is scores:
            return scores
        pairs = zip(found.shape, scores.shape, strict=False)
        require(
            len(found.shape) == len(scores.shape) and all(a == b or None in (a, b) for a, b in pairs),
            f"The re-ranker {type(self).__name__} must give a score for each that it gets, "
            f"{tuple(scores.shape)}.",
            tuple(found.shape),
        )
        if isinstance(scores, np.ndarray):
            return np.where(np.isneginf(scores), scores, np.asarray(found, scores.dtype))
        import tensorflow as tf

        # LiteRT has no is_inf, and writes the lowest number in the place of -inf.
        return tf.where(scores <= scores.dtype.min, scores, found)


def reranker_of(given: ReRanker | None) -> ReRanker:
    """What is asked between scores and lists: the given one, or the one that changes nothing.

    Raises:
        TypeError: a name or a class, where one must be made.
    """
    if given is None:
        return ReRanker()
    if not isinstance(given, ReRanker):
        raise TypeError(
            "`reranker` must be a ReRanker that is made, e.g. `RERANKERS.find(name)(...)`. "
            f"Received: {given!r}"
        )
    return given


RERANKERS: Registry[type[ReRanker]] = Registry("re-ranker", {"none": ReRanker}, subclass_of=ReRanker)
"""Name -> class."""


def describe_reranker(reranker: ReRanker) -> dict[str, Any]:
    """Name and arguments of a re-ranker, as a manifest keeps them; nothing for the one that changes nothing.

    Raises:
        ValueError: a class that is not registered, so that nobody could make it again.
    """
    if type(reranker) is ReRanker:
        return {}
    name = next((name for name, value in RERANKERS.items() if value is type(reranker)), None)
    require(
        name is not None,
        "A re-ranker that is exported must be registered: `RERANKERS.register(name, class)`.",
        reranker,
    )
    return {"name": name, "config": reranker.get_config()}


def make_reranker(described: Mapping[str, Any]) -> ReRanker:
    """What `describe_reranker` described.

    Raises:
        UnknownNameError: no re-ranker of that name.
    """
    return RERANKERS.find(described["name"])(**described["config"]) if described else ReRanker()
