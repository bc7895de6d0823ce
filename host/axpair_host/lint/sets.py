"""Which data sets a configuration names, which of them are here, and which inputs share one."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from axpair_host.lint.hint import Hint, Passed


def present(path: Path) -> bool:
    """Whether there is a file or folder to look at; a name that can be none is one that isn't there."""
    try:
        return path.is_file() or path.is_dir()
    except (OSError, ValueError):  # longer than a name can be, or with a NUL in it
        return False


def absent(what: str, written: str, path: Path) -> Passed | None:
    """A line for a set that isn't on this machine; None where it is. `written` is what the configuration says."""
    if present(path):
        return None
    where = "a path inside the toolchain's container?" if written.startswith("/") else f"looked for as {path}"
    if "://" in written:
        where = "an address, and nothing is fetched"
    return Passed(what, f"the data set {written} isn't here ({where}), so nothing of it was looked at")


def shared(sets: Mapping[str, Path], write: str) -> Iterator[Hint]:
    """Inputs that are calibrated on the samples of one set; `write` is what gives each its own."""
    inputs: dict[Path, list[str]] = {}
    for name, path in sets.items():
        inputs.setdefault(path, []).append(name)
    for path, names in inputs.items():
        if len(names) > 1:
            shown = ", ".join(map(repr, names))
            yield Hint(
                "shared-set",
                "AX204",
                f"the inputs {shown} have one calibration set, {path.name}: each is given the same samples",
                write,
                {"inputs": names, "set": str(path)},
            )
