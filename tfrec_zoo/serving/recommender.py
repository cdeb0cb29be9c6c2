"""An export, loaded to recommend: needs the folder and TensorFlow, nothing else of the package's models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import DataError, UnknownNameError, require
from tfrec_zoo.bundle import (
    RECOMMEND_SIGNATURE,
    SCORE_SIGNATURE,
    SIMILAR_SIGNATURE,
    Manifest,
    check_files,
    read_manifest,
)
from tfrec_zoo.recommendation import Recommendation, history_strings, id_string, list_length

_LIMITS = ("exclude", "allow", "exclude_seen")
_COMMON_INPUTS = frozenset({"history", "history_time", "user_id", "k", *_LIMITS})


class Recommender:
    """Answers requests from an exported folder. Make it with `load`."""

    def __init__(self, manifest: Manifest, saved_model: Any) -> None:
        self.manifest = manifest
        """What was exported, and how."""
        # The signature's function does not keep its SavedModel, and with it the tables, alive.
        self._saved_model = saved_model
        inputs = manifest.signatures[RECOMMEND_SIGNATURE]["inputs"]
        self._takes_limits = all(name in inputs for name in _LIMITS)
        self._reads_times = "history_time" in inputs
        self._profile_dtypes = {
            name: spec["dtype"] for name, spec in inputs.items() if name not in _COMMON_INPUTS
        }

    def recommend(
        self,
        history: Sequence[str | int] = (),
        user_id: str | int | None = None,
        k: int = 10,
        profile: Mapping[str, Any] | None = None,
        history_time: Sequence[int] | None = None,
        *,
        exclude: Sequence[str | int] = (),
        allow: Sequence[str | int] = (),
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
        histories: Sequence[Sequence[str | int]],
        user_ids: Sequence[str | int | None] | None = None,
        k: int = 10,
        profiles: Sequence[Mapping[str, Any]] | None = None,
        history_times: Sequence[Sequence[int]] | None = None,
        *,
        exclude: Sequence[Sequence[str | int]] | None = None,
        allow: Sequence[str | int] = (),
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
        k = list_length(k)
        answer = self._signature(RECOMMEND_SIGNATURE)(
            **self._person_inputs(histories, user_ids, profiles, history_times),
            **self._limits(len(histories), exclude, allow, exclude_seen),
            k=tf.constant(min(k, self.manifest.schema["num_items"]), tf.int32),
        )
        return _lists(answer)

    def score(
        self,
        candidates: Sequence[str | int],
        history: Sequence[str | int] = (),
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
            A logit a candidate; -inf for items that the model does not know.

        Raises:
            DataError: an export without this signature.
            ValueError: times that are missing, too many, or given to a model that reads none.
            TypeError: ids that are neither strings nor whole numbers.
            UnknownNameError: a profile feature that the model does not have.
        """
        times = None if history_time is None else [history_time]
        names = [id_string(item, "candidates") for item in candidates]
        answer = self._signature(SCORE_SIGNATURE)(
            **self._person_inputs([history], [user_id], [profile or {}], times),
            candidates=tf.constant([names], tf.string, shape=[1, len(names)]),
        )
        return [float(score) for score in answer["scores"].numpy()[0]]

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
        answer = self._signature(SIMILAR_SIGNATURE)(
            item_id=tf.constant([id_string(item_id, "item_id")]),
            k=tf.constant(min(list_length(k), self.manifest.schema["num_items"]), tf.int32),
        )
        return _lists(answer)[0]

    def _signature(self, name: str) -> Any:
        if name not in self.manifest.signatures:
            raise DataError(
                f"An export must have the signature {name!r} for this. "
                f"Received: {sorted(self.manifest.signatures)}. Export the model again."
            )
        return self._saved_model.signatures[name]

    def _person_inputs(
        self,
        histories: Sequence[Sequence[str | int]],
        user_ids: Sequence[str | int | None] | None,
        profiles: Sequence[Mapping[str, Any]] | None,
        history_times: Sequence[Sequence[int]] | None,
    ) -> dict[str, tf.Tensor]:
        users = [None] * len(histories) if user_ids is None else list(user_ids)
        given = [{}] * len(histories) if profiles is None else list(profiles)
        require(
            len(users) == len(given) == len(histories),
            "`histories`, `user_ids` and `profiles` must have the same length.",
            (len(histories), len(users), len(given)),
        )
        names = ["" if user is None else id_string(user, "user_id") for user in users]
        return {
            "history": tf.constant(_padded([history_strings(history) for history in histories])),
            "user_id": tf.constant(names, tf.string),
            **self._profile_inputs(given),
            **self._time_inputs(histories, history_times),
        }

    def _limits(
        self,
        size: int,
        exclude: Sequence[Sequence[str | int]] | None,
        allow: Sequence[str | int],
        exclude_seen: bool,
    ) -> dict[str, tf.Tensor]:
        rows = [()] * size if exclude is None else list(exclude)
        require(len(rows) == size, "`exclude` must have a list a history.", len(rows))
        excluded = [[id_string(item, "exclude") for item in row] for row in rows]
        allowed = [id_string(item, "allow") for item in allow]
        if not self._takes_limits:
            if any(excluded) or allowed or not exclude_seen:
                raise DataError(
                    f"An export must take {_LIMITS} for this. Received: one of an earlier tfrec_zoo. Export "
                    "the model again."
                )
            return {}
        return {
            "exclude": tf.constant(_padded(excluded)),
            "allow": tf.constant(allowed, tf.string),
            "exclude_seen": tf.constant(bool(exclude_seen)),
        }

    def _time_inputs(
        self, histories: Sequence[Sequence[str | int]], times: Sequence[Sequence[int]] | None
    ) -> dict[str, tf.Tensor]:
        given = None if times is None else [len(row) for row in times]
        require(
            given == ([len(row) for row in histories] if self._reads_times else None),
            "`history_time` must have a time for each item of the history, for this model reads times."
            if self._reads_times
            else "`history_time` must be left out: this model reads no times.",
            times,
        )
        if times is None:
            return {}
        table = np.zeros((len(times), max([1, *map(len, times)])), np.int64)
        for row, values in enumerate(times):
            table[row, : len(values)] = values
        return {"history_time": tf.constant(table)}

    def _profile_inputs(self, profiles: Sequence[Mapping[str, Any]]) -> dict[str, tf.Tensor]:
        for profile in profiles:
            for name in profile:
                if name not in self._profile_dtypes:
                    raise UnknownNameError("profile feature", name, self._profile_dtypes)
        inputs = {}
        for name, dtype in self._profile_dtypes.items():
            if dtype == "string":
                values = [profile.get(name, ()) for profile in profiles]
                rows = [_categories(value) for value in values]
                inputs[name] = tf.constant(_padded(rows))
            else:
                numbers = [profile.get(name) for profile in profiles]
                inputs[name] = tf.constant([np.nan if n is None else float(n) for n in numbers], tf.float32)
        return inputs


