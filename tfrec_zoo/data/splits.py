"""Splits of interactions into training, validation and test.

Every part keeps the order of the file and the categories of the whole. No split depends on the codes behind
the ids, so the same rows read by another route are split alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from tfrec_zoo._errors import DataError, require
from tfrec_zoo.data.tables import Interactions

Candidates = Literal["all", "part"]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """Disjoint parts of one table of interactions.

    Example:
        >>> split = leave_last_out(Interactions(["ann"] * 3, ["cup", "jug", "pot"]))
        >>> [part.item_id.tolist() for part in (split.train, split.validation, split.test)]
        [['cup'], ['jug'], ['pot']]
    """

    name: str
    """The protocol, e.g. "leave_last_out"."""
    train: Interactions
    validation: Interactions
    test: Interactions
    fold_in: Interactions | None = None
    """Rows that are known when a question is asked but that training must not see: what users outside the
    training part did before (the fold-in set of Liang et al. 2018, section 4.2). None where the training part
    is all that is known."""
    candidates: Candidates = "all"
    """What a part's evaluation ranks: the whole catalogue, or the items of the part alone."""


def leave_last_out(interactions: Interactions, validation: bool = True) -> Split:
    """Hold out the last interaction of each user for test, and the one before for validation.

    The protocol of SASRec (Kang and McAuley 2018, section IV). The last one is the latest by `timestamp`;
    rows of equal time, and tables without time, keep the order of the file. A user who would be left without
    a training row (fewer than three rows, or two where `validation` is False) stays wholly in train.

    Args:
        interactions: the whole table.
        validation: whether to hold out the last but one as well; else that part is empty.

    Returns:
        The split, "leave_last_out".

    Raises:
        DataError: no user has rows enough.
    """
    held_out = 2 if validation else 1
    codes = interactions.user_id.codes
    counts = np.bincount(codes, minlength=len(interactions.user_id.categories))
    open_rows = counts[codes] > held_out
    if not open_rows.any():
        raise DataError(
            f"A user needs at least {held_out + 1} rows to be held out. Received: {interactions!r}, at most "
            f"{int(counts.max(initial=0))} rows per user. Use `random_split`, or do not split."
        )
    in_test = _last_of_each_user(interactions, open_rows)
    before = open_rows & ~in_test if validation else np.zeros_like(in_test)
    return _split("leave_last_out", interactions, _last_of_each_user(interactions, before), in_test)


def global_time_split(interactions: Interactions, validation: float = 0.1, test: float = 0.1) -> Split:
    """Cut the table at two moments that hold for all users: no training row is later than a test row.

    All rows of one moment fall on the later side of a cut, so a part may be a little larger than asked for.

    Args:
        interactions: the whole table, with `timestamp`.
        validation: share of the rows, those before `test`.
        test: share of the rows, the latest.

    Returns:
        The split, "global_time".

    Raises:
        DataError: no timestamps, or so many rows of one moment that a part is empty.
        ValueError: shares that do not leave rows to train on.
    """
    _check_shares(validation, test)
    times = interactions.timestamp
    if times is None:
        raise DataError(
            f"A split by time needs `timestamp`. Received: {interactions!r}. Read the file with its time "
            "column, or use `leave_last_out`, which takes the order of the file where there is no time."
        )
    cuts = _cut_positions(len(times), validation, test)
    if not len(times) or cuts[1] == len(times):
        raise DataError(f"A share of {test} must hold at least one row. Received: {interactions!r}")
    first_validation, first_test = np.partition(times, cuts)[list(cuts)]
    split = _split(
        "global_time",
        interactions,
        (times >= first_validation) & (times < first_test),
        times >= first_test,
    )
    empty = not len(split.train) or (validation > 0 and not len(split.validation))
    if empty:
        raise DataError(
            "Both cuts must fall between different moments. Received: "
            f"{len(split.train):,} rows before time {first_validation:.0f} and {len(split.test):,} from "
            f"{first_test:.0f} on. Change the shares, or use `leave_last_out`."
        )
    return split


def random_split(
    interactions: Interactions, test: float = 0.2, validation: float = 0.0, *, seed: int = 0
) -> Split:
    """Hold out rows at random, whatever their user, item and time.

    For comparison with old tutorials alone: training rows may be later than test rows, so the figures are
    flattering (Meng et al. 2020, "Exploring Data Splitting Strategies").

    Args:
        interactions: the whole table.
        test: share of the rows.
        validation: share of the rows.
        seed: the same seed and row count give the same rows.

    Returns:
        The split, "random".

    Raises:
        DataError: too few rows for a part that was asked for.
        ValueError: shares that do not leave rows to train on.
    """
    _check_shares(validation, test)
    size = len(interactions)
    place = np.random.default_rng(seed).permutation(size)
    first_validation, first_test = _cut_positions(size, validation, test)
    _check_counts(first_validation, first_test - first_validation, size - first_test, validation, "rows")
    return _split(
        "random", interactions, (place >= first_validation) & (place < first_test), place >= first_test
    )


