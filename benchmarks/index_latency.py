r"""One request at a time to an export: the ten best of 10^4, 10^5 and 10^6 items, dimension 64.

What each contender does in the time:

- export: `serving_default` of a TwoTower's SavedModel in `tf.saved_model.load`, made by `export`: 50 raw item
  ids and a user id in, ten item ids and scores out: look-up, gather, query, scores, the mask, top-k.
- numpy: from a query vector that is there already, a matrix-vector product, argpartition, a sort of ten.
- faiss: likewise, IndexFlatIP; with one thread as well, its best where other work runs on the machine, since
  its threads wait for each other.

They take turns in blocks of calls in one process, with as many threads as there are cores, unless --threads
says otherwise. Figures are medians over rounds of a round's least time and percentiles; where other
work runs on the machine, p99 tells of it as much as of the contenders.

With --scann-python, the Python of an environment with `tfrec-zoo[scann]`: `interop.tfrs.export_index` of the
same model, raw ids in and item ids out, in turns with the export in a process of that Python; recall@10
against the exact product, seen items included for both.

The vectors are clusters of about a thousand items, centres and spread drawn from normal distributions, and a
history is of three clusters, since catalogues have genres. Of vectors without any structure an approximate
index finds less.

    pip install 'tfrec-zoo[benchmarks]'
    python -m venv peers/scann && peers/scann/bin/pip install 'tfrec-zoo[scann]'
    python benchmarks/index_latency.py [--scann-python peers/scann/bin/python] [--items 10000 ...]
        [--rounds 5] [--calls 200] [--threads N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from peers import machine, medians, run_child

DIM, K, LENGTH, NUM_USERS, NUM_REQUESTS, BLOCK = 64, 10, 50, 1_000, 200, 20
PER_CLUSTER, SPREAD = 1_000, 0.7
FIGURES = ("least", "p50", "p99")


def build(num_items: int, folder: Path) -> None:
    """Export a TwoTower with drawn item vectors."""
    from tfrec_zoo.export import export
    from tfrec_zoo.features import FeatureSpace
    from tfrec_zoo.models import create_model
    from tfrec_zoo.vocabulary import Vocabulary

    items = Vocabulary(f"item-{number}" for number in range(num_items))
    users = Vocabulary(f"user-{number}" for number in range(NUM_USERS))
    features = FeatureSpace(users, items, len(items), {}, {}, {})
    model = create_model("two_tower", features.schema, embedding_dim=DIM, max_history_length=LENGTH)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(num_clusters(num_items), DIM))
    vectors = SPREAD * rng.normal(size=(len(items), DIM))
    vectors[2:] += centres[np.arange(num_items) % len(centres)]
    model.item_encoder.id_embedding.embeddings.assign(vectors.astype(np.float32))
    export(model, features, folder, k=K)


def num_clusters(num_items: int) -> int:
    return max(10, num_items // PER_CLUSTER)


def requests(num_items: int) -> list[dict[str, list[Any]]]:
    rng = np.random.default_rng(1)
    clusters = num_clusters(num_items)
    drawn = []
    for _ in range(NUM_REQUESTS):
        within = rng.integers(num_items // clusters, size=LENGTH) * clusters
        rows = rng.choice(clusters, 3, replace=False)[rng.integers(3, size=LENGTH)] + within
        user = f"user-{rng.integers(NUM_USERS)}"
        drawn.append({"history": [[f"item-{row}" for row in rows]], "user_id": [user]})
    return drawn


def served(folder: Path, raw: Sequence[Mapping[str, Any]]) -> tuple[Any, Callable[[int], Any]]:
    """A loaded SavedModel, and its answer to a request."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    answer = loaded.signatures["serving_default"]

    def ask(number: int) -> Any:
        request = {name: tf.constant(values) for name, values in raw[number].items()}
        return answer(**request)["item_ids"].numpy()

    return loaded, ask


def queries(loaded: Any, raw: Sequence[Mapping[str, Any]]) -> Any:
    import tensorflow as tf

    encode = loaded.signatures["encode_query"]
    found = [encode(**{name: tf.constant(values) for name, values in request.items()}) for request in raw]
    return np.concatenate([answer["query"].numpy() for answer in found])


def in_turns(
    contenders: Mapping[str, Callable[[int], Any]], rounds: int, calls: int
) -> dict[str, dict[str, float]]:
    """Milliseconds: the least, p50 and p99 of each round, medians over the rounds."""
    for ask in contenders.values():
        for number in range(BLOCK):
            ask(number)
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for start in range(0, calls, BLOCK):
            for name, ask in contenders.items():
                time.sleep(0.1)  # the last one's idle threads stop spinning
                for number in range(start, min(start + BLOCK, calls)):
                    before = time.perf_counter()
                    ask(number % NUM_REQUESTS)
                    times[name].append(1e3 * (time.perf_counter() - before))
        for name, own in times.items():
            figures[name].append(dict(zip(FIGURES, np.percentile(own, (0, 50, 99)).tolist(), strict=True)))
    return {name: medians(own) for name, own in figures.items()}