def load(path: str | Path) -> Recommender:
    """Load the newest version of an exported model, after checking every file against the manifest.

    Args:
        path: the folder that `export` wrote.

    Raises:
        DataError: no export there, a file that is missing or damaged, or a SavedModel that does not load.
    """
    manifest = read_manifest(path)
    check_files(path, manifest)
    folder = manifest.version_folder(path)
    try:
        saved_model = tf.saved_model.load(str(folder))
    except (OSError, tf.errors.OpError) as error:
        raise DataError(f"{folder} must be a SavedModel. Received: {error}. Export again.") from error
    return Recommender(manifest, saved_model)


def _lists(answer: Mapping[str, tf.Tensor]) -> list[list[Recommendation]]:
    """The rows of an answer without their empty tails."""
    return [
        [
            Recommendation(item.decode("utf-8"), float(score))
            for item, score in zip(items, scores, strict=True)
            if item
        ]
        for items, scores in zip(answer["item_ids"].numpy(), answer["scores"].numpy(), strict=True)
    ]


def _categories(value: Any) -> list[str]:
    """A category, several, or None for unknown, as strings."""
    if value is None:
        return []
    return [str(part) for part in (value if isinstance(value, list | tuple) else (value,))]


def _padded(rows: Sequence[Sequence[str]]) -> Any:
    """Strings [B, T], one column at the least, padded with "" at the right."""
    table = np.full((len(rows), max([1, *map(len, rows)])), "", dtype=object)
    for row, values in enumerate(rows):
        table[row, : len(values)] = values
    return table