def cold_items_split(
    interactions: Interactions, fraction: float = 0.2, validation: float = 0.1, *, seed: int = 0
) -> Split:
    """Take a share of the items out of training altogether; their interactions are the test.

    To be read as: can the model place an item that nobody has touched yet, from its content? For each user
    who has such items, an evaluation ranks the held-out items of the part alone. The history of a
    user is what `train` holds of them; users whose rows are all of held-out items have none. The items of
    validation and of test are disjoint, and every other row, whenever it happened, is in train.

    Args:
        interactions: the whole table.
        fraction: share of the items whose rows are the test.
        validation: share of the items whose rows are the validation.
        seed: the same seed and rows give the same items.

    Returns:
        The split, "cold_items".

    Raises:
        DataError: too few items for a part that was asked for.
        ValueError: shares that do not leave items to train on.
    """
    in_validation, in_test = _held_out_groups(
        interactions.item_id.codes, len(interactions.item_id.categories), fraction, validation, seed, "items"
    )
    return replace(_split("cold_items", interactions, in_validation, in_test), candidates="part")


def cold_users_split(
    interactions: Interactions, fraction: float = 0.1, validation: float = 0.1, *, seed: int = 0
) -> Split:
    """Take a share of the users out of training altogether; the last row of each is the test.

    Strong generalisation (Liang et al. 2018, section 4.2): a held-out user comes with a history at the time
    of the question, though the model has never seen them. That history is `Split.fold_in`. A held-out user
    with one row has a history only. Ties, and rows without time, keep the order of the file.

    Args:
        interactions: the whole table.
        fraction: share of the users whose last rows are the test.
        validation: share of the users whose last rows are the validation.
        seed: the same seed and rows give the same users.

    Returns:
        The split, "cold_users".

    Raises:
        DataError: too few users for a part that was asked for, or none of them with two rows.
        ValueError: shares that do not leave users to train on.
    """
    in_validation, in_test = _held_out_groups(
        interactions.user_id.codes, len(interactions.user_id.categories), fraction, validation, seed, "users"
    )
    codes = interactions.user_id.codes
    target = _last_of_each_user(interactions, np.bincount(codes)[codes] > 1)
    held_out = in_validation | in_test
    for name, asked, group in (("test", fraction, in_test), ("validation", validation, in_validation)):
        if asked and not (group & target).any():
            raise DataError(
                f"{name} must have a user with at least two rows, one to be known by and one to be found. "
                f"Received: none among {int(group.sum())} rows. Use more data or a larger share."
            )
    return replace(
        _split("cold_users", interactions, in_validation & target, in_test & target, train=~held_out),
        fold_in=interactions.take(np.flatnonzero(held_out & ~target)),
    )


def _split(
    name: str, interactions: Interactions, validation: _Mask, test: _Mask, train: _Mask | None = None
) -> Split:
    """The parts by masks of their rows; train has all others where it is left out."""
    train = ~(validation | test) if train is None else train
    return Split(
        name,
        train=interactions.take(np.flatnonzero(train)),
        validation=interactions.take(np.flatnonzero(validation)),
        test=interactions.take(np.flatnonzero(test)),
    )


def _last_of_each_user(interactions: Interactions, among: _Mask) -> _Mask:
    """Mask of each user's latest row, and of the last in the file where several are equally late."""
    rows = np.flatnonzero(among)
    num_users = len(interactions.user_id.categories)
    if interactions.timestamp is not None:
        codes, times = interactions.user_id.codes[rows], interactions.timestamp[rows]
        latest = np.full(num_users, -np.inf)
        np.maximum.at(latest, codes, times)
        rows = rows[times == latest[codes]]
    last = np.full(num_users, -1)
    last[interactions.user_id.codes[rows]] = rows  # of equal positions numpy keeps the last
    result = np.zeros(len(among), bool)
    result[last[last >= 0]] = True
    return result


def _held_out_groups(
    codes: npt.NDArray[np.signedinteger],
    num_categories: int,
    test: float,
    validation: float,
    seed: int,
    what: str,
) -> tuple[_Mask, _Mask]:
    """Masks of the rows whose item (or user) was drawn for validation and for test."""
    _check_shares(validation, test, "fraction")
    first_row = np.full(num_categories, len(codes))
    first_row[codes[::-1]] = np.arange(len(codes))[::-1]
    seen = np.flatnonzero(first_row < len(codes))
    # Drawn by order of appearance: the codes depend on the reader, the rows do not.
    drawn = np.random.default_rng(seed).permutation(seen[np.argsort(first_row[seen])])
    first_validation, first_test = _cut_positions(len(drawn), validation, test)
    _check_counts(first_validation, first_test - first_validation, len(drawn) - first_test, validation, what)
    part = np.zeros(num_categories, np.int8)
    part[drawn[first_validation:first_test]] = 1
    part[drawn[first_test:]] = 2
    row_part = part[codes]
    return row_part == 1, row_part == 2


def _cut_positions(size: int, validation: float, test: float) -> tuple[int, int]:
    first_test = size - round(size * test)
    return first_test - round(size * validation), first_test


def _check_shares(validation: float, test: float, name: str = "test") -> None:
    require(0 < test < 1, f"`{name}` must be between 0 and 1.", test)
    require(0 <= validation < 1, "`validation` must be at least 0 and below 1.", validation)
    require(
        validation + test < 1,
        f"`validation` and `{name}` must leave a share to train on.",
        (validation, test),
    )


def _check_counts(train: int, validation: int, test: int, share: float, what: str) -> None:
    if train < 1 or test < 1 or (share > 0 and validation < 1):
        raise DataError(
            f"Each part must get at least one of the {what}. Received: {train} for train, {validation} for "
            f"validation, {test} for test. Use more data or larger shares."
        )
