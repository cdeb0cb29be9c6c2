from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfrec_zoo._errors import DataError, UnknownNameError
from tfrec_zoo.bundle import check_files, read_manifest
from tfrec_zoo.data.sources.synthetic import synthetic
from tfrec_zoo.data.splits import leave_last_out
from tfrec_zoo.evaluation.recommend import recommend
from tfrec_zoo.export import export
from tfrec_zoo.export.graph.serving_module import newest_known
from tfrec_zoo.export.verification.check import check_engine, refuse_mismatches
from tfrec_zoo.export.verification.engines import CPP_LOADER
from tfrec_zoo.export.verification.golden import golden_answers
from tfrec_zoo.features import FeatureSpace
from tfrec_zoo.models import TwoTower, TwoTowerConfig
from tfrec_zoo.serving import load
from tfrec_zoo.training import RunConfig, train

DETAILS = {"dataset": "synthetic", "seed": 1, "metrics": {"test": {"hr@10": 0.5}}}


DATASET = synthetic(num_users=120, num_items=40, num_interactions=1800, seed=2)


@pytest.fixture(scope="module")
def trained() -> tuple[TwoTower, FeatureSpace]:
    dataset = DATASET
    split = leave_last_out(dataset.interactions)
    features = FeatureSpace.fit(
        split.train, dataset.items, dataset.users, content=["categories"], profile=list(dataset.users.profile)
    )
    model = TwoTower(features.schema, TwoTowerConfig(embedding_dim=8, max_history_length=7, loss="full"))
    model.set_content(features.item_features)
    train(model, features.transform(split), RunConfig(epochs=2, batch_size=128))
    return model, features


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "shop"
    export(*trained, folder, k=5, details=DETAILS)
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "shop"))


def test_the_served_answer_is_the_model_s(trained, exported: Path) -> None:
    model, features = trained
    items = features.item_vocabulary.tokens
    served = load(exported)
    users = DATASET.users
    requests = [
        (items[:3], str(users.user_id[0])),
        ([], ""),
        (items[5:30], "nobody"),
        ([], str(users.user_id[9])),
    ]
    for history, user in requests:
        expected = recommend(model, features, history=history, user_id=user, k=8)
        row = list(users.user_id).index(user) if user in users.user_id else None
        profile = {} if row is None else {name: values[row] for name, values in users.profile.items()}
        found = served.recommend(history, user, 8, profile)
        assert [r.item_id for r in found] == [r.item_id for r in expected]
        np.testing.assert_allclose(
            [r.score for r in found], [r.score for r in expected], rtol=1e-4, atol=1e-5
        )


def test_padding_and_unknown_items_may_stand_anywhere(exported: Path, trained) -> None:
    a, b, c = trained[1].item_vocabulary.tokens[3:6]
    served = load(exported)
    plain = served.recommend([a, b, c])
    assert served.recommend(["no such item", a, "", b, "\u00e9", c, ""]) == plain
    assert not {a, b, c} & {r.item_id for r in plain}
    batch = served.recommend_batch([[a, b, c], [], [a] * 50])
    np.testing.assert_allclose([r.score for r in batch[0]], [r.score for r in plain], rtol=1e-5)
    assert len(batch[1]) == len(batch[2]) == 10


def test_the_profile_reaches_the_model(exported: Path, trained) -> None:
    served = load(exported)
    name = next(n for n, t in trained[1].user_transforms.items() if t.name == "category")
    tokens = trained[1].user_transforms[name].vocabulary.tokens
    scores = [served.recommend((), "", 3, {name: token}) for token in tokens[:2]]
    assert scores[0] != scores[1]
    assert served.recommend((), "", 3, {name: None}) == served.recommend((), "", 3)
    with pytest.raises(UnknownNameError, match="profile feature"):
        served.recommend((), "", 3, {"shoe_size": 3})


