"""Softmax over drawn items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tfrec_zoo.losses.candidate_loss import Compared, DrawnLoss
from tfrec_zoo.losses.comparisons import candidate_softmax
from tfrec_zoo.losses.rows import TrainedModel, TrainingRows


@dataclass(frozen=True)
class SampledLoss(DrawnLoss):
    """Sampled softmax: each row's item among drawn ones, less the log of how often each is drawn.

    Jean et al. 2015, "On using very large target vocabulary for neural machine translation" (section 3).
    """

    name: ClassVar[str] = "sampled"
    label_smoothing: float = 0.0
    """Share of the target's probability that goes to all candidates alike."""

    def compare(
        self,
        compared: Compared,
        model: TrainedModel,
        inputs: Mapping[str, Any],
        rows: TrainingRows,
        candidates: Any,
        training: bool,
    ) -> Any:
        """Cross-entropy of each row."""
        target_logit, logits, negative = compared
        target_logit, logits = target_logit - rows.targets_log_q, logits - inputs["negatives_log_q"][None, :]
        return candidate_softmax(target_logit, logits, negative, self.label_smoothing)
