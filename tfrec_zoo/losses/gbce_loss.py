"""Generalised binary cross-entropy against drawn items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tfrec_zoo._errors import require
from tfrec_zoo.losses.candidate_loss import Batch, Compared, DrawnLoss
from tfrec_zoo.losses.comparisons import gbce
from tfrec_zoo.schema import NUM_RESERVED


@dataclass(frozen=True)
class GBCELoss(DrawnLoss):
    """Binary cross-entropy with the positive's probability raised to beta (Petrov and Macdonald 2023)."""

    name: ClassVar[str] = "gbce"
    calibration: float = 0.75
    """t: 0 is plain binary cross-entropy, 1 calibrates the scores as the full softmax does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.calibration <= 1, "`calibration` must be in [0, 1].", self.calibration)

    def compare(self, compared: Compared, batch: Batch) -> Any:
        """Cross-entropies of each row."""
        num_items = batch.model.schema.num_items - NUM_RESERVED
        return gbce(*compared, num_items=num_items, calibration=self.calibration)
