"""`tfrec-zoo recommend`: ask an export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfrec_zoo._errors import DataError
from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.tensorflow_noise import import_quietly
from tfrec_zoo.recommendation import Recommendation

if TYPE_CHECKING:
    from tfrec_zoo.data.tables import Items


def recommend(
    folder: Annotated[Path, typer.Argument(help="An export.", metavar="DIR")],
    history: Annotated[str, typer.Option(help="Item ids, oldest first: ID,ID,...")] = "",
    times: Annotated[
        str, typer.Option(help="Seconds of each item of the history, for a model that reads times: S,S,...")
    ] = "",
    user: Annotated[str, typer.Option(help="User id.")] = "",
    k: Annotated[int, typer.Option("-k", "--k", help="Length of the list.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the ids alone, one per line.")] = False,
) -> None:
    """Recommend items to a user with a history."""
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.serving import load

    items = [item.strip() for item in history.split(",") if item.strip()]
    seconds = [_seconds(time) for time in times.split(",") if time.strip()]
    found = load(folder).recommend(items, user, k, history_time=seconds if times else None)
    show_recommendations(out, user, found)
    if quiet and not json:
        typer.echo("\n".join(item.item_id for item in found))
    out.json([item._asdict() for item in found])


def _seconds(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise DataError(f"--times must be whole seconds, e.g. 0,60,3600. Received: {text!r}") from None


def show_recommendations(
    out: Output, user: str, found: Sequence[Recommendation], items: Items | None = None
) -> None:
    """A table of the list, with titles where there are any."""
    titles = (
        {} if items is None or items.title is None else dict(zip(items.item_id, items.title, strict=True))
    )
    columns = ["", "item", *(["title"] if titles else []), "score"]
    rows = [
        [place, item.item_id, *([titles.get(item.item_id, "")] if titles else []), item.score]
        for place, item in enumerate(found, start=1)
    ]
    out.table(f"Recommended to {user or 'somebody'}", columns, rows)
