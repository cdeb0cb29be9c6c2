"""Last.fm: HetRec 2011 (Cantador et al. 2011), and Celma's 360K and 1K users (Celma 2010)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.reading.archives import Member, open_binary, open_members
from tfrec_zoo.data.reading.columns import BadRow, InteractionColumns
from tfrec_zoo.data.reading.delimited import read_interactions_text, text_batches
from tfrec_zoo.data.reading.text_layout import Layout, lines_of_rows, read_head
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.sources.known_dataset import PublishedLayout
from tfrec_zoo.data.tables import Dataset, Interactions, Items, Users, is_clean_id

ItemKind = Literal["artist", "track"]

LICENCE = "Last.fm terms: non-commercial use, no redistribution"
CITATIONS: Mapping[str, str] = {
    "hetrec-2k": "Ivan Cantador, Peter Brusilovsky and Tsvi Kuflik. 2011. 2nd Workshop on Information "
    "Heterogeneity and Fusion in Recommender Systems (HetRec 2011). RecSys 2011.",
    "360k": "Oscar Celma. 2010. Music Recommendation and Discovery in the Long Tail. Springer.",
    "1k": "Oscar Celma. 2010. Music Recommendation and Discovery in the Long Tail. Springer.",
}
"""Release -> what its publishers ask to cite."""

_MAIN_FILES = {
    "hetrec-2k": "user_artists.dat",
    "360k": "usersha1-artmbid-artname-plays.tsv",
    "1k": "userid-timestamp-artid-artname-traid-traname.tsv",
}
_OTHER_FILES = (
    "artists.dat",
    "tags.dat",
    "user_taggedartists.dat",
    "usersha1-profile.tsv",
    "userid-profile.tsv",
)
_PROFILE = ("gender", "age", "country")


class _Events(NamedTuple):
    """Where the columns of a file of plays are; ids fall back to the names beside them."""

    width: int
    ids: tuple[int, ...]
    """Of the item: the first that is not empty counts, the last of them joined from `names`."""
    names: tuple[int, ...]
    """Parts of the item's title."""
    number: Mapping[str, int]
    """timestamp or rating -> position."""


_EVENTS: Mapping[tuple[str, ItemKind], _Events] = {
    ("360k", "artist"): _Events(4, (1,), (2,), {"rating": 3}),
    ("1k", "artist"): _Events(6, (2,), (3,), {"timestamp": 1}),
    ("1k", "track"): _Events(6, (4,), (3, 5), {"timestamp": 1}),
}


def read_lastfm(path: Path | str, *, release: str | None = None, item: ItemKind = "artist") -> Dataset:
    """Read one of the releases "hetrec-2k", "360k" and "1k".

    Args:
        path: the folder with the official files, the official zip or tar, or the file of
            the plays alone (then without what is known of items and users).
        release: None to tell it from the names of the files.
        item: what is recommended; "track" is possible for "1k" alone.

    Returns:
        hetrec-2k and 360k: play counts as ratings, no times. 1k: one row per play, with its time. Items have
        the name as title; those of hetrec-2k their tags as categories, the most used first. An item without
        a MusicBrainz id has its name as id. The users of 360k and 1k have gender, age and country.

    Raises:
        DataError: the files are not there or broken, or no row can be used.
        UnknownNameError: an unknown release or kind of item.
    """
    path = Path(path)
    if release is not None and release not in CITATIONS:
        raise UnknownNameError("Last.fm release", release, CITATIONS)
    if item not in get_args(ItemKind):
        raise UnknownNameError("kind of item", item, get_args(ItemKind))
    log = RejectionLog()
    with _open(path, release) as members:
        release = _release(path, members, release)
        if (release, item) not in _EVENTS and (release, item) != ("hetrec-2k", "artist"):
            raise DataError(f"{path.name}: only 1k holds tracks. Received: item={item!r} for {release}")
        main = members[_MAIN_FILES[release]]
        items: Items | None
        if release == "hetrec-2k":
            columns = {"user_id": "userID", "item_id": "artistID", "rating": "weight"}
            interactions = read_interactions_text(
                main.file,
                delimiter="\t",
                columns=columns,
                header=True,
                log=log,
                name=main.name,
                quoting=False,
            )
            items = _read_artists(members, log)
        else:
            interactions, items = _read_events(main, _EVENTS[release, item], log)
        profile = members.get("usersha1-profile.tsv") or members.get("userid-profile.tsv")
        users = _read_profile(profile, log) if profile else None
    return Dataset(
        f"lastfm/{release}" if item == "artist" else f"lastfm/{release}-{item}",
        interactions,
        items,
        users,
        LICENCE,
        CITATIONS[release],
        source=main.name,
        rejected=log.freeze(),
    )


@contextmanager
def _open(path: Path, release: str | None) -> Iterator[Mapping[str, Member]]:
    plain = path.name.removesuffix(".gz")
    named = next((name for name in _MAIN_FILES.values() if name == plain), None)
    if path.is_file() and (named or (release and path.suffix not in (".zip", ".gz", ".tar", ".tgz"))):
        with open_binary(path) as file:
            yield {named or _MAIN_FILES[str(release)]: Member(path.name, file)}
        return
    with open_members(path, (*_MAIN_FILES.values(), *_OTHER_FILES)) as members:
        yield members