def test_k_beyond_the_catalogue_gives_what_there_is(exported: Path, trained) -> None:
    items = trained[1].item_vocabulary.tokens
    served = load(exported)
    assert sorted(r.item_id for r in served.recommend(k=1000)) == sorted(items)
    left = served.recommend(items[:-2], k=1000)
    assert {r.item_id for r in left} == set(items[-2:])
    assert served.recommend(items, k=3) == []
    assert len(served.recommend(k=10**12)) == len(items)
    with pytest.raises(ValueError, match="`k` must be at least 1"):
        served.recommend(k=0)
    for wrong in ("1,2", b"12", 50, [50.0], [None], [b"50"], [True], [["50"]]):
        with pytest.raises(TypeError, match=r"must be a sequence of item ids|strings or whole numbers"):
            served.recommend(history=wrong)
        with pytest.raises(TypeError, match=r"must be a sequence of item ids|strings or whole numbers"):
            recommend(*trained, history=wrong)
    for wrong in (2.5, "5", True, None):
        with pytest.raises(TypeError, match="`k` must be a whole number"):
            served.recommend(k=wrong)
    for name in ("exclude", "allow"):
        with pytest.raises(TypeError, match=f"`{name}` must be a sequence of ids"):
            served.recommend(items[:2], **{name: "50"})
    with pytest.raises(TypeError, match="`candidates` must be a sequence of ids"):
        served.score("12")
    with pytest.raises(TypeError, match="`user_id` must hold strings"):
        served.recommend(user_id=260.0)


def test_serving_default_pads_short_lists(exported: Path, trained) -> None:
    items = trained[1].item_vocabulary.tokens
    signature = tf.saved_model.load(str(exported / "1")).signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    inputs = {name: tf.zeros([2, 1][: spec.shape.rank], spec.dtype) for name, spec in specs.items()}
    inputs |= {
        name: tf.fill([2, 1][: spec.shape.rank], "")
        for name, spec in specs.items()
        if spec.dtype == tf.string
    }
    inputs["history"] = tf.constant([items[:-2], [""] * (len(items) - 2)])
    answer = signature(**inputs)
    assert answer["item_ids"].shape == (2, 5)
    assert [bool(i) for i in answer["item_ids"].numpy()[0]] == [True, True, False, False, False]
    assert np.isneginf(answer["scores"].numpy()[0, 2:]).all()
    assert len(set(answer["item_ids"].numpy()[1])) == 5


FRESH = """
import sys, json
sys.modules["tfrec_zoo"] = None
import tensorflow as tf
answer = tf.saved_model.load(sys.argv[1]).signatures["recommend"]
specs = answer.structured_input_signature[1]
shapes = {n: [1, 1][:s.shape.rank] for n, s in specs.items()}
inputs = {n: tf.fill(shapes[n], "") if s.dtype == tf.string else tf.zeros(shapes[n], s.dtype)
          for n, s in specs.items()}
inputs |= {"history": tf.constant([sys.argv[2:]]), "k": tf.constant(4)}
print(json.dumps([i.decode() for i in answer(**inputs)["item_ids"].numpy()[0]]))
"""


def test_the_saved_model_needs_neither_this_package_nor_its_folder(
    exported: Path, trained, tmp_path: Path
) -> None:
    moved = shutil.copytree(exported / "1", tmp_path / "elsewhere")
    history = trained[1].item_vocabulary.tokens[:4]
    run = subprocess.run(
        [sys.executable, "-c", FRESH, str(moved), *history], check=True, capture_output=True, text=True
    )
    number = next(n for n, t in trained[1].user_transforms.items() if t.name == "number")
    mean = trained[1].user_transforms[number].mean
    assert mean != 0
    expected = load(exported).recommend(history, k=4, profile={number: 0.0})
    assert json.loads(run.stdout) == [r.item_id for r in expected]


def test_the_manifest_tells_what_is_there(exported: Path, trained) -> None:
    manifest = read_manifest(exported)
    assert (manifest.name, manifest.model, manifest.version, manifest.k) == ("shop", "two_tower", 1, 5)
    assert manifest.details == DETAILS
    assert manifest.schema == json.loads(json.dumps(trained[0].schema.to_dict()))
    listed = {str(p.relative_to(exported)) for p in exported.rglob("*") if p.is_file()}
    listed -= {"manifest.json", "README.md", "models.config", "batching.config"}
    assert set(manifest.files) == listed
    assert manifest.signatures["recommend"]["inputs"]["history"] == {"dtype": "string", "shape": [None, None]}
    assert manifest.signatures["recommend"]["inputs"]["k"] == {"dtype": "int32", "shape": []}
    assert "k" not in manifest.signatures["serving_default"]["inputs"]
    card = (exported / "README.md").read_text()
    assert "| hr@10 | 0.5000 |" in card
    model = keras.saving.load_model(manifest.model_file(exported))
    assert getattr(model, "optimizer", None) is None
    np.testing.assert_array_equal(model.item_vectors(), trained[0].item_vectors())


