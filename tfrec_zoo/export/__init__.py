"""Export to served models."""

from tfrec_zoo.export.write import check_target, export

__all__ = ["check_target", "export"]
