"""LiteRT files of exported models: size, accuracy on the test part and time of a request, by precision.

    python benchmarks/quantisation.py EXPORT [EXPORT ...] --dataset NAME [--data-dir DIR] [--json PATH]

Each export is converted to float32, float16 and int8 and every user of the test part is asked for through the
file, one at a time, on one thread, items of the history left out. The overlap is the share of the ten items
that float32 recommends too. Needs the extra `litert`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

K = 10


def ask(recommender: Any, people: list[tuple[list[str], str]]) -> tuple[list[list[str]], float]:
    """Ten items for each person, and the median milliseconds of a request."""
    lists, times = [], []
    recommender.recommend(*people[0], k=K)
    for history, user in people:
        started = time.perf_counter()
        found = recommender.recommend(history, user, k=K)
        times.append(time.perf_counter() - started)
        lists.append([item.item_id for item in found])
    return lists, float(np.median(times)) * 1000


def accuracy(lists: list[list[str]], targets: list[str]) -> dict[str, float]:
    """HR@10 and NDCG@10 of one target per person."""
    places = [row.index(target) if target in row else -1 for row, target in zip(lists, targets, strict=True)]
    return {
        "hr@10": float(np.mean([place >= 0 for place in places])),
        "ndcg@10": float(np.mean([1 / np.log2(place + 2) if place >= 0 else 0 for place in places])),
    }


def measure(export: Path, dataset: Any) -> list[dict[str, Any]]:
    """One row per precision, and one for the SavedModel."""
    from tfrec_zoo.experiment import encode_for_export
    from tfrec_zoo.export import open_export
    from tfrec_zoo.export.formats.litert import to_litert
    from tfrec_zoo.export.graph.serving_module import ServingModule
    from tfrec_zoo.models.stored_items import with_stored_items
    from tfrec_zoo.serving import LiteRTRecommender, load

    saved = open_export(export)
    model, features = saved.model, saved.features
    encoded = encode_for_export(saved, dataset)
    known, test = encoded.history_of("test"), encoded.test
    users = features.user_vocabulary.strings(test.user_index)
    items = features.item_vocabulary.strings
    people, targets = [], []
    for row in np.flatnonzero(test.lengths() == 1):
        history = known.item_index[known.row_splits[row] : known.row_splits[row + 1]]
        people.append(([str(item) for item in items(history)], str(users[row])))
        targets.append(str(items(test.item_index[test.row_splits[row]])) or "outside the catalogue")
    served = with_stored_items(model) if model.schema.item_features and not model.stored_items else model
    module = ServingModule(served, features, K)
    lists, milliseconds = ask(load(export), people)
    rows = [{"form": "SavedModel", **accuracy(lists, targets), "ms": milliseconds}]
    reference: list[list[str]] = []
    for precision in ("float32", "float16", "int8"):
        content = to_litert(module, precision, {"name": saved.manifest.name})
        with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
            Path(file.name).write_bytes(content)
            lists, milliseconds = ask(LiteRTRecommender(file.name), people)
        reference = reference or lists
        overlap = np.mean([len(set(a) & set(b)) / K for a, b in zip(lists, reference, strict=True)])
        rows.append(
            {
                "form": precision,
                "kb": len(content) / 1000,
                **accuracy(lists, targets),
                "overlap": float(overlap),
                "ms": milliseconds,
            }
        )
    for row in rows:
        row["share of float32"] = row["kb"] / rows[1]["kb"] if "kb" in row else float("nan")
    return [{"export": saved.manifest.name, "users": len(people), **row} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("exports", nargs="+", type=Path)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    from peers import machine

    from tfrec_zoo.data.load import load

    dataset = load(options.dataset, options.data_dir)
    rows = [row for export in options.exports for row in measure(export, dataset)]
    print(f"{'export':32}{'form':12}{'kB':>8}{'share':>7}{'HR@10':>8}{'NDCG@10':>9}{'overlap':>9}{'ms':>7}")
    for row in rows:
        print(
            f"{row['export']:32}{row['form']:12}{row.get('kb', float('nan')):8.0f}"
            f"{row['share of float32']:7.2f}{row['hr@10']:8.4f}{row['ndcg@10']:9.4f}"
            f"{row.get('overlap', float('nan')):9.3f}{row['ms']:7.2f}"
        )
    if options.json:
        report = {
            "command": "benchmarks/quantisation.py " + " ".join(sys.argv[1:]),
            **machine(),
            "rows": rows,
        }
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
