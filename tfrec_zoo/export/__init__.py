"""Export to served models."""

from tfrec_zoo.export.folder.publish import check_target
from tfrec_zoo.export.formats import FORMATS, Format, Servable, check_formats, check_litert, litert_formats
from tfrec_zoo.export.item_vectors import VECTOR_FILES, ItemVectors, export_vectors
from tfrec_zoo.export.refresh import CatalogueChange, refresh_catalogue
from tfrec_zoo.export.saved import SavedExport, open_export
from tfrec_zoo.export.verification.engines import ENGINES, Engine
from tfrec_zoo.export.verification.verify import verify
from tfrec_zoo.export.write import export

__all__ = [
    "ENGINES",
    "FORMATS",
    "VECTOR_FILES",
    "CatalogueChange",
    "Engine",
    "Format",
    "ItemVectors",
    "SavedExport",
    "Servable",
    "check_formats",
    "check_litert",
    "check_target",
    "export",
    "export_vectors",
    "litert_formats",
    "open_export",
    "refresh_catalogue",
    "verify",
]
