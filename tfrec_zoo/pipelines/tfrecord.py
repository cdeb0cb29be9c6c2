"""The same examples as sharded TFRecord files, for data larger than memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfrec_zoo._errors import DataError, require
from tfrec_zoo._files import staging_folder

MANIFEST_FILE = "examples.json"


def write_tfrecords(dataset: tf.data.Dataset, folder: str | Path, *, num_shards: int = 16) -> int:
    """Write one epoch of batches as records, spread over shards in turn.

    The batches keep their size; use a data set whose batches are small enough to shuffle well. The folder
    appears whole or not at all.

    Args:
        dataset: finite batches of any nested dict or tuple of tensors.
        folder: a path where nothing is yet.
        num_shards: number of files.

    Returns:
        How many batches were written.

    Raises:
        DataError: the folder exists.
    """
    folder = Path(folder)
    require(num_shards >= 1, "`num_shards` must be at least 1.", num_shards)
    if folder.exists():
        raise DataError(f"The folder for the records must not exist yet. Received: {folder}")
    specs = tf.nest.flatten(dataset.element_spec, expand_composites=False)
    with staging_folder(folder) as staging:
        names = [f"{shard:05d}-of-{num_shards:05d}.tfrecord" for shard in range(num_shards)]
        writers = [tf.io.TFRecordWriter(str(staging / name)) for name in names]
        count = 0
        for count, record in enumerate(dataset.map(_serialize), start=1):
            writers[(count - 1) % num_shards].write(record.numpy())
        for writer in writers:
            writer.close()
        manifest = {
            "batches": count,
            "shards": names,
            "components": [{"dtype": spec.dtype.name, "shape": spec.shape.as_list()} for spec in specs],
            "structure": _describe(dataset.element_spec, iter(range(len(specs)))),
        }
        (staging / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        staging.rename(folder)
    return count


def read_tfrecords(
    folder: str | Path, *, shuffle: bool = True, buffer: int = 256, seed: int = 0
) -> tf.data.Dataset:
    """Read what `write_tfrecords` wrote.

    Args:
        folder: the folder with the records.
        shuffle: whether each epoch reads the shards, and the batches within a buffer, in an order of its own.
        buffer: batches in the buffer.
        seed: of the orders.

    Returns:
        A data set of the same elements, of known cardinality; unshuffled, in the order of writing.

    Raises:
        DataError: no records there, or a shard is missing.
    """
    folder = Path(folder)
    if not (folder / MANIFEST_FILE).is_file():
        raise DataError(f"A folder of records must hold {MANIFEST_FILE}. Received: {folder}")
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    paths = [str(folder / name) for name in manifest["shards"]]
    missing = [path for path in paths if not Path(path).is_file()]
    if missing:
        raise DataError(
            f"A folder of records must hold every shard. Received: none at {missing[0]}. Write it again."
        )
    files = tf.data.Dataset.from_tensor_slices(paths)
    if shuffle:
        files = files.shuffle(len(paths), seed=seed)
    records = files.interleave(tf.data.TFRecordDataset, cycle_length=len(paths))
    if shuffle:
        records = records.shuffle(buffer, seed=seed)
    components, structure = manifest["components"], manifest["structure"]

    def parse(record: tf.Tensor) -> Any:
        serialized = tf.io.parse_tensor(record, tf.string)
        tensors = []
        for place, component in enumerate(components):
            tensor = tf.io.parse_tensor(serialized[place], tf.dtypes.as_dtype(component["dtype"]))
            tensors.append(tf.ensure_shape(tensor, component["shape"]))
        return _build(structure, tensors)

    parsed = records.map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    return parsed.apply(tf.data.experimental.assert_cardinality(manifest["batches"])).prefetch(
        tf.data.AUTOTUNE
    )


def _serialize(*element: Any) -> tf.Tensor:
    return tf.io.serialize_tensor(
        tf.stack([tf.io.serialize_tensor(part) for part in tf.nest.flatten(element)])
    )


def _describe(spec: Any, places: Any) -> Any:
    """The nesting as JSON: a dict, {"tuple": [...]}, or the place of a component, in tf.nest's order."""
    if isinstance(spec, dict):
        return {"dict": {name: _describe(spec[name], places) for name in sorted(spec)}}
    if isinstance(spec, (tuple, list)):
        return {"tuple": [_describe(part, places) for part in spec]}
    return next(places)


def _build(structure: Any, tensors: list[tf.Tensor]) -> Any:
    if isinstance(structure, int):
        return tensors[structure]
    if "dict" in structure:
        return {name: _build(part, tensors) for name, part in structure["dict"].items()}
    return tuple(_build(part, tensors) for part in structure["tuple"])
