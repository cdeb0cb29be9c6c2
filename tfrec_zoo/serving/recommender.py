"""What every engine that holds an exported model offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import RECOMMEND_SIGNATURE, SCORE_SIGNATURE, SIMILAR_SIGNATURE
from tfrec_zoo.recommendation import Recommendation, id_string, id_strings, list_length
from tfrec_zoo.serving.inputs import Array, History, Requests, padded

_INT32_MAX = 2**31 - 1


class Recommender(ABC):
    """Answers requests from an exported model, wherever it runs.

    Example:
        >>> import numpy as np
        >>> class Always(Recommender):
        ...     def run(self, signature, inputs):
        ...         return {"item_ids": np.array([["cup", "jug"]], object), "scores": np.array([[2.0, 1.0]])}
        >>> always = Always({"recommend": {"inputs": {}, "outputs": {}}})
        >>> [item_id for item_id, score in always.recommend(history=["pot"])]
        ['cup', 'jug']

    Args:
        signatures: name -> {"inputs": {name: {"dtype", "shape"}}, "outputs": ...}.
    """

    def __init__(self, signatures: Mapping[str, Any]) -> None:
        self.signatures = signatures
        """What the export answers: signature -> its inputs and outputs."""
        self._requests = Requests(signatures[RECOMMEND_SIGNATURE]["inputs"])

    @abstractmethod
    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one signature on all of its inputs.

        Args:
            signature: its name, of `signatures`.
            inputs: one array per named input, strings as str.

        Returns:
            One array per named output; strings are str, in arrays of dtype object.
        """

    def recommend(
        self,
        history: History = (),
        user_id: str | int | None = None,
        k: int = 10,
        profile: Mapping[str, Any] | None = None,
        history_time: Sequence[int] | None = None,
        *,
        exclude: History = (),
        allow: History = (),
        exclude_seen: bool = True,
    ) -> list[Recommendation]:
        """The best items for one person.

        Args:
            history: raw item ids, oldest first, integers as their decimal strings; unknown ones are passed
                over.
            user_id: raw user id; None, or an unknown one, is nobody in particular.
            k: length of the list.
            profile: raw values of the model's profile features, where it has any.
            history_time: when each item of the history was, in whole seconds from any origin; for a model
                that reads times, and for no other.
            exclude: raw ids of items that must not come.
            allow: raw ids of the only items that may come; all, where it names none.
            exclude_seen: whether items of the history must not come.

        Returns:
            At most k items, best first; fewer where the catalogue runs out.

        Raises:
            ValueError: k below 1, times that are missing, too many, or given to a model that reads none.
            TypeError: ids that are neither strings nor whole numbers.
            UnknownNameError: a profile feature that the model does not have.
        """
        times = None if history_time is None else [history_time]
        return self.recommend_batch(
            [history],
            [user_id],
            k,
            [profile or {}],
            times,
            exclude=[exclude],
            allow=allow,
            exclude_seen=exclude_seen,
        )[0]

    def recommend_batch(
        self,
        histories: Sequence[History],
        user_ids: Sequence[str | int | None] | None = None,
        k: int = 10,
        profiles: Sequence[Mapping[str, Any]] | None = None,
        history_times: Sequence[Sequence[int]] | None = None,
        *,
        exclude: Sequence[History] | None = None,
        allow: History = (),
        exclude_seen: bool = True,
    ) -> list[list[Recommendation]]:
        """The same for several people at once.

        Args:
            histories: B lists of raw item ids, oldest first, of any lengths.
            user_ids: B raw user ids.
            k: length of the lists.
            profiles: B mappings.
            history_times: B lists of seconds, each as long as its history.
            exclude: B lists of raw ids of items that must not come.
            allow: raw ids of the only items that may come, for all alike; all, where it names none.
            exclude_seen: whether items of the histories must not come.

        Returns:
            B lists of at most k items.

        Raises:
            ValueError: k below 1, arguments of different lengths, or times that are missing or not read.
            TypeError: ids that are neither strings nor whole numbers.
            UnknownNameError: a profile feature that the model does not have.
        """
        inputs = {
            **self._requests.people(histories, user_ids, profiles, history_times),
            **self._requests.limits(len(histories), exclude, allow, exclude_seen),
            "k": _k(k),
        }
        return _lists(self._checked_run(RECOMMEND_SIGNATURE, inputs))

    def score(
        self,
        candidates: History,
        history: History = (),
        user_id: str | int | None = None,
        profile: Mapping[str, Any] | None = None,
        history_time: Sequence[int] | None = None,
    ) -> list[float]:
        """Scores of given items for one person, of the history's items too.

        Args:
            candidates: raw item ids.
            history: as of `recommend`.
            user_id: as of `recommend`.
            profile: as of `recommend`.
            history_time: as of `recommend`.

        Returns:
            One logit per candidate; -inf for items that the model does not know.

        Raises:
            DataError: an export without this signature.
            ValueError: times that are missing, too many, or given to a model that reads none.
            TypeError: ids that are neither strings nor whole numbers.
            UnknownNameError: a profile feature that the model does not have.
        """
        times = None if history_time is None else [history_time]
        names = id_strings(candidates, "candidates")
        people = self._requests.people([history], [user_id], [profile or {}], times)
        answer = self._checked_run(SCORE_SIGNATURE, {**people, "candidates": padded([names])})
        return [float(score) for score in answer["scores"][0][: len(names)]]

    def similar_items(self, item_id: str | int, k: int = 10) -> list[Recommendation]:
        """The items that are most like one, by the cosine of their vectors.

        Args:
            item_id: raw id; nothing is like an unknown item.
            k: length of the list.

        Raises:
            DataError: an export without this signature.
            ValueError: k below 1.
            TypeError: an id that is neither a string nor a whole number.
        """
        names = np.array([id_string(item_id, "item_id")], dtype=object)
        return _lists(self._checked_run(SIMILAR_SIGNATURE, {"item_id": names, "k": _k(k)}))[0]

    def _checked_run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        if signature not in self.signatures:
            raise DataError(
                f"An export must have the signature {signature!r} for this. "
                f"Received: {sorted(self.signatures)}. Export the model again."
            )
        return self.run(signature, inputs)


def _k(k: Any) -> Array:
    return np.array(min(list_length(k), _INT32_MAX), np.int32)


def _lists(answer: Mapping[str, Array]) -> list[list[Recommendation]]:
    """The rows of an answer without their empty tails."""
    return [
        [Recommendation(item, float(score)) for item, score in zip(items, scores, strict=True) if item]
        for items, scores in zip(answer["item_ids"], answer["scores"], strict=True)
    ]
