"""tf.data input pipelines: pairs, sequences, negatives, TFRecord."""

from tfrec_zoo.pipelines.negatives import with_negatives
from tfrec_zoo.pipelines.pairs import pairs
from tfrec_zoo.pipelines.sequences import sequences
from tfrec_zoo.pipelines.tfrecord import read_tfrecords, write_tfrecords

__all__ = ["pairs", "read_tfrecords", "sequences", "with_negatives", "write_tfrecords"]
