"""`tfrec-zoo vectors`: an export's item vectors for another index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.tensorflow_noise import import_quietly


def vectors(
    folder: Annotated[Path, typer.Argument(help="An export.", metavar="DIR")],
    output: Annotated[Path, typer.Option(help="What to write: NAME.npz or NAME.parquet.")],
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Write an export's item vectors for faiss, usearch or a vector database.

    Their inner product with the output of the signature `encode_query` ranks as the export does; of a
    two-stage model, as its first stage.
    """
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.export import export_vectors

    found = export_vectors(folder, output)
    number, width = found.vectors.shape
    out.say(f"{number:,} vectors of {width} numbers in {output}")
    if found.stage:
        out.say(
            f"They are those of the first stage, the {found.stage}: another has the last word in the export."
        )
    out.json({"file": str(output), "items": number, "dim": width})
