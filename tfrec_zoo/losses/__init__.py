"""Training losses: functions of tensors."""

from tfrec_zoo.losses.accidental_hits import accidental_hits
from tfrec_zoo.losses.candidate_losses import bpr, candidate_softmax, gbce
from tfrec_zoo.losses.full_softmax import full_softmax

__all__ = ["accidental_hits", "bpr", "candidate_softmax", "full_softmax", "gbce"]
