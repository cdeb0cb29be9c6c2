"""Training losses: functions of tensors, each row's loss out."""

from tfrec_zoo.losses.accidental_hits import accidental_hits
from tfrec_zoo.losses.softmax import candidate_softmax, full_softmax

__all__ = ["accidental_hits", "candidate_softmax", "full_softmax"]
