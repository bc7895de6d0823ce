"""One way's ground: a user's files on it, and calls after each of which they must be what they were."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fuzz.small_models import encoded, picture
from benchmarks.hostile.attack import Done, Setting, Tally, digests
from benchmarks.hostile.support.small_case import SmallCase

LIMIT = 200.0
"""Seconds that one command may take."""
RAN = (0, 1)
"""It was judged, well or ill."""
FAILING = "emulator:?fault=stale-output"


@dataclass
class Ground:
    """One way's own folder, with a model, and what is a user's in it."""

    name: str
    setting: Setting
    tally: Tally
    case: SmallCase
    here: Path
    theirs: dict[Path, str] = field(default_factory=dict)

    def photos(self, *names: str) -> None:
        """Pictures that are a user's."""
        for name in names:
            path = self.here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(picture(100 + len(self.theirs))))
            self.own(name)

    def notes(self, *names: str) -> None:
        """Texts that are a user's."""
        for name in names:
            path = self.here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"mine: {name}\n", encoding="utf-8")
            self.own(name)

    def own(self, *names: str) -> None:
        """These files, links, and all files of these folders are a user's as they are now."""
        for name in names:
            path = self.here / name
            if path.is_dir() and not path.is_symlink():
                below = digests(path)
                self.theirs |= {path / one: digest for one, digest in below.items() if digest != "folder"}
            else:
                self.theirs[path] = _state(path)

    def call(self, *arguments: str | Path, codes: Iterable[int], says: str = "", **variables: str) -> Done:
        """Run axpair in the folder; hold exit code, message and the user's files against what is promised."""
        done = self.setting.done(*arguments, cwd=self.here, **variables)
        words = " ".join(str(one) for one in arguments[:2])
        wanted = list(codes)
        self.check(
            done.code in wanted, f"{words}: exit {done.code}, expected one of {wanted}: {done.errors.strip()[-300:]}"
        )
        self.check("Traceback" not in done.errors, f"{words}: a traceback")
        if done.code == 2:
            said = [line for line in done.errors.splitlines() if line.startswith("axpair: ")]
            self.check(len(said) == 1, f"{words}: {len(said)} messages where one is promised")
        if says:
            self.check(says in done.errors + done.output, f"{words}: nothing said of {says!r}")
        gone = [str(path.relative_to(self.here)) for path, state in self.theirs.items() if _state(path) != state]
        self.check(not gone, f"{words}: lost or changed: {', '.join(gone[:8])} ({len(gone)} of {len(self.theirs)})")
        return done

    def replay(self, *arguments: str | Path, codes: Iterable[int], says: str = "") -> Done:
        """`axpair replay` with the model."""
        return self.call("replay", *arguments, *self.case.flags, codes=codes, says=says)

    def pair(self, *arguments: str | Path, codes: Iterable[int], says: str = "") -> Done:
        """`axpair pair` with the model."""
        return self.call("pair", *self.case.flags, *arguments, codes=codes, says=says)

    def check(self, held: bool, what: str) -> None:
        """Count it, told with this way's name."""
        self.tally.check(held, f"{self.name}: {what}")


def _state(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if not path.exists():
        return "gone"
    if path.is_dir():
        return "folder"
    return digests(path.parent)[path.name] if path.is_file() else "special"
