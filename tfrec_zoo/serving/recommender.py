"""An export, loaded to recommend: needs the folder and TensorFlow, nothing else of the package's models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrec_zoo._errors import DataError, UnknownNameError, require
from tfrec_zoo.bundle import RECOMMEND_SIGNATURE, Manifest, check_files, read_manifest
from tfrec_zoo.recommendation import Recommendation, history_strings, id_string, list_length

_COMMON_INPUTS = frozenset({"history", "history_time", "user_id", "k"})


class Recommender:
    """Answers requests from an exported folder. Make it with `load`."""

    def __init__(self, manifest: Manifest, saved_model: Any) -> None:
        self.manifest = manifest
        """What was exported, and how."""
        # The signature's function does not keep its SavedModel, and with it the tables, alive.
        self._saved_model = saved_model
        self._recommend = saved_model.signatures[RECOMMEND_SIGNATURE]
        inputs = manifest.signatures[RECOMMEND_SIGNATURE]["inputs"]
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
    ) -> list[Recommendation]:
        """The best items for one person, who has not had them yet.

        Args:
            history: raw item ids, oldest first, integers as their decimal strings; unknown ones are passed
                over.
            user_id: raw user id; None, or an unknown one, is nobody in particular.
            k: length of the list.
            profile: raw values of the model's profile features, where it has any.
            history_time: when each item of the history was, in whole seconds from any origin; for a model
                that reads times, and for no other.

        Returns:
            At most k items, best first; fewer where the catalogue runs out.

        Raises:
            ValueError: k below 1, times that are missing, too many, or given to a model that reads none.
            TypeError: ids that are neither strings nor whole numbers.
            UnknownNameError: a profile feature that the model does not have.
        """
        times = None if history_time is None else [history_time]
        return self.recommend_batch([history], [user_id], k, [profile or {}], times)[0]

    def recommend_batch(
        self,
        histories: Sequence[Sequence[str | int]],
        user_ids: Sequence[str | int | None] | None = None,
        k: int = 10,
        profiles: Sequence[Mapping[str, Any]] | None = None,
        history_times: Sequence[Sequence[int]] | None = None,
    ) -> list[list[Recommendation]]:
        """The same for several people at once.

        Args:
            histories: B lists of raw item ids, oldest first, of any lengths.
            user_ids: B raw user ids.
            k: length of the lists.
            profiles: B mappings.
            history_times: B lists of seconds, each as long as its history.

        Returns:
            B lists of at most k items.

        Raises:
            ValueError: k below 1, arguments of different lengths, or times that are missing or not read.
            TypeError: ids that are neither strings nor whole numbers.
            UnknownNameError: a profile feature that the model does not have.
        """
        k = list_length(k)
        users = [None] * len(histories) if user_ids is None else list(user_ids)
        given = [{}] * len(histories) if profiles is None else list(profiles)
        require(
            len(users) == len(given) == len(histories),
            "`histories`, `user_ids` and `profiles` must have the same length.",
            (len(histories), len(users), len(given)),
        )
        answer = self._recommend(
            history=tf.constant(_padded([history_strings(history) for history in histories])),
            user_id=tf.constant(
                ["" if user is None else id_string(user, "user_id") for user in users], tf.string
            ),
            k=tf.constant(min(k, self.manifest.schema["num_items"]), tf.int32),
            **self._profile_inputs(given),
            **self._time_inputs(histories, history_times),
        )
        return [
            [
                Recommendation(item.decode("utf-8"), float(score))
                for item, score in zip(items, scores, strict=True)
                if item
            ]
            for items, scores in zip(answer["item_ids"].numpy(), answer["scores"].numpy(), strict=True)
        ]

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