def test_the_next_version_joins_the_folder(copy: Path, trained) -> None:
    assert export(*trained, copy, k=3) == copy / "2"
    assert (copy / "1" / "saved_model.pb").is_file()
    served = load(copy)
    assert served.manifest.version == 2
    assert len(served.recommend(k=3)) == 3
    assert [p.name for p in copy.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("next_version", [False, True])
def test_a_failure_publishes_nothing(
    copy: Path, trained, monkeypatch, tmp_path: Path, next_version: bool
) -> None:
    target = copy if next_version else tmp_path / "new"
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    monkeypatch.setattr(
        "tfrec_zoo.export.write.check_engine",
        lambda *_: (_ for _ in ()).throw(ValueError("it differs")),
    )
    with pytest.raises(ValueError, match="it differs"):
        export(*trained, target)
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("next_version", [False, True])
def test_the_slower_of_two_exports_takes_the_next_number(
    copy: Path, trained, monkeypatch, tmp_path: Path, next_version: bool
) -> None:
    target = copy if next_version else tmp_path / "new"

    def quicker(*_: object) -> None:
        monkeypatch.undo()
        export(*trained, target, k=3)

    monkeypatch.setattr("tfrec_zoo.export.write.refuse_mismatches", quicker)
    last = export(*trained, target, k=9)
    assert last.name == ("3" if next_version else "2")
    manifest = read_manifest(target)
    assert (manifest.k, manifest.version) == (9, int(last.name))
    assert len(load(target).recommend(k=2)) == 2
    assert [p.name for p in [*target.parent.iterdir(), *target.iterdir()] if p.name.startswith(".")] == []


@pytest.mark.parametrize("moves", range(8))
def test_an_interrupt_at_any_move_leaves_one_whole_version(
    copy: Path, trained, monkeypatch, moves: int
) -> None:
    """Ctrl-C before each move or replacement in turn; then readers and the next export go on."""
    left = moves

    def interrupted(original):
        def move(self: Path, target: Path) -> Path:
            nonlocal left
            if not left:
                raise KeyboardInterrupt
            left -= 1
            return original(self, target)

        return move

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted(Path.rename))
        patch.setattr(Path, "replace", interrupted(Path.replace))
        try:
            export(*trained, copy, k=4)
        except KeyboardInterrupt:
            interrupted_at = moves
        else:
            interrupted_at = None
    assert (interrupted_at is None) == (moves >= 5), "version, two configurations, card, manifest"
    assert len(load(copy).recommend(k=2)) == 2
    export(*trained, copy, k=6)
    assert read_manifest(copy).k == 6
    assert len(load(copy).recommend(k=2)) == 2


def test_reading_while_versions_are_published(copy: Path, trained) -> None:
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                manifest = read_manifest(copy)
                check_files(copy, manifest)
            except BaseException as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        export(*trained, copy)
    done.set()
    reader.join()
    assert not failures


def test_a_mismatch_is_seen(exported: Path, trained) -> None:
    model, features = trained
    good = check_engine(CPP_LOADER, exported / "1", golden_answers(model, features, 20), features)
    assert {check.signature for check in good} == {
        "serving_default",
        "recommend",
        "score",
        "similar_items",
        "encode_query",
        "encode_item",
    }
    assert all(check.passed and not check.reordered and check.requests == 20 for check in good)
    other = TwoTower.from_config(model.get_config())
    other.set_weights(model.get_weights())
    other.user_embedding.embedding.embeddings.assign_add(
        np.full_like(other.user_embedding.get_weights()[0], 0.01)
    )
    checks = check_engine(CPP_LOADER, exported / "1", golden_answers(other, features, 20), features)
    with pytest.raises(ValueError, match="C\\+\\+ loader must answer as the Keras model does"):
        refuse_mismatches(checks)


def damage_variables(folder: Path) -> None:
    path = next((folder / "1" / "variables").glob("*.data*"))
    path.write_bytes(path.read_bytes()[:-8] + b"damaged!")


