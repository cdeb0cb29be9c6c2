"""Every public class has an example in its docstring, which runs.

Public is what an `__all__` of the package holds, and `DOORS` besides. An example finds the names of
`tfrec_zoo` and of the rooms that export its class, and those fixtures of this file that it names.
"""

from __future__ import annotations

import ast
import doctest
import shutil
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc, isclass
from pathlib import Path
from typing import Any

import pytest

from tests.serving.conftest import start  # noqa: F401  a fixture
from tests.serving.grpc_service import answering
from tfrec_zoo import synthetic
from tfrec_zoo.experiment import Plan, Run, execute
from tfrec_zoo.features import EncodedSplit, FeatureSpace
from tfrec_zoo.models import RecommenderModel

PACKAGE = Path(__file__).resolve().parent.parent / "tfrec_zoo"
NOT_IMPORTED = {
    "tfrec_zoo.interop.tfrs": "makes tf.keras Keras 2 in the whole process; it has functions alone"
}
DOORS = {
    "tfrec_zoo._registry": ("LazyRegistry", "Registry"),
    "tfrec_zoo.baselines.baseline": ("Baseline",),
    "tfrec_zoo.feature_kind": ("FeatureKind",),
    "tfrec_zoo.models.sequence_model": ("SequenceModel",),
}
"""What code outside the package subclasses or makes, although no `__all__` holds it."""
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def rooms() -> Iterator[str]:
    """Modules of the package with an `__all__`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        has_names = "\n__all__ = " in path.read_text(encoding="utf-8")
        if has_names and module_of(path) not in NOT_IMPORTED:
            yield module_of(path)


def public_classes() -> dict[type, list[str]]:
    """Each public class, and the modules whose `__all__` holds it."""
    found: dict[type, list[str]] = {}
    for room in rooms():
        module = import_module(room)
        for name in module.__all__:
            if isclass(value := getattr(module, name)):
                found.setdefault(value, []).append(room)
    for room, names in DOORS.items():
        for name in names:
            found.setdefault(getattr(import_module(room), name), [])
    return found


CLASSES = public_classes()


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the plan."""
    return tmp_path_factory.mktemp("examples") / "shop"


@pytest.fixture(scope="module")
def run(output: Path) -> Run:
    """Of `execute(plan)`: a small model, trained for an epoch and exported."""
    plan = Plan.from_preset(
        "two_tower",
        synthetic(num_users=30, num_items=20, num_interactions=200),
        output,
        hyper_parameters={"embedding_dim": 8, "max_history_length": 5},
        run={"epochs": 1},
        formats=["litert_float32"],
    )
    return execute(plan)


@pytest.fixture
def model(run: Run) -> RecommenderModel:
    """Any of the zoo."""
    return run.model


@pytest.fixture
def features(run: Run) -> FeatureSpace:
    """Of that model."""
    return run.features


@pytest.fixture
def encoded(run: Run) -> EncodedSplit:
    """Of those features."""
    return run.encoded


@pytest.fixture
def folder(run: Run, output: Path, tmp_path: Path) -> Path:
    """Of the export: a copy, which an example may change."""
    return Path(shutil.copytree(output, tmp_path / "shop"))


@pytest.fixture
def url(folder: Path, request: pytest.FixtureRequest) -> str:
    """Where a server answers by REST."""
    address: str = request.getfixturevalue("start")(folder)[0]
    return address


@pytest.fixture
def target(folder: Path) -> Iterator[str]:
    """Where a server answers by gRPC."""
    with answering(folder) as address:
        yield address


FIXTURES = ("run", "model", "features", "encoded", "folder", "url", "target")


def example_of(value: type) -> doctest.DocTest:
    """The lines of a class's own docstring, with what they may name."""
    names: dict[str, Any] = {"__name__": value.__module__, value.__name__: value}
    for room in ("tfrec_zoo", *CLASSES[value]):
        module = import_module(room)
        names |= {name: getattr(module, name) for name in module.__all__}
    return doctest.DocTestParser().get_doctest(
        vars(value).get("__doc__") or "", names, value.__name__, None, None
    )


def fixtures_in(example: doctest.DocTest) -> list[str]:
    """Those fixtures that the lines name without making such a thing themselves."""
    lines = "".join(line.source for line in example.examples)
    names = [node for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return [name for name in FIXTURES if name in {node.id for node in names} - made]


def run_example(example: doctest.DocTest) -> None:
    assert any(line.want for line in example.examples), f"{example.name} must have an example with a result"
    said: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(example, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("value", CLASSES, ids=lambda value: value.__name__)
def test_the_example_of_a_class_runs(
    value: type, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    example = example_of(value)
    for name in fixtures_in(example):
        example.globs[name] = request.getfixturevalue(name)
    monkeypatch.chdir(tmp_path)
    run_example(example)


def other_examples() -> list[tuple[str, str]]:
    """Modules, and docstrings with an example that are no public class's."""
    known = {cleandoc(vars(value).get("__doc__") or "") for value in CLASSES}
    texts = [
        (module_of(path), cleandoc(str(node.value.value)))
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    return [(module, text) for module, text in texts if ">>> " in text and text not in known]


def test_any_other_example_runs() -> None:
    """In the names of its module."""
    for module, text in other_examples():
        names = dict(vars(import_module(module)))
        run_example(doctest.DocTestParser().get_doctest(text, names, module, None, None))


def test_no_line_is_skipped() -> None:
    """An example that does not run teaches nothing for long."""
    for path in PACKAGE.rglob("*.py"):
        assert "doctest: +SKIP" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("room", NOT_IMPORTED)
def test_what_is_not_imported_has_no_class(room: str) -> None:
    folder = PACKAGE.parent.joinpath(*room.split("."))
    classes = [
        node.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert not classes