def exact(num_items: int, folder: Path, rounds: int, calls: int) -> dict[str, dict[str, float]]:
    import tensorflow as tf

    threads = int(os.environ["OMP_NUM_THREADS"])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    raw = requests(num_items)
    loaded, export = served(folder / "1", raw)
    vectors, query = np.array(loaded.item_vectors.numpy()[2:]), queries(loaded, raw)

    def product(number: int) -> Any:
        scores = vectors @ query[number]
        best = np.argpartition(scores, -K)[-K:]
        return best[np.argsort(-scores[best])]

    contenders = {"export": export, "numpy": product}
    try:
        import faiss
    except ImportError:
        print("faiss is not installed: left out", file=sys.stderr)
    else:
        index = faiss.IndexFlatIP(DIM)
        index.add(vectors)

        def search(number: int, threads: int) -> Any:
            faiss.omp_set_num_threads(threads)
            return index.search(query[number : number + 1], K)[1][0]

        contenders["faiss"] = partial(search, threads=threads)
        contenders["faiss, 1 thread"] = partial(search, threads=1)
        assert all(set(product(number)) == set(search(number, 1)) for number in range(BLOCK))
    return in_turns(contenders, rounds, calls)


def scann(num_items: int, folder: Path, rounds: int, calls: int) -> dict[str, dict[str, float]]:
    from tfrec_zoo.export import open_export
    from tfrec_zoo.interop import tfrs

    raw, saved = requests(num_items), open_export(folder)
    with tempfile.TemporaryDirectory() as written:
        before = time.perf_counter()
        tfrs.export_index(saved.model, saved.features, Path(written) / "index", "scann", K, minimum_recall=0)
        seconds = time.perf_counter() - before
        loaded, export = served(folder / "1", raw)
        _, approximate = served(Path(written) / "index", raw)
        vectors, query = loaded.item_vectors.numpy()[2:], queries(loaded, raw)
        found = 0
        for number in range(NUM_REQUESTS):
            best = np.argpartition(vectors @ query[number], -K)[-K:]
            found += len({f"item-{row}".encode() for row in best} & set(approximate(number)[0]))
        figures = in_turns({"export": export, "scann": approximate}, rounds, calls)
    figures["scann"] |= {"recall": found / (K * NUM_REQUESTS), "seconds_to_build": seconds}
    return figures


def show(num_items: int, rows: Mapping[str, dict[str, float]]) -> None:
    peers = [row for name, row in rows.items() if name.startswith(("numpy", "faiss"))]
    best = {figure: min(row[figure] for row in peers) for figure in FIGURES}
    for name, row in rows.items():
        # ScaNN's turns were with the export, in another process.
        base = rows["export, beside scann"] if "scann" in name else best
        row |= {f"{figure}_ratio": row[figure] / base[figure] for figure in FIGURES}
        columns = [f"{figure} {row[figure]:7.2f} ms {row[f'{figure}_ratio']:5.2f} x" for figure in FIGURES]
        recall = f"   recall@{K} {row['recall']:.3f}" if "recall" in row else ""
        print(f"{num_items:>9,}  {name:20}", "   ".join(columns), recall)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, nargs="+", default=[10**4, 10**5, 10**6])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--scann-python")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", choices=("build", "exact", "scann"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = (options.items[0], options.folder)
    if options.child == "build":
        build(*size)
        print("{}")
        return
    if options.child:
        measure = exact if options.child == "exact" else scann
        print(json.dumps(measure(*size, options.rounds, options.calls)))
        return
    # Read when numpy and faiss are loaded, which the children do.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(options.threads))
    report: dict[str, Any] = {**machine(), "threads": options.threads, "rows": {}}
    print("ratios of export and peers: to the best peer; of scann: to the export beside it")
    for num_items in options.items:
        with tempfile.TemporaryDirectory() as folder:
            counts = ["--rounds", str(options.rounds), "--calls", str(options.calls)]
            arguments = [*counts, "--items", str(num_items), "--folder", str(Path(folder) / "two_tower")]
            run_child(sys.executable, __file__, "--child", "build", *arguments)
            rows = run_child(sys.executable, __file__, "--child", "exact", *arguments)
            if options.scann_python:
                own = run_child(options.scann_python, __file__, "--child", "scann", *arguments)
                rows |= {"export, beside scann": own["export"], "scann": own["scann"]}
        show(num_items, rows)
        report["rows"][num_items] = rows
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
