"""An export answers as its model does, in every engine that is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfrec_zoo.export.verification.engines import Array, Engine, EngineError, TensorNames, run_engine
from tfrec_zoo.export.verification.golden import Golden, compare
from tfrec_zoo.features.feature_space import FeatureSpace

TOLERANCE = 1e-4
"""Of a score, relative to the largest one."""


@dataclass(frozen=True)
class EngineCheck:
    """How one engine answered one signature."""

    engine: str
    """Its name."""
    signature: str
    """What was asked."""
    difference: float = float("nan")
    """The largest of a score, relative to the largest score or to 1."""
    reordered: int = 0
    """Requests whose items came in another order, exact ties aside."""
    requests: int = 0
    """How many were asked."""
    problem: str = ""
    """Why there is no answer."""
    skipped: str = ""
    """Why nothing was asked."""
    tolerance: float = TOLERANCE
    """The largest difference that passes."""

    @property
    def passed(self) -> bool:
        """Whether the engine answered as the Keras model does."""
        return bool(self.skipped) or (not self.problem and self.difference <= self.tolerance)

    def of(self, engine: str) -> EngineCheck:
        """The same under another name of the engine."""
        return replace(self, engine=engine)


def check_engine(
    engine: Engine,
    path: Path,
    goldens: Mapping[str, Golden],
    features: FeatureSpace,
    tolerance: float = TOLERANCE,
) -> list[EngineCheck]:
    """Ask an engine every golden request that it can run, and compare.

    Args:
        engine: whose packages are installed.
        path: what it opens.
        goldens: signature -> request.
        features: of the model.
        tolerance: the largest relative difference of a score.
    """
    asked = {
        name: golden
        for name, golden in goldens.items()
        if engine.signatures is None or name in engine.signatures
    }
    requests: dict[str, Mapping[str, Array]] = {name: golden.inputs for name, golden in asked.items()}
    tensors = engine.tensors(path) if engine.tensors else _plain_names(asked)
    try:
        answers = run_engine(engine, path, requests, tensors)
    except EngineError as error:
        return [EngineCheck(engine.name, name, problem=str(error)) for name in asked]
    checks = []
    for name, golden in asked.items():
        found = compare(golden, answers[name], features, rounded=tolerance > TOLERANCE)
        checks.append(
            EngineCheck(engine.name, name, found.relative, found.reordered, found.rows, tolerance=tolerance)
        )
    return checks


def _plain_names(goldens: Mapping[str, Golden]) -> TensorNames:
    """Tensors that are called as the signature calls them."""
    names: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for signature, golden in goldens.items():
        outputs = ("item_ids", "scores") if golden.output == "item_ids" else (golden.output,)
        names[signature] = {
            "inputs": {key: key for key in golden.inputs},
            "outputs": {key: key for key in outputs},
        }
    return names


def refuse_mismatches(checks: Sequence[EngineCheck]) -> None:
    """Refuse an export that some engine does not answer from as the Keras model does.

    Raises:
        ValueError: it names the first.
    """
    for check in checks:
        if check.problem:
            raise ValueError(f"{check.problem} Nothing was published.")
        if not check.passed:
            raise ValueError(
                f"{check.engine} must answer as the Keras model does, within {check.tolerance:.2g} of the "
                f"largest score. Received: a difference of {check.difference:.3g} in `{check.signature}`, "
                f"{check.requests} requests. Nothing was published."
            )
