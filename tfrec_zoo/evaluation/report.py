"""The result of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Slice:
    """The metrics of one group of users or of targets.

    Example:
        >>> from tfrec_zoo.baselines import Popularity
        >>> popularity = Popularity().fit(encoded.train, encoded.num_items)  # encoded: an EncodedSplit
        >>> report = evaluate(popularity, encoded, ks=[10])
        >>> sorted(report.slices)
        ['history ...', 'items head', 'items mid', 'items tail']
        >>> report.slices["items head"].num_targets < report.num_targets
        True
    """

    num_users: int
    num_targets: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class EvaluationReport:
    """Metrics over the full catalogue, or over given candidates, with what is needed to read them.

    Example:
        >>> from tfrec_zoo.baselines import Popularity
        >>> popularity = Popularity().fit(encoded.train, encoded.num_items)  # encoded: an EncodedSplit
        >>> report = evaluate(popularity, encoded, ks=[10])
        >>> report.model, report.part
        ('popularity', 'test')
        >>> report.to_frame().loc["hr@10"].index[:3].tolist()
        ['value', 'low', 'high']
    """

    model: str
    """Name of the model."""
    split: str
    """How the data was split, e.g. "leave_last_out"."""
    part: str
    """"validation" or "test"."""
    exclude_seen: bool
    """Whether items of the history left the ranking."""
    num_users: int
    """Users with at least one target."""
    num_targets: int
    """Distinct targets of all users."""
    num_candidates: int
    """Items that were ranked for each user, seen ones included."""
    unknown_targets: int
    """Targets outside the catalogue, which count as misses."""
    seen_targets: int
    """Targets that the history holds, which count as misses where `exclude_seen`."""
    metrics: Mapping[str, float]
    """ "hr@10" -> mean, and so on."""
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """ "hr@10" -> bootstrap 95 % interval over users; no entry for what is no mean, such as
    coverage and Gini."""
    slices: Mapping[str, Slice] = field(default_factory=dict)
    """ "items head", "history 5-20", ... -> metrics of that group."""
    seconds: float = 0.0
    """Wall time of the evaluation."""

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        values = asdict(self)
        values["intervals"] = {name: list(interval) for name, interval in self.intervals.items()}
        return values

    def to_frame(self) -> pd.DataFrame:
        """One row per metric: value, low, high (NaN without an interval), and one column per slice."""
        frame = pd.DataFrame({"value": pd.Series(dict(self.metrics), dtype=float)})
        for position, bound in enumerate(("low", "high")):
            frame[bound] = pd.Series({n: i[position] for n, i in self.intervals.items()}, dtype=float)
        for label, group in self.slices.items():
            frame[label] = pd.Series(dict(group.metrics), dtype=float)
        return frame.rename_axis("metric")
