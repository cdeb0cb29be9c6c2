"""Full-catalogue metrics during `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy.typing as npt

from tfrec_zoo._errors import require
from tfrec_zoo.evaluation.evaluate import evaluate
from tfrec_zoo.evaluation.scorer import Scorer, check_scorer
from tfrec_zoo.evaluation.wanted_list_metrics import WantedListMetrics
from tfrec_zoo.features.encoded import EncodedSplit
from tfrec_zoo.metrics.ranking import RANK_METRICS
from tfrec_zoo.metrics.registry import name_and_length


class RankingMetrics(keras.callbacks.Callback):
    """Evaluates the model over the full catalogue at the end of epochs, for the callbacks that come after.

    The results join the epoch's logs as "val_hr@10" and so on, where `History`, the progress bar and every
    callback that stands later in the list find them. So it must stand before those that monitor it:

        model.fit(..., callbacks=[
            RankingMetrics(split),
            keras.callbacks.EarlyStopping("val_ndcg@10", mode="max", patience=5, restore_best_weights=True),
        ])

    Example:
        >>> from tfrec_zoo.training import training_dataset
        >>> model = create_model("two_tower", features.schema)  # features, encoded: of FeatureSpace
        >>> model.compile("adam")
        >>> examples = training_dataset(model, encoded.train)
        >>> history = model.fit(examples, epochs=1, verbose=0, callbacks=[RankingMetrics(encoded)])
        >>> sorted(history.history)
        ['loss', 'val_hr@10', 'val_ndcg@10']

    Args:
        split: the encoded parts.
        part: what to rank; "validation", so that the test stays unseen.
        metrics: names as in `EvaluationReport.metrics`: "ndcg@10", "coverage@10", "diversity@20", ...
        every: evaluate at the first epoch, each `every`-th after it, and the last. The epochs between repeat
            the latest values, so that a monitoring callback's patience still counts epochs.
        exclude_seen: whether items of the history leave the ranking.
        block_size: users scored at once.
        scorer: what to evaluate; the fitted model itself where left out.
        item_vectors: as of `evaluate`; the model's own, anew at each evaluation, where left out.
        categories: as of `evaluate`.

    Raises:
        UnknownNameError: a metric that does not exist.
        ValueError: `every` below 1, no metrics, or, when training begins, one without what it needs.
    """

    def __init__(
        self,
        split: EncodedSplit,
        *,
        part: str = "validation",
        metrics: Sequence[str] = ("hr@10", "ndcg@10"),
        every: int = 1,
        exclude_seen: bool = True,
        block_size: int = 1024,
        scorer: Scorer | None = None,
        item_vectors: npt.NDArray[Any] | None = None,
        categories: Any = None,
    ) -> None:
        super().__init__()
        require(every >= 1, "`every` must be at least 1.", every)
        require(len(metrics) > 0 and not isinstance(metrics, str), "`metrics` must hold names.", metrics)
        self._split = split
        self._part = part
        self._metrics = tuple(metrics)
        named = {metric: name_and_length(metric) for metric in self._metrics}
        self._ks = [k for name, k in named.values() if name in RANK_METRICS] or [1]
        self._of_lists = [metric for metric, (name, _) in named.items() if name not in RANK_METRICS]
        self._item_vectors = item_vectors
        self._categories = categories
        self._every = every
        self._exclude_seen = exclude_seen
        self._block_size = block_size
        self._scorer = scorer
        self._latest: dict[str, float] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Refuse what cannot be evaluated before the first epoch is spent."""
        model = self._scorer or self.model
        check_scorer(model)
        wanted = WantedListMetrics.of(self._of_lists, None, self._item_vectors, self._categories)
        wanted.check(model, self._split.num_items)
        self._latest = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Evaluate, and add the metrics to the logs."""
        is_last = epoch + 1 == self.params.get("epochs")
        if epoch % self._every == 0 or is_last or not self._latest:
            report = evaluate(
                self._scorer or self.model,
                self._split,
                self._part,
                ks=self._ks,
                exclude_seen=self._exclude_seen,
                block_size=self._block_size,
                num_bootstrap=0,
                slices=False,
                list_metrics=self._of_lists,
                item_vectors=self._item_vectors,
                categories=self._categories,
            )
            self._latest = {f"val_{name}": report.metrics[name] for name in self._metrics}
        if logs is not None:
            logs.update(self._latest)
