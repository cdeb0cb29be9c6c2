"""Export to served models."""

from tfrec_zoo.export.write import export

__all__ = ["export"]
