"""`tfrec-zoo refresh`: the next version of an export, with another catalogue."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tfrec_zoo.bundle import read_manifest
from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.data_options import names_of, read_content
from tfrec_zoo.cli.tensorflow_noise import import_quietly


def refresh(
    folder: Annotated[Path, typer.Argument(help="An export.", metavar="DIR")],
    items: Annotated[
        Path | None,
        typer.Option(help="Table (CSV, Parquet, ...) of new or changed items, with the model's columns."),
    ] = None,
    retire: Annotated[str, typer.Option(help="Ids that shall not be recommended any more: ID,ID,...")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Add, change and retire items of an export by their content, without training."""
    manifest = read_manifest(folder)
    columns = {feature["name"]: feature["kind"] for feature in manifest.schema.get("item_features", ())}
    table = None if items is None else read_content(items, columns)
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.export import refresh_catalogue

    change = refresh_catalogue(folder, table, names_of(retire))
    done = asdict(change)
    counts = ", ".join(f"{count:,} {name}" for name, count in done.items() if name not in ("version", "kept"))
    out.say(f"Wrote version {change.version} of {folder}: {counts}.")
    if change.kept:
        out.say(
            f"{change.kept:,} known items were left as they are: this version holds vectors that training "
            "gave them and no content. To change them, refresh the version that came from training."
        )
    out.json(done)
