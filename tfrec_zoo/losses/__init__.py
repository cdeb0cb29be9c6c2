"""Training losses: objects that models take by name, and the functions of tensors that they are made of."""

from tfrec_zoo.losses.accidental_hits import accidental_hits
from tfrec_zoo.losses.candidate_loss import Batch, CandidateLoss, Compared, DrawnLoss
from tfrec_zoo.losses.comparisons import bpr, candidate_softmax, gbce
from tfrec_zoo.losses.full_softmax import full_softmax
from tfrec_zoo.losses.loss import Loss
from tfrec_zoo.losses.pointwise_loss import PointwiseLoss
from tfrec_zoo.losses.registry import LOSSES
from tfrec_zoo.losses.rows import TrainedModel, TrainingRows

__all__ = [
    "LOSSES",
    "Batch",
    "CandidateLoss",
    "Compared",
    "DrawnLoss",
    "Loss",
    "PointwiseLoss",
    "TrainedModel",
    "TrainingRows",
    "accidental_hits",
    "bpr",
    "candidate_softmax",
    "full_softmax",
    "gbce",
]
