"""The routes that fetch MovieLens: equal tables, and a source that fails is left or refused."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.data.loopback import WHEEL, Loopback, make_wheel, serve, sha256
from tests.data.movielens_files import write_folder, write_zip
from tests.data.same_tables import assert_same_tables
from tfrec_zoo._errors import DataError
from tfrec_zoo.data.routes import tfds
from tfrec_zoo.data.routes.watched import run_watched
from tfrec_zoo.data.sources import movielens_routes
from tfrec_zoo.data.sources.known import DATASETS
from tfrec_zoo.data.sources.movielens import ADDRESS, RELEASES, read_movielens
from tfrec_zoo.data.sources.movielens_routes import from_tfds, from_wheel

TIMEOUT = 10.0
"""Ample for a busy machine; what is asserted to be left early has its own."""
SHORT = 3.0
OFFICIAL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"

TFDS_DRIVER = f"""
import sys
from pathlib import Path
from tensorflow_datasets.core.download.checksums import UrlInfo
from tensorflow_datasets.core.utils import Size
from tensorflow_datasets.structured.movielens import Movielens
from tfrec_zoo.data.routes.tfds import download
dataset, address, folder, timeout, mirror, size, checksum = sys.argv[1:]
recorded = UrlInfo(size=Size(int(size)), checksum=checksum, filename="ml-100k.zip")
Movielens.url_infos = {{{OFFICIAL!r}: recorded}}
download(dataset, address, Path(folder), float(timeout), mirror)
"""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as loopback:
        yield loopback


@pytest.fixture
def pip_site(site: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Loopback:
    """Pip sees the loopback index alone, and the made-up wheel is the pinned one."""
    content = make_wheel()
    site.add_wheel(content)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{site.address}/simple")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))
    monkeypatch.setattr(movielens_routes, "SHA256", sha256(content))
    return site


@pytest.fixture
def tfds_site(site: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Loopback:
    """TFDS downloads from the loopback, and records the made-up zip's hash as the official one."""
    content = write_zip(tmp_path, "100k").read_bytes()
    site.files["/ml-100k.zip"] = content

    def command(dataset: str, address: str, folder: Path, timeout: float) -> list[str]:
        official = [dataset, address, str(folder), str(timeout)]
        return [
            sys.executable, "-c", TFDS_DRIVER, *official,
            f"{site.address}/ml-100k.zip", str(len(content)), sha256(content),
        ]  # fmt: skip

    monkeypatch.setattr(tfds, "_command", command)
    return site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    empty = tmp_path / "download"
    empty.mkdir()
    return empty


def test_the_wheel_equals_the_folder(pip_site: Loopback, folder: Path, tmp_path: Path) -> None:
    data = from_wheel(folder, TIMEOUT)
    assert data.source == "wheel recbole==1.2.1"
    assert_same_tables(data, read_movielens(write_folder(tmp_path / "official", "100k")))


def test_tfds_equals_the_folder(tfds_site: Loopback, folder: Path, tmp_path: Path) -> None:
    data = from_tfds("100k", folder, TIMEOUT)
    assert data.source == "tensorflow_datasets movielens/100k"
    assert_same_tables(data, read_movielens(write_folder(tmp_path / "official", "100k")))


def test_another_wheel_is_refused(pip_site: Loopback, folder: Path) -> None:
    pip_site.add_wheel(make_wheel() + b" ")
    with pytest.raises(DataError, match=r"pip download recbole==1.2.1: failed. Its last line"):
        from_wheel(folder, TIMEOUT)
    assert "DO NOT MATCH THE HASHES" in (folder / "output.txt").read_text()
    assert not list(folder.glob("*.whl"))


def test_another_zip_is_refused(tfds_site: Loopback, folder: Path) -> None:
    tfds_site.files["/ml-100k.zip"] += b" "
    with pytest.raises(DataError, match=r"tensorflow_datasets movielens/100k: failed"):
        from_tfds("100k", folder, TIMEOUT)
    assert "NonMatchingChecksumError" in (folder / "output.txt").read_text()
    assert not list(folder.glob("*.zip"))


def test_a_wheel_cut_short_is_refused(pip_site: Loopback, folder: Path) -> None:
    pip_site.cut.add(f"/files/{WHEEL}")
    with pytest.raises(DataError, match="pip download"):
        from_wheel(folder, TIMEOUT)
    assert not list(folder.glob("*.whl"))


def test_a_zip_cut_short_is_refused(tfds_site: Loopback, folder: Path) -> None:
    tfds_site.cut.add("/ml-100k.zip")
    with pytest.raises(DataError, match="tensorflow_datasets"):
        from_tfds("100k", folder, TIMEOUT)
    assert not list(folder.glob("*.zip"))


@pytest.mark.parametrize("path", [f"/files/{WHEEL}", "/simple/recbole/"])
def test_a_stalled_index_is_left(path: str, pip_site: Loopback, folder: Path) -> None:
    pip_site.stalled.add(path)
    started = time.monotonic()
    with pytest.raises(DataError, match=r"pip download"):
        from_wheel(folder, SHORT)
    assert time.monotonic() - started < 4 * SHORT


