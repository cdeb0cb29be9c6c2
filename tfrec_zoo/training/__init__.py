"""Training recipes over `model.fit`."""

from tfrec_zoo.training.run_config import RunConfig
from tfrec_zoo.training.train import train, training_dataset

__all__ = ["RunConfig", "train", "training_dataset"]
