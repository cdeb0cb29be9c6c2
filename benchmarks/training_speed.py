r"""Training speed next to RecTools and RecBole: the same data, sizes and batch, in turns.

1. MovieLens-1M: AttentionRanker beside RecTools' SASRec; dim 64, 2 blocks, 1 head, length 200, batch 128,
   softmax over all items. Counted are positions that have a target, per second of the epoch.
2. MovieLens-100K: GRURanker and AttentionRanker beside RecBole's GRU4Rec and SASRec, length 50. RecBole
   makes an example of every prefix of a history, batch 2,048; here a history is one example, batch 128, of
   which the newest 50 positions are read. An epoch of ours has fewer positions: compare those per second.

3. MovieLens-100K: seconds of training, graph and all, until the tuned presets reach the accuracy of RecBole's
   BPR on the test part, HR@10 .1241 and NDCG@10 .0673.

In 1 and 2 the first epoch builds the graph and is not counted for either side. Each run has a process of its
own.

    python -m venv peers/rectools && peers/rectools/bin/pip install torch==2.13.0 'rectools[torch]==0.19.0'
    python -m venv peers/recbole && peers/recbole/bin/pip install torch==2.13.0 recbole==1.2.1 \
        'numpy<2' 'pandas<2.3' 'scipy<1.14'
    python benchmarks/training_speed.py --movielens-1m sequences.txt.gz --movielens-100k FOLDER \
        --rectools peers/rectools/bin/python --recbole peers/recbole/bin/python [--rounds 3] [--json PATH]
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DIM, BLOCKS, HEADS = 64, 2, 1
BPR = {"hr@10": 0.1241, "ndcg@10": 0.0673}
"""RecBole 1.2.1 on MovieLens-100K, items of the history left out."""


def ours(model_name: str, data: str, format: str | None, length: int, epochs: int) -> dict[str, float]:
    import keras
    import numpy as np

    from tfrec_zoo.data.load import load
    from tfrec_zoo.data.splits import leave_last_out
    from tfrec_zoo.features import FeatureSpace
    from tfrec_zoo.models import create_model
    from tfrec_zoo.training import RunConfig, training_dataset

    dataset = load("movielens/100k", data) if format is None else load(data, format=format)
    split = leave_last_out(dataset.interactions)
    features = FeatureSpace.fit(split.train)
    encoded = features.transform(split)
    attention = {"num_layers": BLOCKS, "num_heads": HEADS, "hidden_dim": DIM, "positions": "learned"}
    settings = attention if model_name == "attention_ranker" else {"hidden_dim": 128}
    model = create_model(
        model_name, features.schema, embedding_dim=DIM, max_history_length=length, dropout=0.1, **settings
    )
    examples = training_dataset(model, encoded.train, RunConfig(batch_size=128))
    positions = int(np.minimum(np.maximum(encoded.train.lengths() - 1, 0), length).sum())
    times: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            times.append(time.perf_counter() - self.started)

    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(examples, epochs=1 + epochs, callbacks=[Clock()], verbose=0)
    return figures(times[1:], positions)


def until_bpr(preset_name: str, data: str) -> dict[str, float]:
    import keras

    from tfrec_zoo.data.load import load
    from tfrec_zoo.data.splits import leave_last_out
    from tfrec_zoo.evaluation import evaluate
    from tfrec_zoo.features import FeatureSpace
    from tfrec_zoo.models import create_model, get_preset
    from tfrec_zoo.training import RunConfig, make_optimizer, training_dataset

    split = leave_last_out(load("movielens/100k", data).interactions)
    features = FeatureSpace.fit(split.train)
    encoded = features.transform(split)
    model = create_model(preset_name, features.schema)
    run = RunConfig(**get_preset(preset_name).run).with_defaults(model.run_defaults)
    examples = training_dataset(model, encoded.train, run)
    times: list[float] = []

    class Until(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            times.append(time.perf_counter() - self.started)
            found = evaluate(model, encoded, ks=(10,), num_bootstrap=0, slices=False, list_k=None).metrics
            self.model.stop_training = all(found[name] >= value for name, value in BPR.items())

    model.compile(make_optimizer(run, steps_per_epoch=int(examples.cardinality())))
    model.fit(examples, epochs=run.epochs, callbacks=[Until()], verbose=0)
    return {"seconds": sum(times), "epochs": len(times)}


def rectools(data: str, length: int, epochs: int) -> dict[str, float]:
    import pandas as pd
    from pytorch_lightning import Callback, Trainer
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    with gzip.open(data, "rt") as lines:
        rows = [line.split() for line in lines]
    table = pd.DataFrame(rows, columns=[Columns.User, Columns.Item])
    table[Columns.Weight] = 1
    table[Columns.Datetime] = pd.to_datetime(range(len(table)), unit="s")
    # The last two items of each user are for validation and test.
    table = table[table.groupby(Columns.User).cumcount(ascending=False) >= 2]
    lengths = table.groupby(Columns.User).size()
    positions = int((lengths - 1).clip(0, length).sum())
    times: list[float] = []

    class Clock(Callback):
        def on_train_epoch_start(self, *_: Any) -> None:
            self.started = time.perf_counter()

        def on_train_epoch_end(self, *_: Any) -> None:
            times.append(time.perf_counter() - self.started)

    def trainer() -> Trainer:
        return Trainer(
            max_epochs=1 + epochs,
            accelerator="cpu",
            devices=1,
            callbacks=[Clock()],
            logger=False,
            enable_progress_bar=False,
            enable_checkpointing=False,
            enable_model_summary=False,
        )

    model = SASRecModel(
        n_factors=DIM,
        n_blocks=BLOCKS,
        n_heads=HEADS,
        session_max_len=length,
        batch_size=128,
        dropout_rate=0.1,
        lr=1e-3,
        loss="softmax",
        deterministic=False,
        get_trainer_func=trainer,
    )
    model.fit(Dataset.construct(table))
    return figures(times[1:], positions)


def recbole(model_name: str, length: int, epochs: int) -> dict[str, float]:
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer, init_seed

    settings = {
        "dataset": "ml-100k",
        "MAX_ITEM_LIST_LENGTH": length,
        "train_batch_size": 2048,
        "train_neg_sample_args": None,
        "loss_type": "CE",
        "embedding_size": DIM,
        "hidden_size": 128 if model_name == "GRU4Rec" else DIM,
        "n_layers": BLOCKS,
        "n_heads": HEADS,
        "inner_size": DIM,
        "use_gpu": False,
        "show_progress": False,
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full", "group_by": "user"},
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
    }
    if model_name == "GRU4Rec":
        settings["num_layers"] = 1
    argv, sys.argv = sys.argv, sys.argv[:1]
    config = Config(model=model_name, config_dict=settings)
    sys.argv = argv
    init_seed(config["seed"], reproducibility=True)
    dataset = create_dataset(config)
    train_data, _, _ = data_preparation(config, dataset)
    model = get_model(config["model"])(config, train_data.dataset)
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    times = []
    for epoch in range(epochs):
        started = time.perf_counter()
        trainer._train_epoch(train_data, epoch)
        times.append(time.perf_counter() - started)
    return figures(times, len(train_data.dataset))


def figures(times: list[float], positions: int) -> dict[str, float]:
    epoch = min(times)
    return {
        "epoch_seconds": epoch,
        "positions": positions,
        "positions_a_second": positions / epoch,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


CONTENDERS: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    "ml-1m ours AttentionRanker": lambda o: ours("attention_ranker", o.movielens_1m, "pairs", 200, 2),
    "ml-1m RecTools SASRec": lambda o: rectools(o.movielens_1m, 200, 1),
    "ml-100k ours GRURanker": lambda o: ours("gru_ranker", o.movielens_100k, None, 50, 3),
    "ml-100k RecBole GRU4Rec": lambda o: recbole("GRU4Rec", 50, 1),
    "ml-100k ours AttentionRanker": lambda o: ours("attention_ranker", o.movielens_100k, None, 50, 3),
    "ml-100k RecBole SASRec": lambda o: recbole("SASRec", 50, 1),
}
UNTIL = {
    "ml-100k ours GRURanker until BPR": "gru_ranker_movielens_100k",
    "ml-100k ours AttentionRanker until BPR": "attention_ranker_movielens_100k",
}
PAIRS = (
    ("ml-1m ours AttentionRanker", "ml-1m RecTools SASRec"),
    ("ml-100k ours GRURanker", "ml-100k RecBole GRU4Rec"),
    ("ml-100k ours AttentionRanker", "ml-100k RecBole SASRec"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--movielens-1m", help="the benchmark's sequences.txt.gz")
    parser.add_argument("--movielens-100k", help="folder of the official files")
    parser.add_argument("--rectools", help="Python of RecTools' environment")
    parser.add_argument("--recbole", help="Python of RecBole's environment")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", choices=(*CONTENDERS, *UNTIL), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        if options.child in UNTIL:
            print(json.dumps(until_bpr(UNTIL[options.child], options.movielens_100k)))
        else:
            print(json.dumps(CONTENDERS[options.child](options)))
        return
    from peers import machine, medians, run_child

    given = [
        argument
        for name in ("movielens_1m", "movielens_100k")
        if getattr(options, name)
        for argument in (f"--{name.replace('_', '-')}", getattr(options, name))
    ]
    report: dict[str, Any] = {"command": " ".join(sys.argv), **machine(), "pairs": []}
    for pair in PAIRS:
        python = {"RecTools": options.rectools, "RecBole": options.recbole}[pair[1].split()[1]]
        data = options.movielens_1m if pair[0].startswith("ml-1m") else options.movielens_100k
        if not python or not data:
            continue
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in pair}
        for _ in range(options.rounds):
            for name in pair:
                interpreter = sys.executable if "ours" in name else python
                runs[name].append(run_child(interpreter, __file__, "--child", name, *given))
        rows = {name: medians(own) for name, own in runs.items()}
        mine, theirs = (rows[name] for name in pair)
        ratio = mine["positions_a_second"] / theirs["positions_a_second"]
        for name, row in rows.items():
            print(
                f"{name:30} {row['epoch_seconds']:8.2f} s per epoch, "
                f"{row['positions_a_second']:9.0f} positions per second, {row['peak_mb']:6.0f} MB peak"
            )
        print(f"{'':30} ours trains {ratio:.1f} times the positions per second, median of {options.rounds}")
        report["pairs"].append({"rows": rows, "ratio": ratio, "runs": runs})
    for name in UNTIL if options.movielens_100k else ():
        found = [run_child(sys.executable, __file__, "--child", name, *given) for _ in range(options.rounds)]
        row = medians(found)
        print(f"{name:40} {row['seconds']:6.1f} s, {row['epochs']:.0f} epochs")
        report.setdefault("until BPR", {})[name] = row
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
