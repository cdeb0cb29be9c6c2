"""Similar items from a JSON file of item vectors: an engine of a format that the package does not know.

python run_item_vectors.py FILE REQUESTS ANSWERS NAMES
"""

import json
import sys

import numpy as np

path, requests, answers, _ = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    items = json.load(file)
ids = np.array(list(items))
vectors = np.array(list(items.values()), np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
with np.load(requests, allow_pickle=False) as given:
    asked, k = given["similar_items/item_id"], int(given["similar_items/k"])
place = {name: row for row, name in enumerate(ids)}
rows = np.array([place[name] for name in asked])
scores = vectors[rows] @ vectors.T
scores[np.arange(len(rows)), rows] = -np.inf
best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
found = {
    "similar_items/item_ids": ids[best],
    "similar_items/scores": np.take_along_axis(scores, best, axis=1),
}
np.savez(answers, **found)