def _release(path: Path, members: Mapping[str, Member], asked: str | None) -> str:
    found = [name for name, file in _MAIN_FILES.items() if file in members and asked in (None, name)]
    if len(found) != 1:
        raise DataError(
            f"{path.name}: one of {', '.join(_MAIN_FILES.values())} must be there"
            f"{f' (release={asked!r})' if asked else ''}. Received: {', '.join(members) or 'none of them'}. "
            "Give the folder of one release, or name it with `release`."
        )
    return found[0]


def _read_events(main: Member, events: _Events, log: RejectionLog) -> tuple[Interactions, Items]:
    """Tab-separated plays without a header; the id of an item without one is its name."""
    layout = Layout("\t", header=False, quoting=False)
    head = read_head(main.file, main.name, layout)
    if head.width not in (0, events.width):
        raise DataError(f"{main.name}: {events.width} columns were expected. Received: {head.width}")
    log_columns = ("user_id", "item_id", *events.number)
    collected = InteractionColumns(main.name, log_columns, log)
    bad_rows: list[BadRow] = []
    titles: dict[bytes, bytes] = {}
    wanted = sorted({0, *events.ids, *events.names, *events.number.values()})
    for batch in text_batches(main.file, head, layout, wanted, bad_rows):
        names = batch.column(f"f{events.names[0]}")
        for position in events.names[1:]:
            names = pc.binary_join_element_wise(names, batch.column(f"f{position}"), b" - ")
        ids = batch.column(f"f{events.ids[0]}")
        ids = pc.if_else(pc.equal(pc.binary_length(ids), 0), names, ids).dictionary_encode()
        first = np.unique(ids.indices.to_numpy(), return_index=True)[1]
        for name, title in zip(
            ids.dictionary.to_pylist(), names.take(pa.array(first)).to_pylist(), strict=True
        ):
            titles.setdefault(name, title)
        numbers = {ours: batch.column(f"f{position}") for ours, position in events.number.items()}
        collected.add({"user_id": batch.column("f0"), "item_id": ids, **numbers})
    interactions = collected.finish(
        bad_rows, lambda rows: [(main.name, line) for line in lines_of_rows(main.file, head, layout, rows)]
    )
    known = {
        name.decode(errors="replace").strip(): title.decode(errors="replace").strip()
        for name, title in titles.items()
    }
    item_id = interactions.item_id.categories.to_numpy()
    return interactions, Items(item_id, title=np.array([known[name] for name in item_id], dtype=object))


def _read_artists(members: Mapping[str, Member], log: RejectionLog) -> Items | None:
    if "artists.dat" not in members:
        return None
    names: dict[str, str] = {}
    for line, row in _rows(members["artists.dat"], 2, log):
        if not is_clean_id(row[0]) or row[0] in names:
            log.add(members["artists.dat"].name, line, "item described twice or without id", row)
        else:
            names[row[0]] = row[1]
    categories: list[tuple[str, ...]] | None = None
    if "tags.dat" in members and "user_taggedartists.dat" in members:
        words = {row[0]: row[1] for _, row in _rows(members["tags.dat"], 2, log)}
        counts: dict[str, Counter[str]] = {name: Counter() for name in names}
        for _, row in _rows(members["user_taggedartists.dat"], 3, log):
            if row[1] in counts and row[2] in words:
                counts[row[1]][words[row[2]]] += 1
        categories = [tuple(tag for tag, _ in counter.most_common()) for counter in counts.values()]
    columns = {"title": list(names.values()), "categories": categories}
    return Items(np.array(list(names), dtype=object), **columns)  # type: ignore[arg-type]


def _read_profile(member: Member, log: RejectionLog) -> Users:
    """360K: user, gender, age, country, sign-up, no header; 1K the same under a header "#id"."""
    ids: list[str] = []
    columns: dict[str, list[str]] = {name: [] for name in _PROFILE}
    seen: set[str] = set()
    for line, row in _rows(member, 4, log, header=False):
        if row[0] == "#id":
            continue
        if not is_clean_id(row[0]) or row[0] in seen:
            log.add(member.name, line, "user described twice or without id", row)
            continue
        seen.add(row[0])
        ids.append(row[0])
        for name, value in zip(_PROFILE, row[1:4], strict=True):
            columns[name].append(value)
    age = np.array([float(text) if text.isdecimal() else np.nan for text in columns["age"]], dtype="float32")
    profile = {**{name: np.array(values, dtype=object) for name, values in columns.items()}, "age": age}
    return Users(np.array(ids, dtype=object), profile)


def _rows(
    member: Member, least: int, log: RejectionLog, *, header: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Lines of a small tab-separated file in UTF-8 or Latin-1, at least `least` fields each."""
    for line, text in enumerate(_decode(member.file).split("\n"), start=1):
        if not text.strip() or (header and line == 1):
            continue
        row = [field.strip() for field in text.split("\t")]
        if len(row) < least:
            log.add(member.name, line, "too few fields", text)
        else:
            yield line, row


def _decode(file: BinaryIO) -> str:
    data = file.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


LAYOUT = PublishedLayout(read_lastfm, files=tuple(_MAIN_FILES.values()), stands_alone=True)