def edit(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **values}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_variables, "another content"),
        (
            lambda f: (f / "1" / "assets.extra" / "features" / "item_id.txt").unlink(),
            "none at 1/assets.extra/features/item_id.txt",
        ),
        (lambda f: shutil.rmtree(f / "1"), "must hold every file"),
        (lambda f: (f / "manifest.json").unlink(), r"must hold manifest.json"),
        (lambda f: (f / "manifest.json").write_text("{"), "must be the JSON"),
        (lambda f: edit(f, files={}), "with 0 files"),
        (lambda f: edit(f, files=None), "`files` of type NoneType"),
        (lambda f: edit(f, files={"../x": ""}), "is not of version 1"),
        (lambda f: edit(f, files={"1/../../x": ""}), "is not of version 1"),
        (lambda f: edit(f, version="../x/1"), "`version` of type str"),
        (lambda f: edit(f, signatures={}), "signatures other than"),
        (lambda f: edit(f, schema={}), "a schema without"),
        (
            lambda f: (f / "manifest.json").write_text(
                (f / "manifest.json").read_text().replace('"format": 2', '"format": 9')
            ),
            "format 9, where",
        ),
    ],
)
def test_damage_is_refused(copy: Path, damage, message: str) -> None:
    damage(copy)
    with pytest.raises(DataError, match=message):
        load(copy)


def test_refusals(trained, tmp_path: Path) -> None:
    model, features = trained
    with pytest.raises(ValueError, match="`k` must be at least 1"):
        export(model, features, tmp_path / "x", k=0)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not touch")
    with pytest.raises(DataError, match="holds other things"):
        export(model, features, tmp_path / "mine")
    with pytest.raises(DataError, match="which is no folder"):
        export(model, features, tmp_path / "mine" / "thesis.txt")
    with pytest.raises(DataError, match="cannot be written to"):
        export(model, features, tmp_path / "mine" / "thesis.txt" / "below")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_newest_known_against_a_plain_reading() -> None:
    rng = np.random.default_rng(0)
    items = rng.integers(0, 6, size=(40, 9)).astype(np.int32)
    for length in (3, 9, 12):
        expected = np.full((40, length), -1)
        for row in range(40):
            known = [place for place, item in enumerate(items[row]) if item >= 2][-length:]
            if known:
                expected[row, -len(known) :] = known
        np.testing.assert_array_equal(newest_known(tf.constant(items), length), expected[:, -9:])


def test_a_list_longer_than_the_catalogue(trained, tmp_path: Path) -> None:
    model, features = trained
    num_items = len(features.item_vocabulary.tokens)
    export(model, features, tmp_path / "long", k=num_items + 7)
    signature = tf.saved_model.load(str(tmp_path / "long" / "1")).signatures["serving_default"]
    assert signature.structured_outputs["item_ids"].shape.as_list() == [None, num_items + 7]
    specs = signature.structured_input_signature[1]
    shapes = {name: [1, 1][: spec.shape.rank] for name, spec in specs.items()}
    inputs = {
        n: tf.fill(shapes[n], "") if s.dtype == tf.string else tf.zeros(shapes[n]) for n, s in specs.items()
    }
    answer = signature(**inputs)
    assert [bool(item) for item in answer["item_ids"].numpy()[0]] == [True] * num_items + [False] * 7
    assert np.isneginf(answer["scores"].numpy()[0, -7:]).all()


def test_integers_are_their_decimal_strings(tmp_path: Path) -> None:
    ids = np.arange(400) % 20
    interactions = type(DATASET.interactions)(np.arange(400) // 20, ids, timestamp=np.arange(400.0))
    features = FeatureSpace.fit(interactions)
    model = TwoTower(features.schema, TwoTowerConfig(embedding_dim=4, max_history_length=3))
    export(model, features, tmp_path / "numbers")
    served = load(tmp_path / "numbers")
    expected = served.recommend(["3", "4"], "0")
    assert served.recommend([3, 4], 0) == expected
    assert served.recommend(np.array([3, 4]), np.int64(0)) == expected
    assert served.recommend([3, 4]) != expected
    for history, user in (([3, 4], 0), (["3", "4"], "0")):
        found = recommend(model, features, history=history, user_id=user)
        assert [r.item_id for r in found] == [r.item_id for r in expected]
    assert served.recommend_batch([]) == []


def test_ids_of_any_script(tmp_path: Path) -> None:
    names = [f"🎵{n}" for n in range(6)] + [f"é{n}" for n in range(6)]
    interactions = type(DATASET.interactions)([f"ü{n // 12}" for n in range(144)], names * 12)
    features = FeatureSpace.fit(interactions)
    model = TwoTower(features.schema, TwoTowerConfig(embedding_dim=4, max_history_length=3))
    export(model, features, tmp_path / "ids")
    found = load(tmp_path / "ids").recommend(names[:3], "ü1", 20)
    assert {r.item_id for r in found} == set(names[3:])
