"""Interactions at the size of MovieLens-20M, made up: from a Parquet file to the batches of an epoch.

200,000 users, 50,000 items of uneven popularity, 20 million rows in no order of users or times, ids as text.
The file is written by a process of its own; another one, which is measured, goes on from it: load, leave the
last out, learn the vocabularies and encode, and draw one epoch of pairs (history of 50, batches of 4,096) and
one of sequences (the newest 100 items per user, length buckets). Nothing is trained.

"peak" is the most memory that the process had held by the end of the step, TensorFlow included.

    python benchmarks/data_scale.py [--rows N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

NUM_USERS, NUM_ITEMS, ROWS = 200_000, 50_000, 20_000_000
BLOCK = 1_000_000
LIMIT_SECONDS, LIMIT_GB = 180.0, 8.0


def write_file(path: Path, rows: int) -> None:
    """Parquet with columns user_id, item_id (text), rating and timestamp."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    names = {
        "user_id": pa.array([f"user-{n}" for n in rng.permutation(NUM_USERS)]),
        "item_id": pa.array([f"item-{n}" for n in rng.permutation(NUM_ITEMS)]),
    }
    popularity = np.cumsum((1.0 + np.arange(NUM_ITEMS)) ** -0.8)
    activity = np.cumsum(rng.lognormal(0.0, 1.0, NUM_USERS))
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, BLOCK):
        size = min(BLOCK, rows - start)
        users = np.searchsorted(activity, rng.random(size) * activity[-1])
        items = np.searchsorted(popularity, rng.random(size) * popularity[-1])
        table = pa.table(
            {
                "user_id": names["user_id"].take(pa.array(users)),
                "item_id": names["item_id"].take(pa.array(items)),
                "rating": rng.integers(1, 11, size).astype(np.float32) / 2,
                "timestamp": rng.integers(800_000_000, 1_600_000_000, size),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def measure(path: Path) -> Iterator[dict[str, Any]]:
    """One entry per step; each works on what the one before left."""
    state: dict[str, Any] = {}

    def imports() -> str:
        import tensorflow as tf

        from tfrec_zoo.data import files, splits
        from tfrec_zoo.features.feature_space import FeatureSpace
        from tfrec_zoo.pipelines.pairs import pairs
        from tfrec_zoo.pipelines.sequences import sequences

        state.update(files=files, splits=splits, space=FeatureSpace, pairs=pairs, sequences=sequences)
        return f"TensorFlow {tf.__version__}"

    def load() -> str:
        state["table"] = state["files"].read_interactions(path).interactions
        return f"{len(state['table']):,} rows"

    def split() -> str:
        state["split"] = state["splits"].leave_last_out(state.pop("table"))
        return f"{len(state['split'].train):,} rows to train on"

    def encode() -> str:
        space = state["space"].fit(state["split"].train)
        state["encoded"] = space.transform(state.pop("split")).train
        return f"{space.schema.num_users:,} users, {space.schema.num_items:,} items"

    def stream(batches: Any) -> str:
        examples = num_batches = 0
        for _, target in batches:
            examples += len(target)
            num_batches += 1
        return f"{examples:,} examples in {num_batches:,} batches"

    def pairs() -> str:
        return stream(state["pairs"](state["encoded"], batch_size=4_096, max_history_length=50))

    def sequences() -> str:
        return stream(state["sequences"](state["encoded"], batch_size=128, max_history_length=100))

    steps: dict[str, Callable[[], str]] = {
        "import": imports,
        "load": load,
        "leave last out": split,
        "fit and transform": encode,
        "epoch of pairs": pairs,
        "epoch of sequences": sequences,
    }
    for name, step in steps.items():
        started = time.perf_counter()
        result = step()
        yield {
            "step": name,
            "seconds": time.perf_counter() - started,
            "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
            "result": result,
        }


def start(*arguments: str) -> str:
    """Run a part of this file in a process of its own."""
    paths = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_file(options.write, options.rows)
        return
    if options.measure:
        print(json.dumps(list(measure(options.measure))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "interactions.parquet"
        start("--write", str(path), "--rows", str(options.rows))
        megabytes = path.stat().st_size / 1e6
        steps = json.loads(start("--measure", str(path)).splitlines()[-1])
    seconds = sum(step["seconds"] for step in steps)
    peak = max(step["peak_gb"] for step in steps)
    print(f"{options.rows:,} rows, {megabytes:.0f} MB of Parquet, {os.cpu_count()} cores")
    for step in steps:
        print(f"{step['step']:20} {step['seconds']:7.1f} s {step['peak_gb']:6.2f} GB peak   {step['result']}")
    print(
        f"{'in all':20} {seconds:7.1f} s {peak:6.2f} GB peak   limits: {LIMIT_SECONDS:.0f} s, {LIMIT_GB:g} GB"
    )
    if options.json:
        report = {"rows": options.rows, "steps": steps, "seconds": seconds, "peak_gb": peak}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if seconds > LIMIT_SECONDS or peak > LIMIT_GB:
        raise SystemExit("beyond the limits")


if __name__ == "__main__":
    main()
