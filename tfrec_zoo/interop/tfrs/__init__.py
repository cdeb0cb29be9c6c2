"""Models of the zoo in TensorFlow Recommenders (TFRS): its retrieval indices and its metric.

TFRS is written for Keras 2. Importing this module makes `tf.keras` Keras 2 in the whole process, by
TF_USE_LEGACY_KERAS=1, which child processes inherit; `import keras` and the zoo's models stay Keras 3.

Raises:
    ImportError: TFRS is not installed, or `tf.keras` was used before and is Keras 3.
"""

from tfrec_zoo.interop.tfrs.export import export_index
from tfrec_zoo.interop.tfrs.factorized_top_k import factorized_top_k
from tfrec_zoo.interop.tfrs.index import Kind, retrieval_index

__all__ = ["Kind", "export_index", "factorized_top_k", "retrieval_index"]
