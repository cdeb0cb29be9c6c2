"""The rank of each held-out item among the whole catalogue, block by block of users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import UnknownNameError, require
from tfrec_zoo.evaluation.scorer import ScoreFunction, Scorer, check_scorer, check_split, model_name
from tfrec_zoo.evaluation.top_k import top_k
from tfrec_zoo.features.encoded import EncodedInteractions, EncodedSplit
from tfrec_zoo.reranking import ReRanker, reranker_of
from tfrec_zoo.schema import NUM_RESERVED, PAD

Array = npt.NDArray[Any]
PARTS = ("validation", "test")


@dataclass(frozen=True, eq=False)
class TargetRanks:
    """The held-out items of each user, best ranked first, as compressed sparse rows.

    Example:
        >>> from tfrec_zoo.baselines import Popularity
        >>> popularity = Popularity().fit(encoded.train, encoded.num_items)  # encoded: an EncodedSplit
        >>> found = target_ranks(popularity, encoded, list_k=5)
        >>> len(found.ranks) == len(encoded.test), found.lists.shape
        (True, (30, 5))
    """

    rows: npt.NDArray[np.int64]
    """Users with at least one target: their rows on the split's user axis, ascending, [U]."""
    row_splits: npt.NDArray[np.int64]
    """User u owns the targets row_splits[u]:row_splits[u + 1], [U + 1]."""
    item_index: npt.NDArray[np.int32]
    """Catalogue row of each target, [n]; OOV for one outside the catalogue."""
    ranks: npt.NDArray[np.float64]
    """From 1, ascending within a user, [n]; inf for a target that is never recommended."""
    lists: npt.NDArray[np.int32]
    """Top-k list of each user, [U, list_k]; PAD fills a short one."""
    history_lengths: npt.NDArray[np.int64]
    """Number of interactions of each user before the part, [U]."""
    num_candidates: int
    """Items that were ranked for each user, seen ones included."""
    seen_targets: int = 0
    """Targets that left the ranking because the history holds them."""


def target_ranks(
    model: Scorer,
    split: EncodedSplit,
    part: str = "test",
    *,
    exclude_seen: bool = True,
    candidates: Array | None = None,
    block_size: int = 1024,
    list_k: int = 0,
    reranker: ReRanker | None = None,
    k: int = 10,
) -> TargetRanks:
    """Rank every target among all catalogue rows, or among the candidates.

    Ties count against the target. With a user's targets sorted by score, the j-th (from 1) has the rank
    j + number of other candidates that score at least as much. A target given twice counts once. A target
    outside the catalogue, and one that the model refuses (-inf), has the rank inf.

    Args:
        model: what is evaluated.
        split: the parts; the history is all that comes before `part`.
        part: "validation" or "test".
        exclude_seen: take the items of the history out of the ranking, as a server does. A target that the
            user has met before then has the rank inf: evaluate data with repeats with False.
        candidates: catalogue rows [C] that alone are ranked; a target that is none of them counts as a miss.
            None for those of the split: all, or the part's own items where it holds out items.
        block_size: users scored at once; the memory is about 3 float32 [block_size, num_items].
        list_k: length of the top-k lists to keep as well; 0 for none.
        reranker: what stands between scores and ranks; nothing where left out.
        k: length of the list, which a re-ranker is given.

    Raises:
        ValueError: a split of other features than the model's, no target in the part, scores of the wrong
            shape, or NaN or +inf among them; candidates that are no catalogue rows.
        UnknownNameError: a part that a split does not have.
    """
    check_scorer(model)
    check_split(model, split)
    if part not in PARTS:
        raise UnknownNameError("part", part, PARTS)
    require(block_size >= 1, "`block_size` must be at least 1.", block_size)
    require(list_k >= 0, "`list_k` must be at least 0.", list_k)
    owner, item = distinct_targets(getattr(split, part), split.num_items)
    require(
        len(owner) > 0, f"`{part}` must have at least one interaction to evaluate on.", f"{split.name}, 0"
    )
    others = _others(_checked(candidates, split.num_items), split, part)
    rows, first = np.unique(owner, return_index=True)
    row_splits = np.append(first, len(owner))
    history = split.history_of(part)
    ranks = np.full(len(owner), np.inf)
    seen_targets = 0
    lists = np.empty((len(rows), list_k), np.int32)
    rerank = reranker_of(reranker).apply
    for block, scores, batch in _score_blocks(model, history, rows, split.num_items, block_size):
        targets = slice(row_splits[block.start], row_splits[block.stop])
        local = np.searchsorted(rows[block], owner[targets])
        scores[:, others] = -np.inf
        if exclude_seen:
            seen_targets += _leave_candidates(scores, history, rows[block], local, item[targets])
        scores = rerank(scores, inputs=batch, k=k)
        order, ranks[targets] = _ranks_of(scores, local, item[targets], block_size)
        item[targets] = item[targets][order]
        if list_k:
            lists[block] = top_k(scores, list_k).indices
    return TargetRanks(
        rows,
        row_splits,
        item,
        ranks,
        lists,
        history.lengths()[rows],
        split.num_items - NUM_RESERVED - len(others),
        seen_targets,
    )


