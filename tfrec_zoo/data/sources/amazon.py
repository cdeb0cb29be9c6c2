"""Amazon reviews of 2014, 2018 and 2023, with their metadata, streamed: the reviews' text is never held."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.reading.archives import open_binary
from tfrec_zoo.data.reading.column_names import choose_columns
from tfrec_zoo.data.reading.columns import ID_COLUMNS, BadRow, InteractionColumns
from tfrec_zoo.data.reading.delimited import read_interactions_text
from tfrec_zoo.data.reading.guess_format import has_header
from tfrec_zoo.data.reading.json_lines import first_objects, json_batches, json_objects
from tfrec_zoo.data.reading.text_layout import Layout, read_first_lines
from tfrec_zoo.data.rejected import RejectionLog
from tfrec_zoo.data.sources.known_dataset import PublishedLayout
from tfrec_zoo.data.tables import Dataset, Interactions, Items, is_clean_id

LICENCE = "not stated by the publishers; the text belongs to its writers and Amazon"
CITATIONS: Mapping[str, str] = {
    "2014": "Ruining He and Julian McAuley. 2016. Ups and Downs: Modeling the Visual Evolution of Fashion "
    "Trends with One-Class Collaborative Filtering. WWW 2016.",
    "2018": "Jianmo Ni, Jiacheng Li and Julian McAuley. 2019. Justifying Recommendations using "
    "Distantly-Labeled Reviews and Fine-Grained Aspects. EMNLP-IJCNLP 2019.",
    "2023": "Yupeng Hou, Jiacheng Li, Zhankui He, An Yan, Xiusi Chen and Julian McAuley. 2024. Bridging "
    "Language and Items for Retrieval and Recommendation. arXiv:2403.03952.",
}
"""Release -> the paper that its publishers ask to cite."""

_OLD_KEYS = {"user_id": "reviewerID", "item_id": "asin", "timestamp": "unixReviewTime", "rating": "overall"}
_NEW_KEYS = {"user_id": "user_id", "item_id": "parent_asin", "timestamp": "timestamp", "rating": "rating"}
_KEYS_OF_2018 = {"verified", "vote", "style", "image"}
_SUFFIXES = (".json", ".jsonl", ".csv")
_ASIN = re.compile(r"B[0-9A-Z]{9}|[0-9]{9}[0-9X]")


@dataclass(frozen=True)
class _Found:
    interactions: Interactions
    release: str


def read_amazon(
    path_or_folder: Path | str, *, metadata: Path | str | None = None, release: str | None = None
) -> Dataset:
    """Read one category's reviews, with what is known of its items.

    Args:
        path_or_folder: the reviews (JSON lines, or CSV with or without a header; plain or gzip), or a folder
            with one such file, and the metadata in a file whose name starts with "meta".
        metadata: JSON lines, or the Python literals of 2014; None to look for it in the folder.
        release: "2014", "2018" or "2023"; None to tell it from the fields.

    Returns:
        Interactions with ratings and times; items with title, text (the description), categories (the brand
        or store as the last) and image (an address, "" where unknown), of the items that have a review.

    Raises:
        DataError: the files are not there, broken, of another release, or none of their rows can be used.
        UnknownNameError: an unknown release.
    """
    if release is not None and release not in CITATIONS:
        raise UnknownNameError("Amazon release", release, CITATIONS)
    reviews, described = _find_files(Path(path_or_folder))
    described = Path(metadata) if metadata is not None else described
    log = RejectionLog()
    found = _read_csv(reviews, log) if ".csv" in reviews.suffixes else _read_json(reviews, log)
    if release is not None and "2023" in (release, found.release) and release != found.release:
        raise DataError(
            f"{reviews.name}: the fields must be those of the release. Received: release={release!r} for a "
            f"file of {found.release}"
        )
    release = release or found.release
    source = f"{reviews.name} (layout of {release})"
    items: Items | None = None
    if described is not None:
        items, seen = _read_metadata(described, set(found.interactions.item_id.categories), log)
        source += f"; {len(items):,} of the {seen:,} items of {described.name}"
    return Dataset(
        f"amazon-{release}/{reviews.name.split('.')[0]}",
        found.interactions,
        items,
        licence=LICENCE,
        citation=CITATIONS[release],
        source=source,
        rejected=log.freeze(),
    )


def _find_files(path: Path) -> tuple[Path, Path | None]:
    """The reviews and the metadata."""
    if not path.is_dir():
        return path, None
    files = [
        file for file in sorted(path.iterdir()) if file.is_file() and set(file.suffixes) & set(_SUFFIXES)
    ]
    described = [file for file in files if file.name.lower().startswith("meta")]
    reviews = [file for file in files if file not in described]
    if len(reviews) != 1 or len(described) > 1:
        raise DataError(
            f"{path}: a folder must hold one file of reviews (.json, .jsonl or .csv, plain or gzip) and at "
            f"most one of metadata (meta...). Received: {[file.name for file in files]}. Give the file's own "
            "path."
        )
    return reviews[0], described[0] if described else None


def _read_json(path: Path, log: RejectionLog) -> _Found:
    with open_binary(path) as file:
        known = {key for row in first_objects(file, path.name) for key in row}
        keys = _NEW_KEYS if "parent_asin" in known else _OLD_KEYS
        if missing := [keys[ours] for ours in ID_COLUMNS if keys[ours] not in known] if known else []:
            raise DataError(
                f"{path.name}: reviews must have {', '.join(keys.values())}. Received: no "
                f"{' and no '.join(missing)}; the fields are {', '.join(sorted(known))}. Read another shop's "
                "file with `read_interactions`."
            )
        keys = {ours: key for ours, key in keys.items() if key in known or ours in ID_COLUMNS}
        collected = InteractionColumns(path.name, keys, log)
        bad_rows: list[BadRow] = []
        for batch in json_batches(file, path.name, keys, bad_rows):
            collected.add(batch)
        interactions = collected.finish(bad_rows)
    if "parent_asin" in known:
        return _Found(interactions, "2023")
    return _Found(interactions, "2018" if known & _KEYS_OF_2018 else "2014")


def _read_csv(path: Path, log: RejectionLog) -> _Found:
    with open_binary(path) as file:
        rows = [row for row in Layout(",", header=False).split(read_first_lines(file, path.name)) if row]
        if not rows:
            log.raise_if_all(path.name, 0)
        header = has_header(rows, ())
        columns: Mapping[str, int]
        if header:
            given = dict.fromkeys(("user_id", "item_id", "timestamp", "rating"))
            columns = choose_columns(
                [name.strip() for name in rows[0]], given, path.name, ID_COLUMNS
            ).positions
            release = "2023"
        else:
            item, user = _item_and_user(rows, path.name)
            columns = {"user_id": user, "item_id": item, "rating": 2, "timestamp": 3}
            release = "2018" if item == 0 else "2014"
        interactions = read_interactions_text(
            file, delimiter=",", columns=columns, header=header, log=log, name=path.name
        )
    return _Found(interactions, release)


def _item_and_user(rows: Sequence[Sequence[str]], name: str) -> tuple[int, int]:
    """Columns of item and user in "ratings only" files: 2014 has the user first, 2018 the item."""
    matches = [sum(bool(_ASIN.fullmatch(row[place])) for row in rows if len(row) == 4) for place in (0, 1)]
    if matches[0] == matches[1]:
        raise DataError(
            f"{name}: one of the first two columns must hold ASINs (10 characters). Received: {rows[0]}. "
            "Read it with `read_interactions`."
        )
    return (0, 1) if matches[0] > matches[1] else (1, 0)


def _read_metadata(path: Path, wanted: set[str], log: RejectionLog) -> tuple[Items, int]:
    """The wanted items, and how many the file describes."""
    columns: dict[str, list[Any]] = {"item_id": [], "title": [], "text": [], "categories": [], "image": []}
    seen: set[str] = set()
    with open_binary(path) as file:
        for line, row in json_objects(file, path.name, log):
            item = str(row.get("parent_asin") or row.get("asin") or "").strip()
            if not is_clean_id(item):
                log.add(path.name, line, "missing item_id", row)
            elif item in seen:
                log.add(path.name, line, "item described twice", item)
            else:
                seen.add(item)
                if item in wanted:
                    for name, value in zip(columns, _describe(item, row), strict=True):
                        columns[name].append(value)
    if not columns["item_id"]:
        raise DataError(
            f"{path.name}: the metadata must describe items of the reviews. Received: {len(seen):,} items, "
            "none of them reviewed. Check that both files are of one category and release."
        )
    arrays: dict[str, Any] = {name: np.empty(len(values), dtype=object) for name, values in columns.items()}
    for name, values in columns.items():
        arrays[name][:] = values
    return Items(**arrays), len(seen)


def _describe(item: str, row: Mapping[str, Any]) -> tuple[str, str, str, tuple[str, ...], str]:
    labels = [*_strings(row.get("categories") or row.get("category")), *_strings(row.get("brand"))]
    labels += _strings(row.get("store"))
    pictures = row.get("imageURLHighRes") or row.get("imageURL") or row.get("imUrl") or row.get("images")
    return (
        item,
        " ".join(_strings(row.get("title"))),
        " ".join(_strings(row.get("description"))),
        tuple(dict.fromkeys(labels)),
        next(_addresses(pictures), ""),
    )


def _strings(value: Any) -> list[str]:
    """The texts in a value that may be text, a list, or a list of lists."""
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return [text] if value is not None and (text := str(value).strip()) else []


def _addresses(value: Any) -> Iterator[str]:
    """Addresses of pictures, the large ones first: text, a list, or what 2023 says of each picture."""
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _addresses(part)
    elif isinstance(value, dict):
        for size in ("large", "hi_res", "thumb"):
            yield from _addresses(value.get(size))


LAYOUT = PublishedLayout(read_amazon, endings=(".json", ".jsonl"))
