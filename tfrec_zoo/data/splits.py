"""Splits of interactions into training, validation and test."""

from __future__ import annotations

from dataclasses import dataclass

from tfrec_zoo.data.tables import Interactions


@dataclass(frozen=True)
class Split:
    """Three disjoint parts of one table of interactions."""

    name: str
    """The protocol, e.g. "leave_last_out"."""
    train: Interactions
    validation: Interactions
    test: Interactions
