"""Full-catalogue evaluation at MovieLens-1M's size: this package next to TFRS's FactorizedTopK.

6,040 users with one held-out item each, 3,416 items, dimension 64, the same made-up embeddings for all. Each
run has a process of its own; the contenders take turns. What each one does in the time:

- ours: 24 to 30 metrics with bootstrap intervals and slices, seen items left out, top-100 lists and what they
  are like.
- ours, bare: top-k accuracy alone, seen items left in: what TFRS's metric gives.
- tfrs, streaming: FactorizedTopK as TFRS's tutorials build it, from candidates in batches of 128, by score.
- tfrs, brute force: FactorizedTopK on its fastest exact index, by id.

By score TFRS comes out lower: it compares the positive's score, a sum of products, with a top-k list from a
matrix product that holds the positive too, and where the second is larger in the last bits, the positive is
beaten by itself. By id it agrees with ours.

TFRS's graph is traced before the clock starts, and importing is not timed for either. Peak memory is that of
the whole process, "grown" is what was added after imports and data.

    python benchmarks/evaluation_speed.py [--rounds 3] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NUM_USERS, NUM_ITEMS, DIM, BATCH = 6_040, 3_416, 64, 1_024
KS = (1, 5, 10, 20, 100)
CONTENDERS = ("ours", "ours, bare", "tfrs, streaming", "tfrs, brute force")


def embeddings() -> tuple[Any, Any, Any]:
    """Queries [U, D], items [N, D], and the held-out item of each user [U]; no ties."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(NUM_ITEMS, DIM)).astype(np.float32)
    target = rng.integers(NUM_ITEMS, size=NUM_USERS)
    queries = 0.25 * items[target] + rng.normal(size=(NUM_USERS, DIM)).astype(np.float32)
    return queries.astype(np.float32), items, target


def ours(full: bool) -> Callable[[], dict[str, float]]:
    from tfrec_zoo.evaluation import evaluate
    from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
    from tfrec_zoo.schema import NUM_RESERVED

    queries, items, target = embeddings()
    items = np.concatenate([np.zeros((NUM_RESERVED, DIM), np.float32), items])

    def part(lengths: Any, item_index: Any) -> EncodedInteractions:
        users = np.arange(NUM_USERS, dtype=np.int32) + NUM_RESERVED
        return EncodedInteractions(users, np.append(0, np.cumsum(lengths)), item_index.astype(np.int32))

    rng = np.random.default_rng(1)
    lengths = rng.integers(18, 310, NUM_USERS)  # MovieLens-1M has 165 per user
    train = part(lengths, rng.integers(NUM_RESERVED, len(items), lengths.sum()))
    nothing = part(np.zeros(NUM_USERS, int), np.zeros(0))
    test = part(np.ones(NUM_USERS, int), target + NUM_RESERVED)
    split = EncodedSplit("leave_last_out", train, nothing, test, len(items))

    class DotProduct:
        max_history_length = 50

        def catalogue_scorer(self) -> Callable[[Any], Any]:
            return lambda batch: queries[batch["user_index"] - NUM_RESERVED] @ items.T

    options: dict[str, Any] = {"list_k": 100} if full else {
        "exclude_seen": False, "num_bootstrap": 0, "slices": False, "list_k": None
    }  # fmt: skip

    def run() -> dict[str, float]:
        metrics = evaluate(DotProduct(), split, ks=KS, block_size=BATCH, **options).metrics
        return {f"top {k}": metrics[f"target_hr@{k}"] for k in KS}

    return run


def tfrs(brute_force: bool) -> Callable[[], dict[str, float]]:
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    queries, items, target = embeddings()
    if brute_force:
        candidates = tfrs.layers.factorized_top_k.BruteForce(k=max(KS)).index(
            tf.constant(items), tf.range(len(items))
        )
    else:
        candidates = tf.data.Dataset.from_tensor_slices(items).batch(128)
    metric = tfrs.metrics.FactorizedTopK(candidates, ks=KS)
    batches = tf.data.Dataset.from_tensor_slices((queries, items[target], target.astype(np.int32))).batch(
        BATCH
    )

    @tf.function(reduce_retracing=True)
    def update(query: Any, positive: Any, item: Any) -> None:
        metric.update_state(query, positive, true_candidate_ids=item if brute_force else None)

    for batch in batches:
        update(*batch)

    def run() -> dict[str, float]:
        metric.reset_states()
        for batch in batches:
            update(*batch)
        return {f"top {k}": float(value) for k, value in zip(KS, metric.result(), strict=True)}

    return run


def child(contender: str) -> dict[str, Any]:
    package, _, variant = contender.partition(", ")
    run = ours(full=not variant) if package == "ours" else tfrs(brute_force=variant == "brute force")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    accuracy = run()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": seconds,
        "peak_mb": peak / 1024,
        "grown_mb": (peak - before) / 1024,
        "accuracy": accuracy,
    }


def start(contender: str) -> dict[str, Any]:
    root = Path(__file__).resolve().parent.parent
    paths = [str(root), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, __file__, "--child", contender]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{contender} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return
    runs: dict[str, list[dict[str, Any]]] = {contender: [] for contender in CONTENDERS}
    for _ in range(options.rounds):
        for contender in CONTENDERS:
            runs[contender].append(start(contender))
    rows = {
        contender: {
            key: statistics.median(run[key] for run in own) for key in ("seconds", "peak_mb", "grown_mb")
        }
        for contender, own in runs.items()
    }
    print(f"{NUM_USERS:,} users x {NUM_ITEMS:,} items, dim {DIM}; median of {options.rounds} runs")
    for contender, row in rows.items():
        row["ratio_to_ours"] = row["seconds"] / rows["ours"]["seconds"]
        print(
            f"{contender:20} {row['seconds']:8.3f} s {row['ratio_to_ours']:7.2f} x ours "
            f"{row['peak_mb']:7.0f} MB peak {row['grown_mb']:6.0f} MB grown"
        )
    for contender in CONTENDERS[1:]:
        accuracy = {name: round(value, 4) for name, value in runs[contender][0]["accuracy"].items()}
        print(f"{contender:20} accuracy {accuracy}")
    if options.json:
        report = {"rows": rows, "accuracy": {name: own[0]["accuracy"] for name, own in runs.items()}}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
