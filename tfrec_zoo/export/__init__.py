"""Export to served models."""

from tfrec_zoo.export.vectors import ItemVectors, export_vectors
from tfrec_zoo.export.write import check_target, export

__all__ = ["ItemVectors", "check_target", "export", "export_vectors"]
