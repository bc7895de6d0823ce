"""Shows a build's progress: a bar on a terminal, plain lines elsewhere; both on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from axpair_proto.printing import live_console, print_note

if TYPE_CHECKING:
    from rich.console import Console

PHASES = {
    "load": "load and simplify the model",
    "calibrate": "calibrate",
    "compile": "quantise and compile",
    "score": "compare with the float model",
    "layers": "compare layer by layer",
    "write": "write the joint",
}


@contextmanager
def shown_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress function for `build`; the display ends with the block."""
    console = live_console()
    if console is None:
        yield _Lines()
    else:
        with _bar(console) as show:
            yield show


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("build", total=None)

        def show(phase: str, done: int, total: int) -> None:
            progress.update(task, description=PHASES.get(phase, phase), completed=done, total=total or None)

        yield show


class _Lines:
    """One line per phase, and one for each doubling of the samples done."""

    def __init__(self) -> None:
        self._phase = ""
        self._next = 1

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase:
            self._phase, self._next = phase, 1
            print_note(f"build: {PHASES.get(phase, phase)}")
        if phase == "calibrate" and done >= self._next:
            self._next = done * 2
            print_note(f"build: calibrated {done} samples")
