"""What stdout and stderr can show, as rich sees it: NO_COLOR, FORCE_COLOR, TERM=dumb, COLUMNS, and the terminal's own.

rich is imported where it is first asked for: no `--help` waits for it.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

LOG_COLUMNS = 140
"""Where no terminal is: what a log viewer shows of a table without wrapping."""


def is_colored() -> bool:
    """Whether stdout takes colors, bold and dim. NO_COLOR means none of them."""
    console = _console()
    return console.color_system is not None and not console.no_color


def columns(elsewhere: int = LOG_COLUMNS, *, stderr: bool = False) -> int:
    """Columns of the terminal that stdout (or stderr) is; `elsewhere` where it is none."""
    console = _console(stderr)
    return console.width if console.is_terminal else elsewhere


def can_show(text: str) -> bool:
    """Whether stdout's encoding has all of its characters."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def moving() -> "Console | None":
    """The console for bars on stderr; None where nothing can move there: a pipe, a file, a dumb terminal."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    return console if console.is_terminal and not console.is_dumb_terminal else None


def spinner() -> str:
    """The name of a rich spinner whose characters stderr has."""
    return "dots" if "utf" in (sys.stderr.encoding or "").lower() else "line"


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr)
