"""Which published layout a folder or an archive has."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

from tfrec_zoo.data.reading.archives import open_members
from tfrec_zoo.data.sources.known import DATASETS
from tfrec_zoo.data.sources.known_dataset import PublishedLayout


def find_layout(path: Path) -> PublishedLayout | None:
    """The layout of a folder, an archive or a file, by the names of the files; None where it is none of ours.

    Args:
        path: what is there.

    Raises:
        DataError: an archive that is broken or whose paths climb out.
    """
    layouts = dict.fromkeys(known.layout for known in DATASETS.values() if known.layout is not None)
    by_file: dict[str, PublishedLayout] = {}
    for layout in layouts:
        for file in layout.files:
            by_file.setdefault(file, layout)
    if path.is_file() and not zipfile.is_zipfile(path) and not tarfile.is_tarfile(path):
        found = by_file.get(path.name.removesuffix(".gz"))
        return found if found is not None and found.stands_alone else None
    with open_members(path, tuple(by_file)) as members:
        if members:
            return by_file[next(iter(members))]
    names = [file.name.removesuffix(".gz") for file in path.iterdir()] if path.is_dir() else []
    return next((layout for layout in layouts if any(name.endswith(layout.endings) for name in names)), None)
