"""Last.fm in the layouts of its three releases, made-up rows."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.data.sources.lastfm import read_lastfm

HETREC = {
    "user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n3\t51\t228\n",
    "artists.dat": 'id\tname\turl\tpictureURL\n51\t"Quoted" Björk\thttp://a\thttp://p\n'
    "52\tNo Address\n53\tUnheard\tu\tp\n",
    "tags.dat": "tagID\ttagValue\n1\tmetal\n2\tchanson française\n",
    "user_taggedartists.dat": "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t51\t2\t1\t4\t2009\n"
    "2\t51\t1\t1\t4\t2009\n3\t51\t1\t1\t4\t2009\n3\t99\t1\t1\t4\t2009\n",
}
PLAYS_360K = (
    "00000c28\tmbid-1\tthe quartet\t2137\n"
    '00000c28\t\t"nameless"\t1099\n'
    "00000c28\tmbid-1\n"
    "00001411\tmbid-1\tTHE QUARTET\tmany\n"
    "00001411\tmbid-1\tTHE QUARTET\t5\n"
)
EVENTS_1K = (
    "user_000001\t2009-05-04T23:08:57Z\ta-1\tBand\tt-1\tIntro\n"
    "user_000001\t2009-05-04T13:54:10Z\ta-1\tBand\t\tIntro\n"
    "user_000002\tyesterday\ta-2\tDuo\tt-3\tIntro\n"
    "user_000002\t2009-05-04T13:52:04Z\t\tDuo\tt-3\tIntro\n"
)
MAIN_360K = "usersha1-artmbid-artname-plays.tsv"
MAIN_1K = "userid-timestamp-artid-artname-traid-traname.tsv"


@pytest.fixture
def hetrec(tmp_path: Path) -> Path:
    folder = tmp_path / "hetrec2011-lastfm-2k"
    folder.mkdir()
    for name, text in HETREC.items():
        (folder / name).write_bytes(text.encode("latin-1" if name == "tags.dat" else "utf-8"))
    return folder


def test_hetrec_has_play_counts_names_and_tags_in_either_encoding(hetrec: Path) -> None:
    dataset = read_lastfm(hetrec)
    assert dataset.name == "lastfm/hetrec-2k"
    assert dataset.interactions.timestamp is None
    assert dataset.interactions.to_frame().to_numpy().tolist() == [
        ["2", "51", 13883.0],
        ["2", "52", 11690.0],
        ["3", "51", 228.0],
    ]
    assert dataset.items is not None
    assert dataset.items.title is not None
    assert dataset.items.categories is not None
    assert dataset.items.item_id.tolist() == ["51", "52", "53"]
    assert dataset.items.title.tolist() == ['"Quoted" Björk', "No Address", "Unheard"]
    assert dataset.items.categories.tolist() == [("metal", "chanson française"), (), ()]
    assert dataset.rejected.total == 0


def test_hetrec_from_a_zip_equals_the_folder(hetrec: Path, tmp_path: Path) -> None:
    archive = tmp_path / "hetrec2011-lastfm-2k.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in HETREC:
            file.write(hetrec / name, name)
    dataset = read_lastfm(archive)
    assert dataset.interactions.equals(read_lastfm(hetrec).interactions)
    assert dataset.items is not None
    assert len(dataset.items) == 3


def test_hetrec_without_descriptions(hetrec: Path) -> None:
    dataset = read_lastfm(hetrec / "user_artists.dat")
    assert len(dataset.interactions) == 3
    assert dataset.items is None
    assert dataset.users is None


@pytest.mark.parametrize("block", [40, 1 << 22])
def test_360k_falls_back_to_the_name_and_names_bad_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("tfrec_zoo.data.reading.delimited.BLOCK_BYTES", block)
    (tmp_path / MAIN_360K).write_text(PLAYS_360K)
    (tmp_path / "usersha1-profile.tsv").write_text(
        "00000c28\tf\t\tGermany\tFeb 1, 2007\n00001411\tm\t23\tMexico\tx\n00001411\tm\t23\tMexico\tx\n"
    )
    dataset = read_lastfm(tmp_path)
    assert dataset.name == "lastfm/360k"
    assert dataset.interactions.to_frame().to_numpy().tolist() == [
        ["00000c28", "mbid-1", 2137.0],
        ["00000c28", '"nameless"', 1099.0],
        ["00001411", "mbid-1", 5.0],
    ]
    assert dataset.items is not None
    assert dataset.items.title is not None
    assert dict(zip(dataset.items.item_id, dataset.items.title, strict=True)) == {
        "mbid-1": "the quartet",
        '"nameless"': '"nameless"',
    }
    assert dataset.users is not None
    assert dataset.users.profile["gender"].tolist() == ["f", "m"]
    assert dataset.users.profile["country"].tolist() == ["Germany", "Mexico"]
    np.testing.assert_array_equal(dataset.users.profile["age"], np.array([np.nan, 23.0], dtype="float32"))
    assert [(row.file, row.line, row.reason) for row in dataset.rejected.examples] == [
        (f"{tmp_path.name}/{MAIN_360K}", 3, "too few fields"),
        (f"{tmp_path.name}/{MAIN_360K}", 4, "unreadable rating"),
        (f"{tmp_path.name}/usersha1-profile.tsv", 3, "user described twice or without id"),
    ]


@pytest.mark.parametrize(
    ("item", "ids", "titles"),
    [
        ("artist", ["a-1", "a-1", "Duo"], {"a-1": "Band", "Duo": "Duo"}),
        (
            "track",
            ["t-1", "Band - Intro", "t-3"],
            {"t-1": "Band - Intro", "Band - Intro": "Band - Intro", "t-3": "Duo - Intro"},
        ),
    ],
)
def test_1k_has_times_and_artists_or_tracks(
    tmp_path: Path, item: str, ids: list[str], titles: dict[str, str]
) -> None:
    (tmp_path / MAIN_1K).write_text(EVENTS_1K)
    (tmp_path / "userid-profile.tsv").write_text(
        "#id\tgender\tage\tcountry\tregistered\nuser_000001\tm\t\tJapan\tAug 13, 2006\n"
    )
    dataset = read_lastfm(tmp_path, item=item)  # type: ignore[arg-type]
    assert np.asarray(dataset.interactions.item_id).tolist() == ids
    # 2009-05-04T00:00:00Z is day 14368 since 1970.
    day = 14368 * 86400
    assert dataset.interactions.timestamp is not None
    assert dataset.interactions.timestamp.tolist() == [
        day + 23 * 3600 + 8 * 60 + 57,
        day + 13 * 3600 + 54 * 60 + 10,
        day + 13 * 3600 + 52 * 60 + 4,
    ]
    assert dataset.items is not None
    assert dataset.items.title is not None
    found = dict(zip(dataset.items.item_id, dataset.items.title, strict=True))
    assert {name: found[name] for name in titles} == titles
    assert dataset.rejected.by_reason == {"unreadable timestamp": 1}
    assert dataset.rejected.examples[0].line == 3
    assert dataset.users is not None
    assert dataset.users.user_id.tolist() == ["user_000001"]


def test_a_tar_equals_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "lastfm-dataset-360K"
    folder.mkdir()
    (folder / MAIN_360K).write_text(PLAYS_360K)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)
    dataset = read_lastfm(tmp_path / "x.tar.gz")
    assert dataset.interactions.equals(read_lastfm(folder).interactions)
    assert dataset.rejected.examples[0].line == 3


def test_a_tar_that_climbs_out_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        member = tarfile.TarInfo(f"../{MAIN_360K}")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    with pytest.raises(DataError, match=r"must lie inside it\. Received: '\.\./usersha1"):
        read_lastfm(tmp_path / "x.tar")


def test_a_file_of_another_name_needs_the_release(tmp_path: Path) -> None:
    (tmp_path / "plays.tsv").write_text(PLAYS_360K)
    assert len(read_lastfm(tmp_path / "plays.tsv", release="360k").interactions) == 3


def test_errors_name_the_way_out(hetrec: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"only 1k holds tracks\. Received: item='track' for hetrec-2k"):
        read_lastfm(hetrec, item="track")
    with pytest.raises(UnknownNameError, match=r"Unknown Last\.fm release\. Did you mean '360k'"):
        read_lastfm(hetrec, release="360")
    with pytest.raises(UnknownNameError, match="Unknown kind of item"):
        read_lastfm(hetrec, item="album")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"release='1k'\)\. Received: user_artists\.dat"):
        read_lastfm(hetrec, release="1k")
    (hetrec / MAIN_1K).write_text(EVENTS_1K)
    with pytest.raises(DataError, match="Give the folder of one release, or name it with `release`"):
        read_lastfm(hetrec)
    assert len(read_lastfm(hetrec, release="1k").interactions) == 3
    (tmp_path / MAIN_1K).write_text(PLAYS_360K)
    with pytest.raises(DataError, match=r"6 columns were expected\. Received: 4"):
        read_lastfm(tmp_path / MAIN_1K)
