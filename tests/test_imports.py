"""The package's structure, read from its imports, and what an import costs."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "tfrec_zoo"
BENCHMARKS = PACKAGE.parent / "benchmarks"
ORDER = [
    (
        "_version",
        "_errors",
        "_field_types",
        "_files",
        "_registry",
        "feature_kind",
        "schema",
        "recommendation",
        "bundle",
    ),
    ("vocabulary",),
    ("data",),
    ("features",),
    ("pipelines",),
    ("layers", "metrics", "baselines", "reranking"),
    ("losses",),
    ("kinds",),
    ("models",),
    ("evaluation",),
    ("training",),
    ("export",),
    ("serving",),
    ("experiment",),
    ("interop",),
    ("cli",),
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
FOUNDATION = set(ORDER[0])
ONLY = {
    "baselines": FOUNDATION | {"data", "features", "baselines"},
    "kinds": FOUNDATION | {"vocabulary", "layers", "kinds"},
    "layers": FOUNDATION | {"layers"},
    "losses": FOUNDATION | {"layers", "losses"},
    "reranking": FOUNDATION | {"reranking"},
    "metrics": FOUNDATION | {"metrics"},
    "models": FOUNDATION | {"layers", "losses", "metrics", "models"},
    "serving": FOUNDATION | {"serving"},
}
"""Rooms that know less than all that is to their left."""


def imported(path: Path) -> set[str]:
    """Rooms of this package that a file imports, inside functions too."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "tfrec_zoo":
                names = [f"tfrec_zoo.{alias.name}" for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("tfrec_zoo.")}
    return rooms


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for other in imported(path):
        assert other in RANK, f"{other} has no place in the order"
        assert RANK[other] <= RANK[room], f"{room} must not import {other}"
        if room in ONLY:
            assert other in ONLY[room], f"{room} must not import {other}"


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.name)
def test_benchmarks_do_not_import_the_command_line(path: Path) -> None:
    """What they need of it is in `experiment`."""
    assert "cli" not in imported(path)


def test_kinds_are_reached_through_their_table_alone() -> None:
    for path in FILES:
        if path.parent.name != "kinds":
            assert "kinds" not in imported(path), f"{path} must ask KINDS of `tfrec_zoo.feature_kind`"


def test_describing_items_loads_no_tensorflow() -> None:
    code = (
        "import sys; from tfrec_zoo.data.tables import Items; from tfrec_zoo.schema import Feature; "
        "from tfrec_zoo.features import FeatureSpace; Feature('x', 'text', (3,), 5); "
        "Items(['a'], title=['b'], price=[3], location=[(1, 2)], vectors=[[1.0]]); "
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_files_import_each_other() -> None:
    """Not even for annotations, nor inside functions: a file is read without those that read it."""
    known = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    needs: dict[str, set[str]] = {}
    for module, path in known.items():
        needs[module] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in known:
                inner = {f"{node.module}.{alias.name}" for alias in node.names} & known.keys()
                needs[module] |= inner or {node.module}
    for room in [module for module, path in known.items() if path.name == "__init__.py"]:
        needs[room] = set()  # a room's face hands names on
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
    assert sum(map(len, needs.values())) > 500
    graphlib.TopologicalSorter(needs).prepare()


def test_data_knows_no_tensorflow() -> None:
    code = "import sys, tfrec_zoo.data; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_command_line_starts_without_tensorflow() -> None:
    code = "import sys, tfrec_zoo.cli.main; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'tensorflow', 'keras', 'pandas', 'pyarrow', 'scipy', 'matplotlib', 'numpy'}"
    code = f"import sys, tfrec_zoo; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"


def test_every_public_name_resolves() -> None:
    code = (
        "import tfrec_zoo; missing = [n for n in tfrec_zoo.__all__ if getattr(tfrec_zoo, n, None) is None]; "
        "assert not missing, missing; assert set(tfrec_zoo.__all__) <= set(dir(tfrec_zoo))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_backend_is_refused_at_once() -> None:
    code = "import os; os.environ['KERAS_BACKEND'] = 'jax'; import tfrec_zoo"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Received: KERAS_BACKEND='jax'" in run.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    import tfrec_zoo

    with pytest.raises(AttributeError, match="Did you mean: 'evaluate'"):
        _ = tfrec_zoo.evaluat


def names() -> dict[str, list[Path]]:
    """Every name of a module or a folder of the package, and where it is found."""
    found: dict[str, list[Path]] = {}
    for path in [*FILES, *(file.parent for file in PACKAGE.rglob("*/__init__.py"))]:
        if path.name != "__init__.py":
            found.setdefault(path.stem.lstrip("_"), []).append(path.relative_to(PACKAGE))
    return found


def is_plural(many: str, one: str) -> bool:
    """Whether a word is the plural of another: losses, queries, indices."""
    stems = {one, re.sub(r"y$", "i", one), re.sub(r"[ei]x$", "ic", one)}
    return many == f"{one}s" or many in {f"{stem}es" for stem in stems}


def is_command(path: Path) -> bool:
    """Whether a file bears the name of a command, which users type."""
    return len(path.parts) == 2 and path.parent.name == "cli" and f"{path.stem}," in COMMANDS


COMMANDS = (PACKAGE / "cli" / "main.py").read_text(encoding="utf-8").partition("COMMANDS = (")[2].split()


def test_no_two_names_differ_by_a_plural() -> None:
    """A room's one file may be named for one of its things, as losses/loss.py is."""
    assert is_plural("losses", "loss")
    assert is_plural("queries", "query")
    assert is_plural("indices", "index")
    assert is_command(Path("cli/models.py"))
    known = names()
    assert {"tables", "models", "sources"} <= set(known)
    confused = [
        (str(first), str(second))
        for one, firsts in known.items()
        for many, seconds in known.items()
        if is_plural(many, one)
        for first in firsts
        for second in seconds
        if not is_command(first) and not is_command(second) and first.parent != second
    ]
    assert not confused


def test_no_module_is_named_like_a_library_that_the_package_uses() -> None:
    libraries = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                libraries |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                libraries.add((node.module or "").partition(".")[0])
    assert {"tensorflow", "keras", "numpy", "json", "typer"} <= libraries
    clash = {
        name: paths for name, paths in names().items() if name in libraries | set(sys.stdlib_module_names)
    }
    assert not clash
