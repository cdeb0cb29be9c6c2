"""What appears whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tfrec_zoo._files import sha256, staging_folder, write_text, written_whole


def test_a_file_appears_at_the_end_or_never(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with written_whole(path) as file:
        file.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert sha256(path) == hashlib.sha256(b"half").hexdigest()
    with pytest.raises(TypeError), written_whole(path) as file:
        file.write(b"other" if path.exists() else b"", None)  # type: ignore[call-arg]
    write_text(tmp_path / "b.txt", "ä")
    assert (tmp_path / "b.txt").read_bytes() == "ä".encode()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.bin", "b.txt"]
    assert path.read_bytes() == b"half"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_staging_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "new" / "target"
    with staging_folder(target) as staging:
        (staging / "inside").mkdir()
        (staging / "inside").rename(target)
    assert [entry.name for entry in target.parent.iterdir()] == ["target"]
    with pytest.raises(FileNotFoundError), staging_folder(target) as staging:
        (staging / "no such folder" / "file").touch()
    assert [entry.name for entry in target.parent.iterdir()] == ["target"]
