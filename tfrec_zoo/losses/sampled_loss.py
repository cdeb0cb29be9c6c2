"""Softmax over drawn items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tfrec_zoo.losses.candidate_loss import Batch, Compared, DrawnLoss
from tfrec_zoo.losses.comparisons import candidate_softmax


@dataclass(frozen=True)
class SampledLoss(DrawnLoss):
    """Sampled softmax: each row's item among drawn ones, less the log of how often each is drawn.

    Jean et al. 2015, "On using very large target vocabulary for neural machine translation" (section 3).
    """

    name: ClassVar[str] = "sampled"
    label_smoothing: float = 0.0
    """Share of the target's probability that goes to all candidates alike."""

    def compare(self, compared: Compared, batch: Batch) -> Any:
        """Cross-entropy of each row."""
        target_logit, logits, negative = compared
        target_logit -= batch.rows.targets_log_q
        logits -= batch.inputs["negatives_log_q"][None, :]
        return candidate_softmax(target_logit, logits, negative, self.label_smoothing)
