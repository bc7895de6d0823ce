"""Power cuts: at every call that changes the disk, what is left of run folders, gt folders and blobs.

Two ways. Where this user may mount one, the commands work on an ext4 image that writes nothing back unless it is told
to; the image is copied at that moment, mounted again, and looked at. Everywhere, the calls are written down, and
disks that POSIX allows after a cut are worked out from them (`support/write_log.py`). The harness is proven by leaving
out each kind of sync in turn: one of the two ways must then report a loss, or that sync is needless.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support import image
from benchmarks.hostile.support.power_scenes import Scene, scenes
from benchmarks.hostile.support.small_case import small_case
from benchmarks.hostile.support.trap import Call, Kind, Trap, is_possible
from benchmarks.hostile.support.write_log import Disk, after_each

USUAL = 250
"""Cuts in each way, in all scenes together."""
SHORT = 30

_CHANCES = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.5))
"""Of names and of bytes that weren't synced to be there all the same."""
_GO_ON_EVERY = 10
_MEMORY = Path("/dev/shm")
_LIBRARY = re.compile(r"(file|folder) run(/run\.\w+(-\w+)?)?")
"""What SQLite syncs by itself; one or the other is a matter of its own."""


def attack(setting: Setting, tally: Tally) -> None:
    """Cut the power `setting.count` times in each way, and prove that a missing sync is seen."""
    if not is_possible():
        tally.figures["not tried"] = "there is no C compiler here"
        tally.check(True, "")
        return
    trap = Trap.built(setting.folder / "trap")
    at_length = setting.count > SHORT
    mounts = at_length and image.is_possible()
    if at_length:
        tally.figures["ext4 image"] = "mounted" if mounts else "can't be mounted by this user"
    everything = scenes(setting, small_case(setting.folder / "case", 4 if at_length else 3))[: None if at_length else 2]
    for scene in everything:
        cuts = _Cuts(setting, tally, trap, scene, max(1, setting.count // len(everything)), at_length)
        missing = cuts.by_log()
        if mounts:
            missing = cuts.by_image(missing)
        for site in missing:
            library = _LIBRARY.fullmatch(site) is not None
            tally.check(library, f"{scene.name}: without the syncs of {site} nothing is lost; they are needless")
            if library:
                tally.count("syncs of SQLite's that lose nothing here")


@dataclass
class _Cuts:
    """One scene's cuts."""

    setting: Setting
    tally: Tally
    trap: Trap
    scene: Scene
    count: int
    at_length: bool

    def by_log(self) -> list[str]:
        """Disks worked out from the calls; the syncs that could be left out of the log without a loss."""
        with self._place() as place:
            disk, start = place / "disk", place / "start"
            disk.mkdir()
            self.scene.lay_out(disk)
            shutil.copytree(disk, start)
            self.scene.run(disk, self.trap, self.trap.variables(disk, self.scene.who))
            calls = list(self.trap.calls())
            every = max(1, calls[-1].number // self.count)
            for number, chances, after in self._worked_out(calls, disk, start, every, frozenset()):
                self.tally.count("cuts by the log")
                losses = [*self.scene.look(after, number)]
                self._check(losses, f"call {number} ({_told(calls, number, disk)}), {chances} of what wasn't synced")
            sites = _sites(calls, disk)
            self.tally.count("kinds of sync", len(sites))
            missing = []
            for site, numbers in sites.items():
                found = self._worked_out(calls, disk, start, max(1, every // 4 if self.at_length else every), numbers)
                lost = any(any(True for _ in self.scene.look(after, number)) for number, _, after in found)
                self.tally.count("of which the log shows a loss when left out", int(lost))
                if not lost:
                    missing.append(site)
            return missing

    def by_image(self, missing: list[str]) -> list[str]:
        """Copies of an ext4 image; which of the `missing` syncs could be left out there as well."""
        for number, after, done in self._copies({}, self.count):
            self.tally.count("cuts of the image")
            losses = [*self.scene.look(after, number)]
            if self._is_tenth():
                losses += self.scene.go_on(after)
                self.tally.count("of which gone on with")
            self._check(losses, f"call {number} of {done}, ext4")
        still = []
        for site in missing:
            copies = self._copies({"skip": site}, 40)
            lost = any(any(True for _ in self.scene.look(after, number)) for number, after, _ in copies)
            self.tally.count("of which the image alone shows a loss", int(lost))
            if not lost:
                still.append(site)
        return still

    def _worked_out(
        self, calls: list[Call], root: Path, start: Path, every: int, left_out: frozenset[int]
    ) -> Iterator[tuple[int, tuple[float, float], Path]]:
        """Number of the call before which the power goes, chances, and a disk that is gone with the next one."""
        disk = Disk(root, start)
        for number in after_each(disk, calls, left_out):
            if number % every and number <= calls[-1].number:
                continue
            for chances in _CHANCES:
                with self._place() as after:
                    disk.after_cut(random.Random(f"{self.setting.seed} {number}"), *chances, after)
                    yield number, chances, after

    def _copies(self, more: Mapping[str, object], count: int) -> Iterator[tuple[int, Path, int]]:
        """Number of the call before which the power went, the disk, mounted again, and the last call's number."""
        with self._place() as place:
            disk = image.made(place / "image")
            copies = place / "copies"
            copies.mkdir()
            every = max(1, self.trap.number() // count)
            with image.mounted(disk, place / "disk") as mounted:
                self.scene.lay_out(mounted)
                _sync(mounted)
                variables = {"image": disk, "copies": copies, "every": every, "first": 1 + self.setting.seed % every}
                self.scene.run(mounted, self.trap, self.trap.variables(mounted, self.scene.who, **variables, **more))
                last = self.trap.number()
                shutil.copyfile(disk, copies / str(last + 1))
            for copy in sorted(copies.iterdir(), key=lambda path: -int(path.name)):
                with image.mounted(copy, place / "disk") as after:
                    yield int(copy.name), after, last
                copy.unlink()

    def _check(self, losses: list[str], moment: str) -> None:
        self.tally.check(not losses, f"{self.scene.name}: power cut before {moment}: {'; '.join(losses[:3])}")

    def _is_tenth(self) -> bool:
        made = self.tally.figures["cuts of the image"]
        return isinstance(made, int) and made % _GO_ON_EVERY == 0

    @contextmanager
    def _place(self) -> Iterator[Path]:
        # In memory where there is such a place: tens of thousands of small files are made and removed.
        with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None, prefix="axpair-power-") as folder:
            yield Path(folder)


def _sites(calls: list[Call], root: Path) -> dict[str, frozenset[int]]:
    """Each kind of sync, as a pattern of the trap's, with the calls that it stands for."""
    found: dict[str, set[int]] = {}
    for call in calls:
        if call.kind is Kind.SYNC:
            found.setdefault(f"{call.other or 'folder'} {_pattern(call.path, root)}", set()).add(call.number)
    return {site: frozenset(numbers) for site, numbers in found.items()}


def _pattern(path: str, root: Path) -> str:
    parts, inside = [], False
    for part in PurePosixPath(path).relative_to(root).parts:
        if part.startswith("."):
            parts.append(".*")
        else:
            parts.append("*" if inside or re.fullmatch(r"\d+|[0-9a-f]{64}.*", part) else part)
        inside = inside or part.startswith(".")
    return "/".join(parts) or "."


def _told(calls: list[Call], number: int, root: Path) -> str:
    for call in calls:
        if call.number == number and call.kind is not Kind.SAID:
            return f"{call.kind.name} {call.path.removeprefix(str(root))}"
    return "after the last one"


def _sync(folder: Path) -> None:
    """Everything that the file system holds, onto its disk."""
    subprocess.run(["sync", "-f", str(folder)], check=True)
