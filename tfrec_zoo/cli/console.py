"""What a command prints: tables for people, JSON for machines, or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


@dataclass(frozen=True)
class Output:
    """Where a command's words go; with `json_only` only one JSON value reaches stdout."""

    json_only: bool = False
    quiet: bool = False
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))

    @property
    def silent(self) -> bool:
        """Whether nothing is said to people."""
        return self.json_only or self.quiet

    def say(self, text: str) -> None:
        """Print a line."""
        if not self.silent:
            self.console.print(text, markup=False)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table; numbers are set to the right."""
        if self.silent:
            return
        rows = [list(row) for row in rows]
        table = Table(title=title, title_justify="left", title_style="bold")
        for place, column in enumerate(columns):
            numeric = bool(rows) and all(_is_number(row[place]) for row in rows)
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row))
        Console(highlight=False).print(table)

    def json(self, value: Mapping[str, Any] | Sequence[Any]) -> None:
        """Print the JSON value, if it was asked for."""
        if self.json_only:
            sys.stdout.write(json.dumps(value, indent=1, default=str) + "\n")

    def progress(self) -> Progress:
        """A progress bar, hidden where nothing is to be said."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[status]}"),
            console=Console(highlight=False),
            disable=self.silent,
        )


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or (isinstance(cell, str) and cell[:1].isdigit() and "." in cell)
