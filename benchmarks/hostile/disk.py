"""A full, broken or read-only disk at each call that changes something; `/dev/full`; a small file system that fills.

Each try is a real command whose n-th write, sync, rename, mkdir or open for writing is refused, alone or with all that
follow, then the same command again with the disk in order. Expected: exit 2 or 3 and a sentence with a next step, or
an end as if nothing had been, never a defect; for a replay the number of cases that are kept; and in the end what an
undisturbed run leaves.
"""

import errno
import hashlib
import json
import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile.attack import Done, Setting, Tally
from benchmarks.hostile.support.refusing import Refusing, is_possible
from benchmarks.hostile.support.small_case import SmallCase, small_case

USUAL, SHORT = 600, 1
"""In refused calls."""
LIMIT_SECONDS = 90.0
"""No command that works on a few pictures may take longer, whatever its disk does."""

_ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)
_KEPT = re.compile(r"(\d+) finished cases? kept|no case was finished")


@dataclass(frozen=True)
class Subject:
    """A command under attack."""

    name: str
    arguments: Callable[[Path], Sequence[str | Path]]
    """Of the folder it works in."""
    under: Callable[[Path], Path]
    """Where calls are refused."""
    left: Callable[[Path], object]
    """What it left there, without what differs from run to run."""
    earlier: Callable[[Path], None] | None = None
    """Lays out what an earlier command left."""


def attack(setting: Setting, tally: Tally) -> None:
    """Refuse calls of each command in turn, at places spread over all of its calls."""
    case = small_case(setting.folder / "model", 3 if setting.count > SHORT else 2)
    _full_outputs(setting, tally, case)
    if not is_possible():
        tally.figures["refused calls"] = "none: no C compiler here"
        return
    refusing = Refusing.built(setting.folder / "refusing")
    random_ = random.Random(setting.seed)
    subjects = _subjects(setting, case)
    left: dict[str, object] = {}
    for number, subject in enumerate(subjects):
        share = len(range(number, setting.count, len(subjects)))
        if share:
            left[subject.name] = _refuse(setting, tally, refusing, subject, share, random_)
    _fill(setting, tally, case, left["replay"])


