"""`tfrec-zoo datasets`: what can be loaded by name."""

from __future__ import annotations

from typing import Annotated

import typer

from tfrec_zoo.cli.console import Output
from tfrec_zoo.data.sources.known import DATASETS


def datasets(
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the names alone, one per line.")] = False,
) -> None:
    """List the data sets that have a name; any CSV, Parquet or JSON-lines file is loaded by its path."""
    out = Output(json, quiet)
    columns = ["name", "size", "licence", "from"]
    rows = [[name, known.size, known.licence, ", ".join(known.routes)] for name, known in DATASETS.items()]
    out.table("Data sets", columns, rows)
    if quiet and not json:
        typer.echo("\n".join(DATASETS))
    out.json([dict(zip(columns, row, strict=True)) for row in rows])
