"""What Linux says of the processes below one of ours."""

from collections.abc import Iterator
from pathlib import Path


def states_below(pid: int, root: Path = Path("/proc")) -> list[str]:
    """State letters ("R", "S", "T", ...) of a process and all its descendants; empty without /proc."""
    found = {of: (parent, state) for of, parent, state in _all(root)}
    states = [found[pid][1]] if pid in found else []
    children: dict[int, list[int]] = {}
    for of, (parent, _) in found.items():
        children.setdefault(parent, []).append(of)
    waiting = list(children.get(pid, ()))
    while waiting:
        child = waiting.pop()
        states.append(found[child][1])
        waiting += children.get(child, ())
    return states


def _all(root: Path) -> Iterator[tuple[int, int, str]]:
    """Process id, its parent's and state of every process; those that end meanwhile are left out."""
    try:
        entries = [entry for entry in root.iterdir() if entry.name.isdigit()]
    except OSError:
        return
    for entry in entries:
        try:
            # The program's name stands in parentheses and may hold anything.
            state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        yield int(entry.name), int(parent), state
