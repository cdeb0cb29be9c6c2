"""An export in this process: what it answers, what it refuses, and when it lets go of its memory."""

from __future__ import annotations

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.exports import FEATURES, ITEMS, K, request, rewrite
from tfrec_zoo._errors import DataError
from tfrec_zoo.models import create_model
from tfrec_zoo.serving import load
from tfrec_zoo.serving.inputs import padded


def inputs_of(signature: str) -> dict[str, Any]:
    person = {name: np.array(values) for name, values in request().items()}
    rest: dict[str, dict[str, Any]] = {
        "serving_default": person,
        "encode_query": person,
        "recommend": {
            **person,
            "k": np.int32(7),
            "exclude": padded([ITEMS[:3], []]),
            "allow": np.array(ITEMS[1:30], object),
            "exclude_seen": np.array(True),
        },
        "score": {**person, "candidates": padded([ITEMS[:3], [ITEMS[9], "unheard of"]])},
        "similar_items": {"item_id": np.array([ITEMS[0], "unheard of"], object), "k": np.int32(4)},
        "encode_item": {"item_id": np.array(ITEMS[:5], object)},
    }
    return rest[signature]


def test_every_signature_answers_as_tensorflow_s_own_loader(exports: dict[str, Path]) -> None:
    recommender = load(exports["first"])
    loaded = tf.saved_model.load(str(exports["first"] / "1"))
    assert set(recommender.signatures) == set(loaded.signatures)
    for name, sides in recommender.signatures.items():
        inputs = inputs_of(name)
        tensors = {key: tf.constant(inputs[key], spec["dtype"]) for key, spec in sides["inputs"].items()}
        found, expected = recommender.run(name, inputs), loaded.signatures[name](**tensors)
        assert found.keys() == expected.keys()
        for key, tensor in expected.items():
            if tensor.dtype == tf.string:
                assert found[key].dtype == object
                assert found[key].tolist() == [[v.decode() for v in row] for row in tensor.numpy()]
            else:
                assert found[key].dtype == tensor.numpy().dtype
                np.testing.assert_allclose(found[key], tensor.numpy(), rtol=1e-6)


def test_lists_and_wider_numbers_are_taken(exports: dict[str, Path]) -> None:
    recommender, inputs = load(exports["first"]), inputs_of("recommend")
    plain = {name: np.asarray(values).tolist() for name, values in inputs.items()}
    found, expected = recommender.run("recommend", plain), recommender.run("recommend", inputs)
    assert found["item_ids"].tolist() == expected["item_ids"].tolist()
    np.testing.assert_array_equal(found["scores"], expected["scores"])


def test_other_inputs_than_the_signature_s_are_refused(exports: dict[str, Path]) -> None:
    recommender, inputs = load(exports["first"]), inputs_of("recommend")
    with pytest.raises(ValueError, match=r"The inputs of 'recommend' must be \['age', 'allow', .* Received"):
        recommender.run("recommend", {name: v for name, v in inputs.items() if name != "k"})
    with pytest.raises(ValueError, match=r"The inputs of 'recommend' must be"):
        recommender.run("recommend", {**inputs, "more": np.zeros(2)})
    with pytest.raises(ValueError, match=r"`user_id` must have the shape \[None\]. Received: \(2, 1\)"):
        recommender.run("recommend", {**inputs, "user_id": inputs["user_id"][:, None]})
    with pytest.raises(DataError, match=r"Incompatible shapes"):
        recommender.run("recommend", {**inputs, "user_id": np.array(["u"] * 3, object)})
    assert len(recommender.recommend(k=2)) == 2


def test_several_live_side_by_side_and_answer_many_threads(exports: dict[str, Path]) -> None:
    recommenders = [load(exports[kind]) for kind in K] + [load(exports["first"])]
    histories = [ITEMS[place : place + 3] for place in range(20)]
    alone = [[r.recommend(history) for history in histories] for r in recommenders]
    assert alone[0] == alone[2] != alone[1]

    def ask(place: int) -> bool:
        which, row = place % len(recommenders), place % len(histories)
        return recommenders[which].recommend(histories[row]) == alone[which][row]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(600)))


def test_it_answers_beside_a_model_that_trains(exports: dict[str, Path]) -> None:
    recommender = load(exports["first"])
    before = recommender.recommend(ITEMS[:3])
    model = create_model("two_tower", FEATURES.schema, embedding_dim=8, max_history_length=6)
    model.compile("adam")
    batch = {name: np.repeat(np.asarray(v), 8, axis=0) for name, v in model.example_inputs().items()}
    batch["target"] = np.arange(2, 2 + len(batch["history"]), dtype=np.int32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(batch)["query"])
        assert recommender.recommend(ITEMS[:3]) == before
    tape.gradient(loss, model.trainable_weights)
    assert tf.executing_eagerly()
    traced = tf.function(lambda: tf.constant(recommender.recommend(ITEMS[:3])[0].score))
    assert float(traced()) == pytest.approx(before[0].score)


def closed(recommender: Any) -> Any:
    """Of TensorFlow, told without holding the recommender: whether its session was closed."""
    session = recommender._session._session
    return lambda: session._closed


def test_memory_is_given_back_when_nobody_holds_it_or_it_is_closed(exports: dict[str, Path]) -> None:
    recommender = load(exports["first"])
    is_closed = closed(recommender)
    recommender.recommend(k=1)
    del recommender
    gc.collect()
    assert is_closed()
    with load(exports["first"]) as recommender:
        is_closed = closed(recommender)
        assert recommender.recommend(k=1)
    assert is_closed()
    recommender.close()
    with pytest.raises(RuntimeError, match="closed"):
        recommender.recommend(k=1)


@pytest.mark.parametrize("name", ["1/saved_model.pb", "1/variables/variables.index"])
@pytest.mark.parametrize("content", [b"", b"nonsense, and more of it"])
def test_what_tensorflow_cannot_open_is_a_data_error(shop: Path, name: str, content: bytes) -> None:
    rewrite(shop, name, content)
    with pytest.raises(DataError, match=r"(?s)must be a SavedModel. Received: [^.]+.*Export again"):
        load(shop)


def test_it_needs_no_package_of_the_server(exports: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tensorflow_serving")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
    assert load(exports["first"]).recommend(k=1)


def test_what_the_process_told_tensorflow_holds_here_too() -> None:
    code = (
        "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(1); "
        "from tfrec_zoo.serving.session import _config; config = _config(); "
        "assert config.intra_op_parallelism_threads == 1, config; "
        "assert config.allow_soft_placement and config.inter_op_parallelism_threads == -1, config"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
