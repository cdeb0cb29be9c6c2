"""The command `tfrec-zoo`; a package of one's own adds a command by `app.command()(function)`."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer
from rich.console import Console

from tfrec_zoo._version import __version__
from tfrec_zoo.cli.datasets import datasets
from tfrec_zoo.cli.evaluate import evaluate
from tfrec_zoo.cli.models import models
from tfrec_zoo.cli.plugins import load_plugins
from tfrec_zoo.cli.quickstart import quickstart
from tfrec_zoo.cli.recommend import recommend
from tfrec_zoo.cli.refresh import refresh
from tfrec_zoo.cli.serve import serve
from tfrec_zoo.cli.train import train
from tfrec_zoo.cli.vectors import vectors
from tfrec_zoo.cli.verify import verify

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
COMMANDS = (
    quickstart,
    datasets,
    models,
    train,
    evaluate,
    recommend,
    refresh,
    vectors,
    verify,
    serve,
)
for command in COMMANDS:
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def tfrec_zoo(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Recommender models for Keras 3: from a table of interactions to a served recommender."""


def main() -> None:
    """Run the command line; an error that a user can mend is a line on stderr and the exit code 2."""
    logging.getLogger("tfrec_zoo").addHandler(logging.StreamHandler(sys.stderr))
    load_plugins()
    try:
        app()
    except (ValueError, OSError) as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        for line in (f"tfrec-zoo: {error}", *getattr(error, "__notes__", ())):
            console.print(line, markup=False)
        sys.exit(2)
