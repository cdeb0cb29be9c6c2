"""Which column of a table is the user, the item, the time: given by name, or guessed by well-known names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfrec_zoo._errors import DataError

ColumnName = int | str
"""A name in the header, or a position from 0."""

WELL_KNOWN: Mapping[str, tuple[str, ...]] = {
    "user_id": (
        "userid user",
        "reviewerid customerid visitorid memberid profileid useridx uid authorid accountid playerid",
        "customer visitor reviewer member account player username",
        "sessionid session",
    ),
    "item_id": (
        "itemid item",
        "parentasin",
        "movieid asin productid trackid artistid songid bookid articleid newsid businessid videoid isbn sku "
        "iid gameid animeid recipeid jokeid stockcode",
        "movie product track artist song book article video game",
    ),
    "timestamp": (
        "timestamp unixreviewtime unixtime unixtimestamp",
        "time ts datetime eventtime createdat date tdat clicktime eventdate transactiondt",
        "reviewtime created day",
    ),
    "rating": (
        "rating ratings overall stars score bookrating userrating reviewscore",
        "playcount plays listens count",
    ),
    "weight": ("weight",),
    "title": ("title", "name", "movietitle booktitle productname itemname artistname"),
    "text": ("text description", "overview plot summary abstract body"),
    "categories": ("categories category genres genre tags brand store",),
    "latitude": ("latitude lat",),
    "longitude": ("longitude lon lng long",),
}
"""Our column -> groups of well-known names, in small letters and digits alone, the surest group first."""

ARGUMENTS: Mapping[str, str] = {
    "user_id": "user_column",
    "item_id": "item_column",
    "timestamp": "time_column",
    "rating": "rating_column",
    "weight": "weight_column",
    "title": "title_column",
    "text": "text_column",
}
"""Our column -> the reader's argument that names it."""

_RECBOLE_TYPE = re.compile(r":(token|float)(_seq)?$")


@dataclass(frozen=True)
class ChosenColumns:
    """Where our columns are in a table."""

    positions: Mapping[str, int]
    """Our column -> its position in the table."""
    names: tuple[str, ...]
    """Names of all columns of the table."""

    def __str__(self) -> str:
        return ", ".join(f"{ours} from {self.names[position]!r}" for ours, position in self.positions.items())


def choose_columns(
    names: Sequence[str], given: Mapping[str, ColumnName | None], file: str, required: Sequence[str]
) -> ChosenColumns:
    """Find our columns among those of a table.

    Args:
        names: of the table's columns.
        given: our columns to look for -> the name or the position, "" for a column that shall not be read,
            or None to guess it.
        file: for messages.
        required: our columns that must be found.

    Raises:
        DataError: a name is not there, several columns fit, or a required column cannot be guessed.
    """
    positions: dict[str, int] = {}
    for ours, name in given.items():
        if name == "" and ours not in required:
            continue
        found = _given(names, name, file, ours) if name not in (None, "") else _guess(names, file, ours)
        if found is None and ours in required:
            raise DataError(
                f"{file}: cannot tell which column is the {ours}. {_listing(names)}. "
                f"Name it with `{ARGUMENTS[ours]}`."
            )
        if found is not None:
            positions[ours] = found
    twice = [ours for ours in positions if list(positions.values()).count(positions[ours]) > 1]
    if twice:
        raise DataError(
            f"{file}: a column can be only one of {' and '.join(twice)}. Received: "
            f"{names[positions[twice[0]]]!r} for each. {_listing(names)}."
        )
    return ChosenColumns(positions, tuple(names))


def is_well_known(name: str) -> bool:
    """Whether a word is among the well-known names of ids, times or ratings."""
    plain = _plain(name)
    return any(plain in group.split() for ours in ARGUMENTS for group in WELL_KNOWN[ours])


def known_columns(names: Sequence[str], ours: str) -> list[int]:
    """Positions of all columns with a well-known name for `ours`."""
    known = {name for group in WELL_KNOWN[ours] for name in group.split()}
    return [position for position, name in enumerate(names) if _plain(name) in known]


def find_column(names: Sequence[str], name: ColumnName, file: str, argument: str) -> int:
    """Position of a column given by name or by position.

    Raises:
        DataError: it is not there, or several bear that name.
    """
    found = [position for position, other in enumerate(names) if other == str(name)]
    if len(found) == 1:
        return found[0]
    if not found and str(name).isdecimal() and int(name) < len(names):
        return int(name)
    if found:
        raise DataError(f"{file}: {len(found)} columns are named {name!r}. Give `{argument}` a position.")
    nearest = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise DataError(f"{file}: `{argument}` names no column.{hint} Received: {name!r}. {_listing(names)}.")


def _given(names: Sequence[str], name: ColumnName | None, file: str, ours: str) -> int:
    assert name is not None
    return find_column(names, name, file, ARGUMENTS[ours])


def _guess(names: Sequence[str], file: str, ours: str) -> int | None:
    plain = [_plain(name) for name in names]
    for group in WELL_KNOWN[ours]:
        found = [position for position, name in enumerate(plain) if name in group.split()]
        if len(found) > 1:
            fitting = " or ".join(repr(names[position]) for position in found)
            raise DataError(
                f"{file}: several columns could be the {ours}: {fitting}. {_listing(names)}. "
                f"Name the right one with `{ARGUMENTS[ours]}`."
            )
        if found:
            return found[0]
    return None


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:30]))
    return f"The columns are {shown}{', ...' if len(names) > 30 else ''}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _RECBOLE_TYPE.sub("", name.strip().lower()))