def _checked(candidates: Array | None, num_items: int) -> Array | None:
    if candidates is None:
        return None
    candidates = np.asarray(candidates)
    wrong = candidates[(candidates < NUM_RESERVED) | (candidates >= num_items)]
    require(
        candidates.size > 0 and wrong.size == 0,
        f"`candidates` must be catalogue rows from {NUM_RESERVED} to {num_items - 1}, one or more.",
        candidates if wrong.size == 0 else wrong[:5],
    )
    return candidates


def _others(candidates: Array | None, split: EncodedSplit, part: str) -> Array:
    """Catalogue rows that are no candidates."""
    candidates = split.candidates_of(part) if candidates is None else candidates
    rows = np.arange(NUM_RESERVED, split.num_items)
    return rows[:0] if candidates is None else np.setdiff1d(rows, candidates)


def distinct_targets(part: EncodedInteractions, num_items: int) -> tuple[Array, Array]:
    """Owner and item of each target, user by user; OOV ones are never merged, as they may be different."""
    owner, item = part.row_of_position(), part.item_index
    wrong = (item == PAD) | (item < 0) | (item >= num_items)
    require(not wrong.any(), f"Targets must be catalogue rows below {num_items} or OOV.", item[wrong][:5])
    known = item >= NUM_RESERVED
    distinct = np.unique(owner[known] * num_items + item[known])
    owner = np.concatenate([distinct // num_items, owner[~known]])
    item = np.concatenate([distinct % num_items, item[~known]]).astype(np.int32)
    order = np.argsort(owner, kind="stable")
    return owner[order], item[order]


def _score_blocks(
    model: Scorer, history: EncodedInteractions, rows: Array, num_items: int, block_size: int
) -> Iterator[tuple[slice, npt.NDArray[np.float32], dict[str, Array]]]:
    """Checked scores of each block of users, in one buffer that the next block overwrites, and inputs."""
    score = model.catalogue_scorer()
    with_times = getattr(model, "reads_times", False)
    buffer = np.empty((min(block_size, len(rows)), num_items), np.float32)
    for start in range(0, len(rows), block_size):
        block = slice(start, min(start + block_size, len(rows)))
        scores = buffer[: block.stop - block.start]
        batch = query_batch(history, rows[block], model.max_history_length, with_times)
        _score_into(scores, model, score, batch)
        yield block, scores, batch


def query_batch(
    history: EncodedInteractions, rows: Array, max_length: int | None, with_times: bool
) -> dict[str, Array]:
    """A model's inputs for user rows [B]: the newest `max_length` items, or all of them, and the profile."""
    if max_length is None:
        max_length = max(1, int((history.row_splits[rows + 1] - history.row_splits[rows]).max()))
    profile = {name: values[rows] for name, values in history.profile.items()}
    times = history.history_time(rows, max_length) if with_times else None
    return {
        **({} if times is None else {"history_time": times}),
        "history": history.history(rows, max_length),
        "user_index": history.user_index[rows].astype(np.int32, copy=False),
        **profile,
    }


def _score_into(
    buffer: npt.NDArray[np.float32], model: Scorer, score: ScoreFunction, batch: Mapping[str, Array]
) -> None:
    # The model's own array may be shared between calls or read-only (a broadcast), so it is copied.
    scores = np.asarray(score(batch))
    require(
        scores.shape == buffer.shape,
        f"Model {model_name(model)!r} must return scores of the shape {buffer.shape} (batch, num_items).",
        scores.shape,
    )
    buffer[...] = scores
    buffer[:, :NUM_RESERVED] = -np.inf
    if not buffer.max() < np.inf:  # NaN compares false
        bad = np.isnan(buffer) | (buffer == np.inf)
        raise ValueError(
            f"Scores must be finite, or -inf for a refused item. Received: {int(bad.sum()):,} NaN or +inf of "
            f"{buffer.size:,} scores (for {int(bad.any(axis=1).sum()):,} of {len(buffer):,} users) from "
            f"model {model_name(model)!r}. Did its training diverge?"
        )


def _leave_candidates(
    scores: Array, history: EncodedInteractions, rows: Array, local: Array, item: Array
) -> int:
    """Set the score of every seen item to -inf, in place; how many targets are among them."""
    before = scores[local, item]
    starts, lengths = history.row_splits[rows], history.lengths()[rows]
    position = np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    scores[np.repeat(np.arange(len(rows)), lengths), history.item_index[position]] = -np.inf
    return int(np.count_nonzero(np.isneginf(scores[local, item]) & ~np.isneginf(before)))


def _ranks_of(scores: Array, local: Array, item: Array, block_size: int) -> tuple[Array, Array]:
    """Order of the targets by user and falling score, and the ranks in that order."""
    value = scores[local, item]  # -inf for OOV
    order = np.lexsort((-value, local))
    local, value = local[order], value[order]
    at_least = np.empty(len(order), np.int64)
    for start in range(0, len(order), block_size):
        chunk = slice(start, start + block_size)
        at_least[chunk] = np.count_nonzero(scores[local[chunk]] >= value[chunk, None], axis=1)
    # A target that ties with later targets of its user stands before them: they are no other candidates.
    last_of_tie = np.append((local[1:] != local[:-1]) | (value[1:] != value[:-1]), True)
    positions = np.arange(len(order))
    ends = np.flatnonzero(last_of_tie)
    tied_behind = ends[np.searchsorted(ends, positions)] - positions
    return order, np.where(value == -np.inf, np.inf, at_least - tied_behind)
