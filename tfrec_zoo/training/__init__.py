"""Training recipes over `model.fit`."""

from tfrec_zoo.training.lazy_adam import LazyAdam
from tfrec_zoo.training.run_config import RunConfig
from tfrec_zoo.training.train import make_optimizer, train, training_dataset

__all__ = ["LazyAdam", "RunConfig", "make_optimizer", "train", "training_dataset"]
