"""A replay as people see it: a bar with rate, remaining time and counts on a terminal, a line a case elsewhere."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from axpair_proto.lines import color_of
from axpair_proto.printing import live_console, print_note
from axpair_proto.terminal import spinner
from axpair_proto.text import printable

from axpair_host.replay.row import BAD_INPUT, Row
from axpair_host.replay.summary import VERDICTS

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def watching(total: int, earlier: int, counts: "Counter[str]") -> "Iterator[Lines | Bar]":
    """Show a replay on stderr while the block lasts; `counts` are the verdicts of the earlier cases."""
    console = live_console()
    if console is None:
        yield Lines(total, earlier)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(spinner()),
        TextColumn("replay"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[counts]}"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield Bar(bars, total, earlier, counts)


class Lines:
    """One line for each case, as it is stored."""

    def __init__(self, total: int, earlier: int) -> None:
        self._total, self._done = total, earlier

    def stored(self, row: Row, seconds: float) -> None:
        """Print the case's line."""
        self._done += 1
        print_note(f"[{self._done}/{self._total}] {_told(row)} ({seconds:.2f} s)")


class Bar:
    """A live bar; cases that didn't pass scroll by above it."""

    def __init__(self, bars: "Progress", total: int, earlier: int, counts: "Counter[str]") -> None:
        self._bars, self._counts, self._here = bars, Counter(counts), 0
        self._task: TaskID = bars.add_task("", total=total, completed=earlier, rate="", counts=self._told_counts())

    def stored(self, row: Row, seconds: float) -> None:
        """Move the bar."""
        from rich.text import Text

        self._here += 1
        self._counts[row.verdict] += 1
        self._bars.update(self._task, advance=1, counts=self._told_counts(), rate=self._rate())
        if row.verdict != "PASS":
            line = Text(printable(_told(row)), color_of(row.verdict), no_wrap=True, overflow="ellipsis")
            self._bars.console.print(line, no_wrap=True, overflow="ellipsis")

    def _rate(self) -> str:
        elapsed = self._bars.tasks[0].elapsed
        return f"{self._here / elapsed:.1f}/s" if elapsed else ""

    def _told_counts(self) -> str:
        shown = [(name, self._counts[name]) for name in VERDICTS if self._counts[name]]
        return " ".join(f"[{color_of(name)}]{name} {count}[/]" for name, count in shown)


def _told(row: Row) -> str:
    if row.verdict == BAD_INPUT:
        return f"{row.id}: {row.verdict}: {row.document['error']['message']}"
    findings = row.document.get("findings") or [{}]
    said = " ".join(filter(None, (row.verdict, row.code, row.owner if row.verdict != "PASS" else "")))
    summary = findings[0].get("summary", "") if row.verdict != "PASS" else ""
    return f"{row.id}: {said}" + (f": {summary}" if summary else "")
