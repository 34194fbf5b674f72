"""The console: the application that commands are added to, what they share, and how progress is drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

app = typer.Typer(
    name="lawsearch",
    help="Corresponding provisions of South-East Asian law, side by side.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@contextmanager
def bar() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=err, transient=True)
    if not err.is_interactive:
        # Not begun it draws nothing; ended it would leave an empty line in a log.
        yield progress
        return
    with progress:
        yield progress


@contextmanager
def steps() -> Iterator[Any]:
    """A callback (what, done, total) that draws one bar for each kind of step."""
    with bar() as drawn:
        tasks: dict[str, Any] = {}

        def step(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = drawn.add_task(what, total=total)
            drawn.update(tasks[what], completed=done)

        yield step


def print_json(value: object) -> None:
    # Plain print: rich would wrap and style what another program is to read.
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))
