"""Export to served models."""

from tfrec_zoo.export.folder.publish import check_target
from tfrec_zoo.export.litert import check_litert
from tfrec_zoo.export.refresh import CatalogueChange, refresh_catalogue
from tfrec_zoo.export.vectors import ItemVectors, export_vectors
from tfrec_zoo.export.verification.verify import verify
from tfrec_zoo.export.write import export

__all__ = [
    "CatalogueChange",
    "ItemVectors",
    "check_litert",
    "check_target",
    "export",
    "export_vectors",
    "refresh_catalogue",
    "verify",
]
