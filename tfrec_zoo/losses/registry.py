"""The table of training losses."""

from __future__ import annotations

from tfrec_zoo._registry import Registry
from tfrec_zoo.losses.bpr_loss import BPRLoss
from tfrec_zoo.losses.catalogue_loss import CatalogueLoss
from tfrec_zoo.losses.gbce_loss import GBCELoss
from tfrec_zoo.losses.in_batch_loss import InBatchLoss
from tfrec_zoo.losses.like_loss import LikeLoss
from tfrec_zoo.losses.loss import Loss
from tfrec_zoo.losses.rating_loss import RatingLoss
from tfrec_zoo.losses.sampled_loss import SampledLoss

LOSSES: Registry[type[Loss]] = Registry(
    "loss",
    {
        "full": CatalogueLoss,
        "in_batch": InBatchLoss,
        "sampled": SampledLoss,
        "gbce": GBCELoss,
        "bpr": BPRLoss,
        "rating": RatingLoss,
        "like": LikeLoss,
    },
    subclass_of=Loss,
)
"""Name -> class."""
