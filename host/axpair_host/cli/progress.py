"""Progress on stderr: bars on a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from axpair_proto.printing import live_console, print_note
from axpair_proto.terminal import spinner
from axpair_proto.text import printable

from axpair_host.progress import Progress, Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


def shown() -> AbstractContextManager[Progress]:
    """Progress for people who look at stderr, while the block lasts."""
    console = live_console()
    return _lines() if console is None else _bars(console)


@contextmanager
def _lines() -> Iterator[Progress]:
    yield Lines()


@contextmanager
def _bars(console: "Console") -> Iterator[Progress]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(spinner()), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield Bars(bars)


class Lines:
    """One line when a task ends, with its time: what a log file can hold."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def task(self, text: str, total: int = 0, unit: str = "") -> Iterator[Task]:
        """A task; a line follows when it is done."""
        started = time.perf_counter()
        yield _Line()
        size = f", {_sized(total, unit)}" if total else ""
        self._write(f"{text}: {time.perf_counter() - started:.2f} s{size}")

    def note(self, text: str) -> None:
        """A line of its own."""
        self._write(f"note: {text}")

    def _write(self, line: str) -> None:
        with self._lock:
            print_note(line)


class Bars:
    """Live bars that vanish when the work is done."""

    def __init__(self, bars: "RichProgress") -> None:
        self._bars = bars

    @contextmanager
    def task(self, text: str, total: int = 0, unit: str = "") -> Iterator[Task]:
        """A task with a bar; a pulsing one where the end can't be known."""
        row = self._bars.add_task(_spelled(text), total=total or None)
        try:
            yield _Bar(self._bars, row)
        finally:
            self._bars.remove_task(row)

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(f"[bold]note:[/bold] {_spelled(text)}", highlight=False)


class _Line:
    def at(self, done: int) -> None:
        """Lines don't move."""


class _Bar:
    def __init__(self, bars: "RichProgress", row: "TaskID") -> None:
        self._bars, self._row = bars, row

    def at(self, done: int) -> None:
        """Move the bar."""
        self._bars.update(self._row, completed=done)


def _spelled(text: str) -> str:
    """Foreign text where rich reads markup."""
    from rich.markup import escape

    return escape(printable(text))


def _sized(total: int, unit: str) -> str:
    if unit != "B":
        return f"{total} {unit}".rstrip()
    return f"{total / 1e6:.1f} MB" if total >= 1e5 else f"{total} bytes"
