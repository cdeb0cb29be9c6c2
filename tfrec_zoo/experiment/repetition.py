"""The split that an export was trained on, once more."""

from __future__ import annotations

from tfrec_zoo.data.tables import Dataset
from tfrec_zoo.experiment.preparation import Preparation
from tfrec_zoo.export.saved import SavedExport
from tfrec_zoo.features.encoded import EncodedSplit


def encode_for_export(saved: SavedExport, dataset: Dataset) -> EncodedSplit:
    """Filter, split and encode a data set as the run did that an export came from.

    Args:
        saved: whose manifest tells the preparation, and whose features encode.
        dataset: the same data, or other data of the same columns.

    Returns:
        The parts as the export's model reads them.

    Raises:
        DataError: nothing is left, or the data lacks what the split needs.
    """
    preparation = Preparation.from_details(saved.manifest.details)
    split = preparation.cut(preparation.filter(dataset.interactions)[0])
    features = saved.features
    if dataset.users is not None and features.user_transforms:
        features = features.with_users(dataset.users)
    return features.transform(split)
