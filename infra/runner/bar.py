"""What the person at the console sees where she waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


class Bar(Protocol):
    def __call__(self, done: int, of: int) -> None: ...


@contextmanager
def bar(console: Console, what: str) -> Iterator[Bar]:
    """A progress bar while this is entered; without a terminal, one line at its end."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=None)

        def show(done: int, of: int) -> None:
            progress.update(task, completed=done, total=max(of, 1))

        yield show
