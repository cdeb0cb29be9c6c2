"""Every signature of an export, against the Keras model and against a plain reading of the request."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.export.exported import DATA, NUM_ITEMS, features_of, small_model
from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import Manifest, read_manifest
from tfrec_zoo.export import export
from tfrec_zoo.export.graph.raw_features import RawFeatures
from tfrec_zoo.export.verification.golden import golden_requests
from tfrec_zoo.kinds.category import Category
from tfrec_zoo.kinds.text import Text
from tfrec_zoo.models import create_model, list_models
from tfrec_zoo.serving import SavedModelRecommender, load
from tfrec_zoo.serving.inputs import padded
from tfrec_zoo.vocabulary import Vocabulary


@pytest.fixture(
    scope="module", params=[(name, content) for name in list_models() for content in (True, False)]
)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    name, with_content = request.param
    features = features_of(with_content)
    model = small_model(name, features)
    folder = tmp_path_factory.mktemp("signatures") / name
    export(model, features, folder)
    return model, features, load(folder), folder


def everything(recommender: SavedModelRecommender, raw: dict[str, Any], **limits: Any) -> dict[str, Any]:
    limits = {
        "k": NUM_ITEMS,
        "exclude": np.full((len(raw["history"]), 1), ""),
        "allow": np.array([], str),
        "exclude_seen": False,
    } | limits
    return recommender.run("recommend", {**raw, **limits})


def names_of(answer: dict[str, Any]) -> list[list[str]]:
    return [list(row) for row in answer["item_ids"]]


def test_scores_of_given_items(served) -> None:
    model, features, recommender, _ = served
    raw, inputs = golden_requests(model, features, 32)
    rows = np.random.default_rng(0).integers(2, NUM_ITEMS, size=(len(raw["history"]), 5))
    candidates = features.item_vocabulary.strings(rows).astype(str)
    candidates[:, 3], candidates[:, 4] = "unheard of", ""
    found = recommender.run("score", {"candidates": candidates, **raw})["scores"]
    expected = model({**inputs, "candidates": rows.astype(np.int32)})["scores"].numpy()
    np.testing.assert_allclose(found[:, :3], expected[:, :3], rtol=1e-4, atol=1e-5)
    assert np.isneginf(found[:, 3:]).all()
    one = recommender.score(candidates[0], raw["history"][0].tolist(), profile=_profile(raw, 0))
    user = features.user_vocabulary.lookup(np.array([raw["user_id"][0]], object))[0]
    if user == 1:
        np.testing.assert_allclose(one, found[0], rtol=1e-4, atol=1e-5)
    assert len(one) == 5


def _profile(raw: dict[str, Any], row: int) -> dict[str, Any]:
    common = ("history", "user_id", "history_time")
    return {
        name: [v for v in values[row] if v] if values[row].ndim else float(values[row])
        for name, values in raw.items()
        if name not in common
    }


def test_what_is_excluded_or_not_allowed_never_comes(served) -> None:
    model, features, recommender, _ = served
    raw, _ = golden_requests(model, features, n=12)
    names = np.array(features.item_vocabulary.tokens)
    generator = np.random.default_rng(1)
    for allow, seen in ((names[::2], True), (np.array([], str), True), (names[:7], False)):
        exclude = generator.choice([*names, "unheard of", ""], size=(12, 4)).astype(str)
        answer = everything(recommender, raw, exclude=exclude, allow=allow, exclude_seen=seen)
        for row, found in enumerate(names_of(answer)):
            kept = [name for name in found if name]
            out = set(exclude[row]) | (set(raw["history"][row]) if seen else set())
            open_to_all = (set(allow) if len(allow) else set(names)) - out
            assert len(set(kept)) == len(kept)
            assert found[len(kept) :] == [""] * (len(found) - len(kept)), "the tail alone is empty"
            assert np.isneginf(answer["scores"][row][len(kept) :]).all()
            assert set(kept) <= open_to_all
            assert len(kept) == min(len(open_to_all), getattr(model.config, "num_candidates", NUM_ITEMS))


def test_similar_items_have_the_largest_cosine(served) -> None:
    model, features, recommender, _ = served
    vectors = model.similarity_vectors(model.item_vectors())
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    for row in (2, 17, NUM_ITEMS + 1):
        name = features.item_vocabulary.tokens[row - 2]
        cosine = unit @ unit[row]
        cosine[[0, 1, row]] = -np.inf
        found = recommender.similar_items(name, k=6)
        np.testing.assert_allclose([r.score for r in found], -np.sort(-cosine)[:6], rtol=1e-3, atol=1e-4)
        of_found = features.item_vocabulary.lookup(np.array([r.item_id for r in found], object))
        np.testing.assert_allclose(cosine[of_found], [r.score for r in found], rtol=1e-3, atol=1e-4)
    assert recommender.similar_items("unheard of") == []


def test_encoders_give_the_model_s_vectors(served) -> None:
    model, features, recommender, _ = served
    raw, inputs = golden_requests(model, features, 32)
    query = recommender.run("encode_query", raw)["query"]
    np.testing.assert_allclose(query, model(inputs)["query"], rtol=1e-4, atol=1e-5)
    if not features.item_features:
        tokens = features.item_vocabulary.tokens
        found = recommender.run("encode_item", {"item_id": tokens})["vectors"]
        np.testing.assert_allclose(found, model.item_vectors()[2:], rtol=1e-5)
        return
    items = DATA.items
    raw_items = {
        "title": items.title,
        "categories": padded(items.categories),
        "vectors": items.vectors,
        "image": items.image,
        "audio": items.audio,
    }
    rows = features.item_vocabulary.lookup(items.item_id)
    content = {name: values[rows] for name, values in features.item_features.items()}
    np.testing.assert_allclose(
        recommender.run("encode_item", raw_items)["vectors"],
        model.encode_content(content),
        rtol=1e-3,
        atol=1e-5,
    )


def test_an_export_holds_each_table_once(served) -> None:
    model, _, _, folder = served
    variables = tf.train.list_variables(str(folder / "1" / "variables" / "variables"))
    saved = sum(int(np.prod(shape)) for name, shape in variables if "VALUE" in name)
    content = {id(weight) for encoder in model.item_encoders for weight in encoder.catalogue_weights}
    trained = sum(int(np.prod(weight.shape)) for weight in model.weights if id(weight) not in content)
    assert saved <= trained + model.schema.num_items * model.vector_dim


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_limits_are_a_filter_of_the_whole_ranking(data: st.DataObject) -> None:
    recommender, names, raw, whole = two_tower()
    some = st.lists(st.sampled_from([*names, "unheard of", ""]), max_size=12)
    size = len(raw["history"])
    exclude = data.draw(st.lists(some, min_size=size, max_size=size))
    allow, seen = data.draw(some), data.draw(st.booleans())
    k = data.draw(st.integers(1, NUM_ITEMS))
    width = max([1, *map(len, exclude)])
    table = np.array([row + [""] * (width - len(row)) for row in exclude])
    answer = everything(
        recommender, raw, exclude=table, allow=np.array(allow, str), exclude_seen=seen, k=np.int32(k)
    )
    named = {name for name in allow if name}
    for row in range(size):
        out = set(exclude[row]) | (set(raw["history"][row]) if seen else set())
        kept = [
            (name, score)
            for name, score in zip(names_of(whole)[row], whole["scores"][row], strict=True)
            if name not in out and (not named or name in named)
        ][:k]
        kept += [("", -np.inf)] * (k - len(kept))
        assert names_of(answer)[row] == [name for name, _ in kept]
        np.testing.assert_array_equal(answer["scores"][row], np.array([s for _, s in kept], np.float32))


@cache
def two_tower() -> tuple[SavedModelRecommender, list[str], dict[str, Any], dict[str, Any]]:
    import tempfile

    features = features_of(False)
    model = create_model("two_tower", features.schema, embedding_dim=8, max_history_length=6)
    folder = Path(tempfile.mkdtemp()) / "two_tower"
    export(model, features, folder)
    raw, inputs = golden_requests(model, features, n=20)
    recommender = load(folder)
    whole = everything(recommender, raw)
    expected = -np.sort(-model.catalogue_scorer()(inputs)[:, 2:], axis=1)
    np.testing.assert_allclose(whole["scores"], expected, rtol=1e-4, atol=1e-5)
    return recommender, features.item_vocabulary.tokens, raw, whole


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_texts_are_cut_into_words_alike(texts: list[str]) -> None:
    raw, transform = words()
    texts = [text.replace("\x00", "").encode("utf-8", "ignore").decode() for text in texts]
    # Letters of a newer Unicode than Python's, and one whose lower case is two letters, are cut otherwise.
    texts = ["".join(c for c in text if category(c) != "Cn" and c != "\u0130") for text in texts]
    found = raw({"title": tf.constant(texts)})["title"].numpy()
    np.testing.assert_array_equal(found, transform(np.array(texts, object)))


@cache
def words() -> tuple[RawFeatures, Text]:
    letters = [chr(code) for code in range(33, 2500) if chr(code).isalnum() and chr(code).islower()]
    transform = Text(Vocabulary([*letters, "the", "b\u00e9b\u00e9", "2001", "star_wars"]), 6)
    return RawFeatures([transform.feature("title")], {"title": transform}), transform


def test_categories_are_looked_up_alike() -> None:
    transform = Category(Vocabulary(["a b", "c"]), 2)
    raw = RawFeatures([transform.feature("tags")], {"tags": transform})
    rows = [["a b", "c", "a b"], ["", "", ""], ["d", "c", ""]]
    found = raw({"tags": tf.constant(rows)})["tags"].numpy()
    expected = transform(np.array([tuple(v for v in row if v) for row in rows] + [None], object)[:-1])
    np.testing.assert_array_equal(found, expected)


def test_an_export_of_an_earlier_release_says_what_it_lacks(served, monkeypatch) -> None:
    _, features, recommender, folder = served
    manifest = read_manifest(folder)
    old = {
        name: {"inputs": dict(sides["inputs"]), "outputs": sides["outputs"]}
        for name, sides in manifest.signatures.items()
        if name in ("serving_default", "recommend")
    }
    del old["recommend"]["inputs"]["exclude"]
    earlier = SavedModelRecommender(Manifest(**{**vars(manifest), "signatures": old}), recommender._session)
    with pytest.raises(DataError, match="must have the signature 'similar_items'"):
        earlier.similar_items(features.item_vocabulary.tokens[0])
    with pytest.raises(DataError, match="of an earlier tfrec_zoo"):
        earlier.recommend(exclude=["a"])
