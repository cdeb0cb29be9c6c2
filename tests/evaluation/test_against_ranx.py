"""An independent library on the same scores."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.arrays import TableModel, encoded
from tfrec_zoo.evaluation import evaluate
from tfrec_zoo.features.encoded import EncodedSplit

K = 10
NAMES = {"hr": "hit_rate", "ndcg": "ndcg", "mrr": "mrr", "recall": "recall", "map": "map"}


@pytest.mark.slow  # ranx compiles itself with Numba at its first use
@pytest.mark.filterwarnings("ignore:unsafe cast from uint64 to int64")  # Numba, on ranx's own typed dicts
def test_metrics_agree_with_ranx() -> None:
    ranx = pytest.importorskip("ranx")
    rng = np.random.default_rng(0)
    users, num_items = 80, 60
    table = rng.permuted(np.tile(np.arange(num_items, dtype=np.float32), (users, 1)), axis=1)
    # At most K targets: ranx's MAP divides by the number of targets, ours by min(K, targets).
    targets = [
        rng.choice(np.arange(2, num_items), rng.integers(1, K + 1), replace=False) for _ in range(users)
    ]
    nobody = encoded([[]] * users)
    split = EncodedSplit("s", nobody, nobody, encoded([own.tolist() for own in targets]), num_items)
    report = evaluate(TableModel(table), split, ks=(K,), num_bootstrap=0)
    qrels = ranx.Qrels({f"u{u}": {f"i{item}": 1 for item in own} for u, own in enumerate(targets)})
    run = ranx.Run(
        {
            f"u{u}": {f"i{item}": float(row[item]) for item in range(2, num_items)}
            for u, row in enumerate(table)
        }
    )
    expected = ranx.evaluate(qrels, run, [f"{name}@{K}" for name in NAMES.values()], make_comparable=True)
    for ours, theirs in NAMES.items():
        assert report.metrics[f"{ours}@{K}"] == pytest.approx(expected[f"{theirs}@{K}"], abs=1e-9), ours
