"""Pairs of each row's item and a drawn one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tfrec_zoo.losses.candidate_loss import Batch, Compared, DrawnLoss
from tfrec_zoo.losses.comparisons import bpr


@dataclass(frozen=True)
class BPRLoss(DrawnLoss):
    """Each row's item should beat every drawn one (Rendle et al. 2009)."""

    name: ClassVar[str] = "bpr"

    def compare(self, compared: Compared, batch: Batch) -> Any:
        """Mean over the pairs of each row."""
        return bpr(*compared)
