"""What long work says of its progress; where it is shown is the caller's choice."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One stretch of work that is going on."""

    def at(self, done: int) -> None:
        """So much of the task's total is done."""
        ...


class Progress(Protocol):
    """Where progress goes. Every method may be called from any thread."""

    def task(self, text: str, total: int = 0, unit: str = "") -> AbstractContextManager[Task]:
        """A stretch of work, such as "board: upload m.joint"; total 0 where the end can't be known.

        `unit` "B" shows sizes, other units are shown as they are.
        """
        ...

    def note(self, text: str) -> None:
        """A sentence that people should see, such as a resize with both sizes."""
        ...


class _SilentTask:
    def at(self, done: int) -> None:
        """Nowhere to show it."""


class Silent:
    """Shows nothing."""

    @contextmanager
    def task(self, text: str, total: int = 0, unit: str = "") -> Iterator[Task]:
        """A task that nobody sees."""
        yield _SilentTask()

    def note(self, text: str) -> None:
        """Nowhere to show it."""