def test_a_stalled_zip_is_left(tfds_site: Loopback, folder: Path) -> None:
    tfds_site.stalled.add("/ml-100k.zip")
    started = time.monotonic()
    with pytest.raises(DataError, match=r"tensorflow_datasets movielens/100k: no answer for 3 s"):
        from_tfds("100k", folder, SHORT)
    assert time.monotonic() - started < 8 * SHORT


def test_a_missing_file_is_said(tfds_site: Loopback, pip_site: Loopback, folder: Path) -> None:
    tfds_site.files.clear()
    with pytest.raises(DataError, match=r"failed. Its last line: .*404"):
        from_tfds("100k", folder, TIMEOUT)
    with pytest.raises(DataError, match=r"No matching distribution found for recbole==1.2.1"):
        from_wheel(folder, TIMEOUT)


def test_a_silent_child_is_killed_and_a_working_one_is_not(folder: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DataError, match=r"sleeper: no answer for 0.5 s. It printed nothing"):
        run_watched(
            [sys.executable, "-c", "import time; time.sleep(60)"], folder, name="sleeper", timeout=0.5
        )
    assert time.monotonic() - started < 20
    steady = "import sys, time\nfor n in range(8): print(n, flush=True); time.sleep(0.4)"
    run_watched([sys.executable, "-c", steady], folder, name="steady", timeout=2.0)
    assert (folder / "output.txt").read_text().split() == [str(n) for n in range(8)]


def test_a_failing_child_gives_its_last_line(folder: Path) -> None:
    script = "print('one'); raise SystemExit('the reason')"
    with pytest.raises(DataError, match=r"child: failed. Its last line: 'the reason'"):
        run_watched([sys.executable, "-c", script], folder, name="child", timeout=TIMEOUT)


def test_variables_reach_the_child(folder: Path) -> None:
    script = "import os; print(os.environ['GIVEN'])"
    run_watched(
        [sys.executable, "-c", script], folder, name="child", timeout=TIMEOUT, environment={"GIVEN": "yes"}
    )
    assert (folder / "output.txt").read_text().strip() == "yes"


def test_a_host_out_of_reach_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"tensorflow_datasets movielens/100k: (failed|no answer)"):
        from_tfds("100k", folder, TIMEOUT)


def test_tfds_recorded_every_archive_that_is_asked_of_it(folder: Path) -> None:
    script = "import tensorflow_datasets as tfds; print(*tfds.builder_cls('movielens').url_infos, sep='\\n')"
    run_watched([sys.executable, "-c", script], folder, name="tfds", timeout=120)
    recorded = (folder / "output.txt").read_text().splitlines()
    asked = [name.partition("/")[2] for name, known in DATASETS.items() if "tfds" in known.fetch]
    assert asked == ["100k", "1m", "20m", "25m", "latest-small"]
    assert {ADDRESS + RELEASES[release].archive for release in asked} <= set(recorded)


TFDS_PARSER = """
import json, sys
from tensorflow_datasets.structured import movielens_parsing as parsing
parse = {"100k": parsing.parse_100k_ratings_data, "1m": parsing.parse_1m_ratings_data}
keys = ("user_id", "movie_id", "user_rating", "timestamp", "movie_title")
for folder in sys.argv[1:]:
    rows = parse.get(folder.rpartition("ml-")[2], parsing.parse_current_ratings_data)(folder)
    print(json.dumps([[row[key] for key in keys] for _, row in rows]))
"""


def test_tfds_reads_the_same_rows_from_the_files(folder: Path, tmp_path: Path) -> None:
    """TFDS's own parser, before it shuffles, agrees with our reader."""
    paths = [write_folder(tmp_path / "official", release) for release in ("100k", "1m", "latest-small")]
    run_watched([sys.executable, "-c", TFDS_PARSER, *map(str, paths)], folder, name="parser", timeout=120)
    printed = (folder / "output.txt").read_text().splitlines()[-len(paths) :]
    for path, theirs in zip(paths, map(json.loads, printed), strict=True):
        data = read_movielens(path)
        assert data.items is not None
        titles = dict(zip(data.items.item_id, data.items.title, strict=True))  # type: ignore[arg-type]
        ours = [
            [row.user_id, row.item_id, row.rating, row.timestamp, titles[row.item_id]]
            for row in data.interactions.to_frame().itertuples(index=False)
        ]
        assert ours == [[user, item, float(rating), float(time), t] for user, item, rating, time, t in theirs]


@pytest.mark.network
def test_the_real_wheel_equals_the_real_folder(shared_data: Callable[[str], Path], folder: Path) -> None:
    official = shared_data("movielens-100k")
    try:
        data = from_wheel(folder, TIMEOUT)
    except DataError as error:
        pytest.skip(f"no package registry answers: {error}")
    assert_same_tables(data, read_movielens(official))
