"""What a training step costs as the catalogue grows: sampled softmax with a lazy Adam, and with Keras's own.

A TwoTower of dim 64 reads histories of 20 and batches of 256; 256 negatives are drawn per step. Only the
number of items differs from row to row: each step reads 5,632 distinct items, others in every step, so a step
whose cost does not depend on the catalogue takes the same time in each. Each row has a process of its own; a
step is the median of 40 after 5.

    python benchmarks/catalogue_scaling.py [--sizes 10000,100000,1000000,10000000] [--rounds 3] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

BATCH, LENGTH, DIM, NEGATIVES, STEPS, FIRST_STEPS = 256, 20, 64, 256, 40, 5
LARGEST_DENSE = 1_000_000
"""Keras's Adam is measured up to here: its step is seconds beyond."""


def child(num_items: int, optimizer: str) -> dict[str, float]:
    import numpy as np
    import tensorflow as tf

    from tfrec_zoo.models import create_model
    from tfrec_zoo.schema import NUM_RESERVED, Schema
    from tfrec_zoo.training import RunConfig, make_optimizer

    rows = num_items + NUM_RESERVED
    schema = Schema(num_users=1_000, num_items=rows, num_trained_items=rows)
    model = create_model(
        "two_tower",
        schema,
        loss="sampled",
        num_negatives=NEGATIVES,
        embedding_dim=DIM,
        max_history_length=LENGTH,
        remove_accidental_hits=False,
    )
    rng = np.random.default_rng(0)

    log_q = np.float32(np.log(NEGATIVES / num_items))

    def example() -> tuple[dict[str, Any], Any]:
        size = BATCH * LENGTH + NEGATIVES + BATCH
        items = NUM_RESERVED + rng.choice(num_items, size, replace=False, shuffle=False).astype(np.int32)
        history, negatives, targets = np.split(rng.permutation(items), [BATCH * LENGTH, size - BATCH])
        inputs = {
            "history": history.reshape(BATCH, LENGTH),
            "user_index": rng.integers(2, 1_000, size=BATCH).astype(np.int32),
            "negatives": negatives,
            "negatives_log_q": np.full(NEGATIVES, log_q),
            "targets_log_q": np.full(BATCH, log_q),
        }
        return inputs, targets

    examples = [example() for _ in range(FIRST_STEPS + STEPS)]
    stacked = tf.nest.map_structure(lambda *parts: np.stack(parts), *examples)
    run = RunConfig(optimizer=optimizer).with_defaults(model.run_defaults)  # type: ignore[arg-type]
    model.compile(make_optimizer(run, steps_per_epoch=STEPS))
    model.make_train_function()
    batches = iter(tf.data.Dataset.from_tensor_slices(stacked))
    times = []
    for _ in examples:
        started = time.perf_counter()
        model.train_function(batches)
        times.append(time.perf_counter() - started)
    return {
        "step_ms": 1_000 * statistics.median(times[FIRST_STEPS:]),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="10000,100000,1000000,10000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        size, optimizer = options.child.split(",")
        print(json.dumps(child(int(size), optimizer)))
        return
    from peers import machine, medians, run_child

    sizes = [int(size) for size in options.sizes.split(",")]
    cases = [(size, "lazy_adam") for size in sizes]
    cases += [(size, "adam") for size in sizes if size <= LARGEST_DENSE]
    runs: dict[tuple[int, str], list[dict[str, float]]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for size, optimizer in cases:
            runs[size, optimizer].append(
                run_child(sys.executable, __file__, "--child", f"{size},{optimizer}")
            )
    rows = {case: medians(own) for case, own in runs.items()}
    report: dict[str, Any] = {"command": " ".join(sys.argv), **machine(), "rows": []}
    for (size, optimizer), row in rows.items():
        ratio = row["step_ms"] / rows[sizes[0], optimizer]["step_ms"]
        print(
            f"{optimizer:10} {size:12,} items {row['step_ms']:9.1f} ms per step, "
            f"{ratio:6.2f} times the first, {row['peak_mb']:7.0f} MB peak"
        )
        report["rows"].append({"items": size, "optimizer": optimizer, "ratio": ratio, **row})
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