def _refuse(
    setting: Setting, tally: Tally, refusing: Refusing, subject: Subject, share: int, random_: random.Random
) -> object:
    """Returns what the command leaves undisturbed."""
    work = _fresh(setting, subject, setting.folder / "undisturbed")
    under = subject.under(work)
    usual = setting.done(*subject.arguments(work), cwd=None, **refusing.variables(under, at=0, error=0, lasting=False))
    calls, left = refusing.made(), subject.left(work)
    tally.check(usual.code in (0, 1) and calls > 0, f"{subject.name} undisturbed: {usual.code}, {usual.errors[-300:]}")
    tally.figures[f"calls of {subject.name}"] = calls
    places = [1 + place * max(calls, 1) // share for place in range(share)]
    for place, at in enumerate(places):
        error, lasting = _ERRORS[place % len(_ERRORS)], random_.random() < 0.5
        at = min(calls, at + random_.randrange(max(1, calls // share)))
        what = f"{subject.name}, call {at} of {calls}: {errno.errorcode[error]}{' and all later' if lasting else ''}"
        work = _fresh(setting, subject, setting.folder / "disturbed")
        variables = refusing.variables(subject.under(work), at=at, error=error, lasting=lasting)
        started = time.monotonic()
        done = setting.done(*subject.arguments(work), cwd=None, **variables)
        seconds = time.monotonic() - started
        tally.highest("longest, s", seconds)
        tally.count("refused calls")
        wrong = _wrong(done, usual, work, seconds)
        tally.check(not wrong, f"{what}: {wrong}")
        again = setting.done(*subject.arguments(work))
        same = again.code == usual.code and subject.left(work) == left
        tally.check(same, f"{what}, then undisturbed: exit {again.code} for {usual.code}, {again.errors[-300:]}")
    for name in ("undisturbed", "disturbed"):
        shutil.rmtree(setting.folder / name, ignore_errors=True)
    return left


def _wrong(done: Done, usual: Done, work: Path, seconds: float) -> str:
    """What is wrong with how a command ended to which a call was refused; "" for nothing."""
    if done.code == usual.code:
        return ""  # nothing that mattered was refused
    said = [line for line in done.errors.splitlines() if line.startswith("axpair: ")]
    if done.code is None or seconds > LIMIT_SECONDS:
        return f"took {seconds:.0f} s"
    if "Traceback" in done.errors + done.output or done.code not in (2, 3):
        return f"exit {done.code}: {done.errors[-400:]}"
    if not said or "\n  next: " not in done.errors:
        return f"no sentence with a next step: {done.errors[-400:]}"
    if (work / "run").is_dir():
        return _wrong_count(done, work / "run")
    return ""


def _wrong_count(done: Done, run: Path) -> str:
    found = _KEPT.search(done.errors)
    if found is None:
        return f"the cases that are kept aren't counted: {done.errors[-400:]}"
    kept, told = len(_rows(run)), int(found[1] or 0)
    most = told + ("perhaps the one" in done.errors)
    return "" if told <= kept <= most else f"{found[0]!r}, and there are {kept}"


def _subjects(setting: Setting, case: SmallCase) -> list[Subject]:
    stale = ("--board", "emulator:?fault=stale-output")

    def replay(work: Path) -> Sequence[str | Path]:
        return ("replay", case.folder, "--run", work / "run", *case.flags, *stale)

    def pair(work: Path) -> Sequence[str | Path]:
        return ("pair", *case.flags, "--input", case.pictures[0], "--out", work / "gt", "--overwrite")

    def build(work: Path) -> Sequence[str | Path]:
        config = case.onnx.parent / "c.prototxt"
        outputs = ("--output", work / "built.joint", "--output_config", work / "built.prototxt")
        return ("emulator", "build", "--input", case.onnx, "--config", config, *outputs)

    def done_before(arguments: Callable[[Path], Sequence[str | Path]], undone: int) -> Callable[[Path], None]:
        kept = setting.folder / f"earlier-{undone}-{arguments.__name__}"

        def lay_out(work: Path) -> None:
            if not kept.exists():
                kept.mkdir()
                setting.done(*arguments(kept))
                if undone:
                    _take_out_rows(kept / "run", undone)
            shutil.copytree(kept, work, dirs_exist_ok=True)

        return lay_out

    def whole(work: Path) -> Path:
        return work

    def blobs(work: Path) -> Path:
        return setting.folder / "cache" / "blobs"

    return [
        Subject("replay", replay, whole, _left_of_run),
        Subject("pair", pair, whole, _left_of_pair),
        Subject("replay gone on with", replay, whole, _left_of_run, done_before(replay, 2)),
        Subject("build", build, whole, _left_of_build),
        Subject("pair, blobs", pair, blobs, _left_of_pair, lambda work: shutil.rmtree(blobs(work), ignore_errors=True)),
        Subject("pair again", pair, whole, _left_of_pair, done_before(pair, 0)),
    ]


def _fresh(setting: Setting, subject: Subject, work: Path) -> Path:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    if subject.earlier is not None:
        subject.earlier(work)
    return work


def _take_out_rows(run: Path, count: int) -> None:
    """As an interrupted replay left it."""
    with sqlite3.connect(run / "run.sqlite") as connection:
        ids = [id_ for (id_,) in connection.execute("SELECT id FROM cases ORDER BY id")][-count:]
        for table in ("metrics", "cases"):
            connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(id_,) for id_ in ids])
    connection.close()


def _rows(run: Path) -> list[tuple[object, ...]]:
    if not (run / "run.sqlite").is_file():
        return []
    connection = sqlite3.connect(run / "run.sqlite")
    try:
        return connection.execute(
            "SELECT id, source_sha256, verdict, code, owner, kept, document FROM cases ORDER BY id"
        ).fetchall()
    except sqlite3.Error:
        return []
    finally:
        connection.close()


def _left_of_run(work: Path) -> object:
    run = work / "run"
    tensors = _tensors(run / "cases") if (run / "cases").is_dir() else {}
    connection = sqlite3.connect(run / "run.sqlite")
    try:
        metrics = connection.execute("SELECT * FROM metrics ORDER BY id, position").fetchall()
    except sqlite3.Error:
        metrics = []
    finally:
        connection.close()
    return _rows(run), metrics, tensors, _strays(run)


def _left_of_pair(work: Path) -> object:
    try:
        document = json.loads((work / "gt" / "pair.json").read_bytes())
    except (OSError, ValueError):
        return None
    judged = {key: document.get(key) for key in ("verdict", "findings", "outputs", "case")}
    return judged, _tensors(work / "gt"), _strays(work)


def _left_of_build(work: Path) -> object:
    """Joints hold their date: that they are there and whole is told by their size."""
    return sorted(path.name for path in work.iterdir()), _strays(work)


def _tensors(folder: Path) -> Mapping[str, str]:
    """But for the predecessor's rounds: what a stale board answers to a predecessor hangs on what came before that."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.*")) if path.is_file()}
    tensors = {name: path for name, path in found.items() if path.suffix in (".bin", ".npy") and "runs/" not in name}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in tensors.items()}


def _strays(folder: Path) -> list[str]:
    """What only a half-done work would have left."""
    return sorted(path.name for path in folder.rglob(".*"))


def _full_outputs(setting: Setting, tally: Tally, case: SmallCase) -> None:
    """stdout and stderr that take nothing."""
    pair = ("pair", *case.flags, "--input", case.pictures[0], "--out", setting.folder / "gt", "--overwrite")
    commands: list[Sequence[str | Path]] = [["explain"]]
    if setting.count > SHORT:
        commands += [
            ("model", "info", case.joint),
            pair,
            (*pair, "--json"),
            ("diagnose", setting.folder / "gt"),
            ("compare", setting.folder / "gt", setting.folder / "gt"),
            ("replay", case.folder, "--run", setting.folder / "run-full", *case.flags),
            ("board", "info"),
            ("emulator", "faults"),
            ("--help",),
        ]
    for arguments in commands:
        for stream in ("stdout", "stderr"):
            with open("/dev/full", "w") as full:
                process = subprocess.run(
                    [setting.python, "-c", "from axpair_host.main import main; main()", *map(str, arguments)],
                    stdin=subprocess.DEVNULL,
                    stdout=full if stream == "stdout" else subprocess.PIPE,
                    stderr=full if stream == "stderr" else subprocess.PIPE,
                    text=True,
                    check=False,
                    env={**os.environ, "AXPAIR_CACHE": str(setting.folder / "cache")},
                )
            errors = process.stderr or ""
            if stream == "stdout":
                held = process.returncode == 2 and "can't be written: No space left on device" in errors
                held = held and "Traceback" not in errors and "Exception ignored" not in errors
            else:
                held = process.returncode in (0, 1)
            tally.check(held, f"{arguments[0]} with a full {stream}: exit {process.returncode}, {errors[-300:]}")


def _fill(setting: Setting, tally: Tally, case: SmallCase, undisturbed: object) -> None:
    """A replay on a file system of a few KiB that is made larger afterwards; in a namespace, so without privileges."""
    sizes = [64, 96, 128, 192, 256, 384, 512][: max(1, setting.count // 40)] if setting.count > SHORT else [160]
    arguments = ("replay", case.folder, *case.flags, "--board", "emulator:?fault=stale-output")
    for size in sizes:
        disk, copy = setting.folder / "small-disk", setting.folder / f"copy-{size}"
        disk.mkdir(exist_ok=True)
        command = shlex.join(
            [
                setting.python,
                "-c",
                "from axpair_host.main import main; main()",
                *map(str, [*arguments, "--run", disk / "run"]),
            ]
        )
        script = (
            f"mount -t tmpfs -o size={size}k none {shlex.quote(str(disk))} || exit 99\n"
            f"{command}; echo code $? >&2\n"
            f"mount -o remount,size=64m {shlex.quote(str(disk))}\n"
            f"{command}; echo again $? >&2\n"
            f"cp -r {shlex.quote(str(disk))} {shlex.quote(str(copy))}\n"
        )
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "AXPAIR_CACHE": str(setting.folder / "cache")},
        )
        if done.returncode == 99 or not copy.is_dir():
            tally.figures["small file systems"] = "none: no namespaces here"
            return
        tally.count("small file systems")
        ends = re.findall(r"(?:code|again) (\d+)", done.stderr)
        first, _, _ = done.stderr.partition("\ncode ")
        held = ends[0] in ("1", "2") and "Traceback" not in first
        held = held and (ends[0] == "1" or ("\n  next: " in first and bool(_KEPT.search(first))))
        tally.check(held, f"replay on {size} KiB: exit {ends[0]}, {first[-400:]}")
        same = _left_of_run(copy) == undisturbed
        tally.check(same and ends[1] == "1", f"replay on {size} KiB, then with room: exit {ends[1]}")
