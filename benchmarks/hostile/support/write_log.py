"""What a disk may hold after a power cut, by POSIX alone: worked out from a log of the calls that were made.

Harsher than any one file system: bytes are there once their file was synced, a name once its folder was; whatever
else was done may be there or not, in any mixture that keeps the order of the calls on one and the same name.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from benchmarks.hostile.support.trap import Call, Kind

_Key = tuple[int, str]
"""A name in a folder: the folder's number and the name."""


@dataclass
class _File:
    data: bytes = b""
    """Synced."""
    later: list[Call] = field(default_factory=list)
    """Writes and cuts since then."""


@dataclass
class _Folder:
    now: "dict[str, int]" = field(default_factory=dict)
    """What programs see: name to node."""
    kept: "dict[str, int]" = field(default_factory=dict)
    """What a power cut surely leaves."""


@dataclass(frozen=True)
class _Step:
    """One change of names, all of it or nothing."""

    names: tuple[tuple[_Key, int | None], ...]
    """A name to the node that it then leads to; None where it is then gone."""

    def keys(self) -> "set[_Key]":
        return {key for key, _ in self.names}


class Disk:
    """A folder as programs see it, and what of it a power cut leaves."""

    def __init__(self, root: Path, start: Path) -> None:
        """`root` is where the calls were made; `start` a copy of it from before, which counts as synced."""
        self._root = PurePosixPath(root)
        self._nodes: dict[int, _File | _Folder] = {}
        self._open: list[_Step] = []
        self._top = self._taken(start)

    def make(self, call: Call, *, synced: bool = True) -> None:
        """Follow one call; `synced` false leaves a SYNC out."""
        place = self._place(call.path)
        node = self._at(call.path)
        match call.kind:
            case Kind.WRITE | Kind.TRUNCATE:
                if isinstance(node, _File):
                    node.later.append(call)
            case Kind.CREATE | Kind.MKDIR:
                if place is not None:
                    self._step((place, self._new(_File() if call.kind is Kind.CREATE else _Folder())))
            case Kind.UNLINK | Kind.RMDIR:
                if place is not None:
                    self._step((place, None))
            case Kind.RENAME | Kind.EXCHANGE | Kind.LINK:
                self._moved(call, place)
            case Kind.SYNC:
                if synced:
                    self._synced(call, node)
            case Kind.SAID:
                pass

    def after_cut(self, random_: random.Random, names: float, data: float, into: Path) -> None:
        """Write one possible disk into the empty folder `into`.

        `names` and `data` are the chances, 0 to 1, that what wasn't synced is there all the same.
        """
        folders = {number: dict(node.kept) for number, node in self._nodes.items() if isinstance(node, _Folder)}
        lost: set[_Key] = set()
        for step in self._open:
            if step.keys() & lost or random_.random() >= names:
                lost |= step.keys()
            else:
                _apply(step, folders)
        self._write(self._top, into, folders, random_, data)

    def _write(
        self, number: int, place: Path, folders: "dict[int, dict[str, int]]", random_: random.Random, chance: float
    ) -> None:
        node = self._nodes[number]
        if isinstance(node, _File):
            place.write_bytes(_contents(node, random_, chance))
            return
        place.mkdir(exist_ok=True)
        for name, inner in folders[number].items():
            self._write(inner, place / name, folders, random_, chance)

    def _moved(self, call: Call, old: "_Key | None") -> None:
        new = self._place(call.other)
        there = None if old is None else self._folder(old[0]).now.get(old[1])
        if old is None or new is None or there is None:
            return
        if call.kind is Kind.EXCHANGE:
            self._step((old, self._folder(new[0]).now[new[1]]), (new, there))
        elif call.kind is Kind.LINK:
            self._step((new, there))
        else:
            self._step((old, None), (new, there))

    def _synced(self, call: Call, node: "_File | _Folder | None") -> None:
        if isinstance(node, _File):
            node.data, node.later = call.data, []
        elif isinstance(node, _Folder):
            number = next(number for number, known in self._nodes.items() if known is node)
            wanted = {at for at, step in enumerate(self._open) if number in {key[0] for key, _ in step.names}}
            for at in sorted(wanted, reverse=True):
                wanted |= set(self._needed(at))
            kept = {one: other.kept for one, other in self._nodes.items() if isinstance(other, _Folder)}
            for at in sorted(wanted):
                _apply(self._open[at], kept)
            self._open = [step for at, step in enumerate(self._open) if at not in wanted]

    def _needed(self, at: int) -> Iterator[int]:
        """Earlier steps on the same names, and on theirs."""
        keys = set(self._open[at].keys())
        for earlier in range(at - 1, -1, -1):
            if self._open[earlier].keys() & keys:
                keys |= self._open[earlier].keys()
                yield earlier

    def _step(self, *names: tuple[_Key, int | None]) -> None:
        step = _Step(names)
        self._open.append(step)
        _apply(step, {number: self._folder(number).now for (number, _), _ in names})

    def _folder(self, number: int) -> _Folder:
        node = self._nodes[number]
        assert isinstance(node, _Folder)
        return node

    def _new(self, node: _File | _Folder) -> int:
        number = len(self._nodes) + 1
        self._nodes[number] = node
        return number

    def _at(self, path: str) -> "_File | _Folder | None":
        place = self._place(path)
        if place is None:
            return self._nodes[self._top] if PurePosixPath(path) == self._root else None
        number = self._folder(place[0]).now.get(place[1])
        return None if number is None else self._nodes[number]

    def _place(self, path: str) -> "_Key | None":
        """The folder's number and the name; None for the top, and for what isn't below it."""
        try:
            parts = PurePosixPath(path).relative_to(self._root).parts
        except ValueError:
            return None
        if not parts:
            return None
        number = self._top
        for part in parts[:-1]:
            node = self._nodes[number]
            inner = node.now.get(part) if isinstance(node, _Folder) else None
            if inner is None or not isinstance(self._nodes[inner], _Folder):
                return None
            number = inner
        return number, parts[-1]

    def _taken(self, path: Path) -> int:
        if not path.is_dir():
            return self._new(_File(path.read_bytes()))
        inner = {entry.name: self._taken(entry) for entry in sorted(path.iterdir())}
        return self._new(_Folder(dict(inner), dict(inner)))


def after_each(disk: Disk, calls: Iterable[Call], is_left_out: "frozenset[int]" = frozenset()) -> Iterator[int]:
    """Follow the calls; yields the number of each before it is made, and at last the number after the last one."""
    last = 0
    for call in calls:
        if call.kind is not Kind.SAID:
            yield call.number
        last = call.number  # of what was said too: the last calls may have failed, and were not written down
        disk.make(call, synced=call.number not in is_left_out)
    yield last + 1


def _apply(step: _Step, folders: "dict[int, dict[str, int]]") -> None:
    for (number, name), node in step.names:
        if node is None:
            folders[number].pop(name, None)
        else:
            folders[number][name] = node


def _contents(file: _File, random_: random.Random, chance: float) -> bytes:
    data = bytearray(file.data)
    for call in file.later:
        if random_.random() >= chance:
            continue
        if call.kind is Kind.TRUNCATE:
            del data[call.offset :]
            data += bytes(max(0, call.offset - len(data)))
        else:
            data += bytes(max(0, call.offset - len(data)))
            data[call.offset : call.offset + len(call.data)] = call.data
    return bytes(data)
