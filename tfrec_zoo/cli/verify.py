"""`tfrec-zoo verify`: an export through every engine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.tensorflow_noise import import_quietly


def verify(
    folder: Annotated[Path, typer.Argument(help="An export.", metavar="DIR")],
    requests: Annotated[int, typer.Option(help="Drawn requests to each signature.", min=1)] = 100,
    json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Compare the answers of an export's Keras model, SavedModel, C++ loader, OpenVINO and LiteRT.

    The exit code is 1 where an engine answers otherwise.
    """
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.export import verify as check

    checks = check(folder, requests)
    out.table(
        f"{folder} beside its Keras model",
        ["engine", "signature", "difference", "other order", "limit"],
        [
            [
                row.engine,
                row.signature,
                f"{row.difference:.1e}",
                f"{row.reordered} of {row.requests}",
                f"{row.tolerance:g}" if row.passed else f"above {row.tolerance:g}",
            ]
            for row in checks
            if row.requests
        ],
    )
    out.say("The largest difference of a score, over the largest score; exact ties may stand in any order.")
    for row in checks:
        if row.skipped or row.problem:
            out.say(f"{row.engine}: {row.skipped or row.problem}")
    out.json([{**asdict(row), "passed": row.passed} for row in checks])
    if not all(row.passed for row in checks):
        raise typer.Exit(1)
