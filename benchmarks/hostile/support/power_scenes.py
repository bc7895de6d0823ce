"""What is going on when the power goes: each scene writes to a disk, makes promises, and looks at it afterwards."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import grpc
from axpair_proto.v1 import blobs_pb2, blobs_pb2_grpc

from benchmarks.hostile.attack import Setting, digests
from benchmarks.hostile.support.run_state import State, damaged_marks, state_of
from benchmarks.hostile.support.small_case import SmallCase
from benchmarks.hostile.support.trap import Kind, Trap

STALE = ("--board", "emulator:?fault=stale-output")
"""Every case fails, and its row shows what ran before it."""
_JUDGED = (0, 1)
"""How a pair ends whose case could be judged; this model loses a little where it is quantised."""
HOST = "axpair_host.main"
AGENT = "axpair_agent serve"
_TOLD = re.compile(r"^\[\d+/\d+\] (\S+): ", re.MULTILINE)


class Scene(Protocol):
    """One command on one disk."""

    who: str
    """A part of the command line of the process that writes."""

    @property
    def name(self) -> str:
        """For the figures."""
        ...

    def lay_out(self, disk: Path) -> None:
        """Put there what lies there before."""
        ...

    def run(self, disk: Path, trap: Trap, variables: Mapping[str, str]) -> None:
        """Run the command to its end, and learn what it promised and left."""
        ...

    def look(self, disk: Path, number: int) -> Iterator[str]:
        """What is wrong with the disk of a power cut before call `number`; one sentence each."""
        ...

    def go_on(self, disk: Path) -> Iterator[str]:
        """Run the command again on that disk; what is wrong then."""
        ...


@dataclass
class Replay:
    """A replay writes a run; or goes on in one where a picture broke and another changed since."""

    setting: Setting
    case: SmallCase
    goes_on: bool
    who: str = HOST
    told: list[tuple[int, str]] = field(default_factory=list)
    """After which call which row was said to be stored."""
    before: State = field(default_factory=lambda: State({}, {}, {}, ()))
    after: State = field(default_factory=lambda: State({}, {}, {}, ()))
    end: int = 0

    @property
    def name(self) -> str:
        """For the figures."""
        return "replay going on" if self.goes_on else "replay"

    def lay_out(self, disk: Path) -> None:
        """A finished run, and then other pictures."""
        if not self.goes_on:
            return
        done = self.setting.done(*self._command(disk / "run", self.case.folder))
        assert done.code == 1, done
        self.before = state_of(disk / "run")

    def run(self, disk: Path, trap: Trap, variables: Mapping[str, str]) -> None:
        """To its end."""
        done = self.setting.done(*self._command(disk / "run", self._pictures), cwd=None, **variables)
        assert done.code == 1, done
        text = ""
        self.told = []
        for call in trap.calls():
            if call.kind is Kind.SAID:
                text += call.data.decode(errors="replace")
                whole, _, text = text.rpartition("\n")
                self.told += [(call.number, id_) for id_ in _TOLD.findall(whole + "\n")]
        self.end = trap.number()
        self.told += [(self.end, id_) for id_ in state_of(disk / "run").rows]
        self.after = state_of(disk / "run")

    def look(self, disk: Path, number: int) -> Iterator[str]:
        """Rows that were told are there; what a row names is whole; what lies under a final name is old or new."""
        try:
            now = state_of(disk / "run")
        except (sqlite3.Error, OSError, ValueError, KeyError) as error:
            yield f"the run can't be read: {error}"
            return
        for id_ in sorted({id_ for after, id_ in self.told if after < number} | set(self.before.rows)):
            promised = any(after < number and told == id_ for after, told in self.told)
            if id_ not in now.rows:
                yield f"the row of {id_} was stored and is gone"
            elif now.rows[id_] != self.after.rows[id_] and (promised or now.rows[id_] != self.before.rows.get(id_)):
                yield f"the row of {id_} isn't what was stored"
        for name in damaged_marks(disk / "run"):
            yield f"the mark of {name} is damaged"
        for name in now.unknown:
            yield f"cases/{name} is marked as another run's"
        for id_, row in now.rows.items():
            if now.metrics.get(id_) not in (self.after.metrics.get(id_), self.before.metrics.get(id_)):
                yield f"the metrics of {id_} aren't those of its row"
            kept = now.kept_of(id_)
            if kept and kept not in now.kept:
                yield f"the row of {id_} names {row[4]}, which is gone"
            elif kept and not _is_one_of(now.kept[kept], self.before.kept.get(kept), self.after.kept.get(kept)):
                yield f"{row[4]}, which the row of {id_} names, is neither old nor new"

    def go_on(self, disk: Path) -> Iterator[str]:
        """The rows and folders of the uninterrupted run."""
        done = self.setting.done(*self._command(disk / "run", self._pictures))
        if done.code != 1:
            yield f"going on ended with {done.code}: {done.errors[-300:]}"
            return
        now = state_of(disk / "run")
        if now.rows != self.after.rows or now.metrics != self.after.metrics:
            yield "going on gave other rows"
        if {name: sorted(files) for name, files in now.kept.items()} != {
            name: sorted(files) for name, files in self.after.kept.items()
        }:
            yield f"going on kept {sorted(now.kept)}, not {sorted(self.after.kept)}"
        left = [path.name for path in (disk / "run").rglob(".*") if path.is_dir()]
        if left:
            yield f"going on left {left}"

    @property
    def _pictures(self) -> Path:
        if not self.goes_on:
            return self.case.folder
        folder = self.setting.folder / "changed"
        if not folder.exists():
            shutil.copytree(self.case.folder, folder)
            first, second, *_ = sorted(folder.iterdir())
            first.write_bytes(b"broken")
            second.write_bytes(sorted(folder.iterdir())[-1].read_bytes())
        return folder

    def _command(self, run: Path, pictures: Path) -> tuple[str | Path, ...]:
        return "replay", pictures, "--run", run, *self.case.flags, *STALE


@dataclass
class Pair:
    """A pair writes a gt folder, where there was none or in place of one."""

    setting: Setting
    case: SmallCase
    replaces: bool
    who: str = HOST
    old: Mapping[str, str] | None = None
    new: Mapping[str, str] | None = None
    end: int = 0

    @property
    def name(self) -> str:
        """For the figures."""
        return "pair in place of another" if self.replaces else "pair"

    def lay_out(self, disk: Path) -> None:
        """An old gt folder."""
        if self.replaces:
            done = self.setting.done(*self._command(disk / "out" / "gt"))
            assert done.code in _JUDGED, done
            self.old = digests(disk / "out" / "gt")

    def run(self, disk: Path, trap: Trap, variables: Mapping[str, str]) -> None:
        """To its end."""
        done = self.setting.done(*self._command(disk / "out" / "gt"), cwd=None, **variables)
        assert done.code in _JUDGED, done
        self.end, self.new = trap.number(), digests(disk / "out" / "gt")

    def look(self, disk: Path, number: int) -> Iterator[str]:
        """Old or new, and new once the command has ended."""
        gt = disk / "out" / "gt"
        now = digests(gt) if gt.is_dir() else None
        for name in damaged_marks(disk):
            yield f"the mark of {name} is damaged"
        if number > self.end and now != self.new:
            yield f"pair had ended, and its gt folder is {'gone' if now is None else 'not what it wrote'}"
        elif now not in (self.old, self.new):
            yield (
                "the gt folder is gone"
                if now is None
                else f"the gt folder is neither old nor new: {_unlike(now, self.new)}"
            )

    def go_on(self, disk: Path) -> Iterator[str]:
        """It ends as before, and nothing is left beside."""
        done = self.setting.done(*self._command(disk / "out" / "gt"))
        if done.code not in _JUDGED:
            yield f"pair once more ended with {done.code}: {done.errors[-300:]}"
        if left := [path.name for path in (disk / "out").iterdir() if path.name != "gt"]:
            yield f"pair once more left {left}"

    def _command(self, out: Path) -> tuple[str | Path, ...]:
        return "pair", *self.case.flags, "--input", self.case.pictures[0], "--out", out


@dataclass
class Uploads:
    """An agent takes blobs: one whole, one in two parts, one that it holds already."""

    setting: Setting
    who: str = AGENT
    promised: list[tuple[int, str]] = field(default_factory=list)
    end: int = 0
    blobs: tuple[bytes, ...] = tuple(bytes([seed]) * size for seed, size in ((1, 70_000), (2, 200_000), (3, 5_000)))

    @property
    def name(self) -> str:
        """For the figures."""
        return "agent"

    def lay_out(self, disk: Path) -> None:
        """Nothing."""

    def run(self, disk: Path, trap: Trap, variables: Mapping[str, str]) -> None:
        """Upload, interrupt an upload, go on with it."""
        first, second, third = self.blobs
        self.promised = []
        with _Agent(self.setting, disk / "blobs", variables) as stub:
            for data, upto in ((first, None), (second, 90_000), (second, None), (third, None), (first, None)):
                if _upload(stub, data, upto):
                    self.promised.append((trap.number(), hashlib.sha256(data).hexdigest()))
        self.end = trap.number()

    def look(self, disk: Path, number: int) -> Iterator[str]:
        """What lies under a digest has it; what was answered as whole is there."""
        whole = disk / "blobs" / "whole"
        names = {path.name for path in whole.iterdir()} if whole.is_dir() else set()
        for name in names:
            if hashlib.sha256((whole / name).read_bytes()).hexdigest() != name:
                yield f"the blob {name[:8]} isn't whole"
        for after, digest in self.promised:
            if after < number and digest not in names:
                yield f"the blob {digest[:8]} was taken and is gone"

    def go_on(self, disk: Path) -> Iterator[str]:
        """Every blob can be uploaded."""
        try:
            with _Agent(self.setting, disk / "blobs", {}) as stub:
                for data in self.blobs:
                    if not _upload(stub, data, None):
                        yield "an upload wasn't whole after all its bytes"
        except grpc.RpcError as error:
            yield f"an upload after the power cut failed: {error}"


class _Agent:
    """An agent of the state under attack, and a stub for its blobs."""

    def __init__(self, setting: Setting, blobs: Path, variables: Mapping[str, str]) -> None:
        command = [setting.python, "-m", "axpair_agent", "serve", "--owned", "--listen=127.0.0.1:0", f"--blobs={blobs}"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **variables},
        )  # fmt: skip

    def __enter__(self) -> "_Stub":
        assert self._process.stdout is not None
        report = json.loads(self._process.stdout.readline())
        self._channel = grpc.insecure_channel(f"127.0.0.1:{report['port']}")
        return _Stub(blobs_pb2_grpc.BlobsStub(self._channel), report["token"])

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._channel.close()
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()


@dataclass(frozen=True)
class _Stub:
    blobs: blobs_pb2_grpc.BlobsStub
    token: str


def _upload(stub: _Stub, data: bytes, upto: int | None) -> bool:
    """Send what the agent lacks, or a first part of it; whether the agent then holds all."""
    digest = hashlib.sha256(data).hexdigest()
    metadata = (("authorization", f"Bearer {stub.token}"),)
    reply = stub.blobs.FindMissing(blobs_pb2.FindMissingRequest(sha256=[digest]), metadata=metadata, timeout=60)
    held = reply.missing[0].committed_bytes if reply.missing else 0

    def parts() -> Iterator[blobs_pb2.UploadRequest]:
        start = blobs_pb2.UploadStart(sha256=digest, size_bytes=len(data), offset_bytes=held)
        yield blobs_pb2.UploadRequest(start=start)
        for at in range(held, upto or len(data), 32_768):
            yield blobs_pb2.UploadRequest(data=data[at : min(at + 32_768, upto or len(data))])

    if not reply.missing:
        return True
    answer = stub.blobs.Upload(parts(), metadata=metadata, timeout=60)
    return bool(answer.complete)


def scenes(setting: Setting, case: SmallCase) -> list[Scene]:
    """All of them, the most telling first."""
    return [
        Replay(setting, case, goes_on=True),
        Uploads(setting),
        Pair(setting, case, replaces=True),
        Replay(setting, case, goes_on=False),
        Pair(setting, case, replaces=False),
    ]


def _is_one_of(now: Mapping[str, str], *wanted: Mapping[str, str] | None) -> bool:
    return any(now == one for one in wanted)


def _unlike(now: Mapping[str, str], wanted: Mapping[str, str] | None) -> list[str]:
    return [name for name, digest in (wanted or {}).items() if now.get(name) != digest][:3]
