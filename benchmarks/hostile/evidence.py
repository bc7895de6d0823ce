"""Damaged and hostile evidence: gt folders, run folders and archives, mutated, judged and compared.

Expected of every mutant: exit 0 to 3 within a while; one message, no traceback; nothing on the output that plays with
a terminal; JSON that can be read; nothing opened outside the folder, nothing unpickled; memory within a bound. Most
run in few processes, a sample as command lines of their own, `pair --gt` and `replay` on a board among them.
"""

import json
import os
import random
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile.attack import Done, Setting, Tally
from benchmarks.hostile.support.feeding import Ended, Feeder
from benchmarks.hostile.support.mutations import (
    SECRET,
    mutate_bytes,
    mutate_json,
    odd_archive,
    odd_npy,
    put_in_place,
)
from benchmarks.hostile.support.refusing import Refusing, is_possible
from benchmarks.hostile.support.run_damage import damage_row, damage_run, rows_of
from benchmarks.hostile.support.small_case import SmallCase, small_case

USUAL, SHORT = 10_000, 60
"""In mutants."""
LIMIT_SECONDS = 60.0
MEMORY = 400 << 20
"""Bytes that a process may take which judges evidence of a few KiB, whatever that says of itself: the interpreter with
numpy, what a compressed member unpacks to, and room."""
LONGEST_LINE = 30_000
"""Characters of a line for people."""
_LINES_EVERY = 400
"""One mutant in so many is judged by a command line of its own too, one by `pair --gt`, one run by `replay`."""


@dataclass(frozen=True)
class Originals:
    """What mutants are made of."""

    case: SmallCase
    gt: Path
    """With pair.json, of a board with stale outputs: rounds, log lines, findings."""
    bare: Path
    """Without."""
    run: Path
    outside: Path
    """Where links lead: nothing below it may be opened."""


def attack(setting: Setting, tally: Tally) -> None:
    """Make mutants by the seed, and judge each."""
    originals = _originals(setting)
    random_ = random.Random(setting.seed)
    (setting.folder / "temporary").mkdir()
    with Feeder(setting, {"TMPDIR": str(setting.folder / "temporary")}) as feeder:
        for number in range(setting.count):
            mutant = setting.folder / "mutant"
            shutil.rmtree(mutant, ignore_errors=True)
            mutant.mkdir()
            what, commands = _mutant(originals, mutant, random_)
            tally.count("mutants")
            for command in commands:
                ended = feeder.run(command, LIMIT_SECONDS)
                tally.highest("memory, MiB", ended.peak / (1 << 20))
                wrong = _wrong(ended, command, originals)
                tally.check(not wrong, f"mutant {number}, {what}, {command[0]}: {wrong}")
            if number % _LINES_EVERY == 7:
                _command_lines(setting, tally, originals, mutant, f"mutant {number}, {what}", commands)
    if setting.count > SHORT:
        _unreadable(setting, tally, originals)
    _damaged_runs(setting, tally, originals, random_)


def _originals(setting: Setting) -> Originals:
    case = small_case(setting.folder / "model", 3)
    gt, bare, run, outside = (setting.folder / name for name in ("gt", "bare", "run", "outside"))
    stale = ("--board", "emulator:?fault=stale-output")
    setting.done("pair", *case.flags, "--input", case.pictures[0], "--out", gt, *stale)
    shutil.copytree(gt, bare)
    (bare / "pair.json").unlink()
    setting.done("replay", case.folder, "--run", run, *case.flags, *stale)
    outside.mkdir()
    (outside / SECRET).write_bytes((gt / "board" / "y.bin").read_bytes())
    shutil.copyfile(gt / "board" / "y.npy", outside / "y.npy")
    (outside / "secret").mkdir()
    return Originals(case, gt, bare, run, outside)


def _mutant(originals: Originals, mutant: Path, random_: random.Random) -> tuple[str, list[Sequence[str | Path]]]:
    """What was done, and the commands that it is given to."""
    kind = random_.random()
    if kind < 0.1:
        shutil.copytree(originals.run, mutant / "run")
        what = damage_run(mutant / "run", originals.outside, random_)
        return what, [("reduce", mutant / "run", "--out", mutant / "out", "--json")]
    if kind < 0.17:
        path = odd_archive(originals.gt, mutant / "archive", random_)
        return f"archive {path.name}", [("compare", path, originals.gt)]
    recorded = random_.random() < 0.8
    gt = mutant / "gt"
    shutil.copytree(originals.gt if recorded else originals.bare, gt)
    form = ("--json",) if random_.random() < 0.5 else ()
    what = _damage(gt, originals.outside, random_, of_document=recorded and kind < 0.6)
    commands: list[Sequence[str | Path]] = [("diagnose", gt, *form)]
    if kind > 0.6:
        commands.append(("compare", gt, originals.gt, *form))
    return what, commands


def _damage(gt: Path, outside: Path, random_: random.Random, *, of_document: bool) -> str:
    document = gt / "pair.json"
    if of_document:
        change = mutate_json if random_.random() < 0.85 else mutate_bytes
        document.write_bytes(change(document.read_bytes(), random_))
        return change.__name__
    inner = sorted(path for path in gt.rglob("*") if not path.is_symlink())
    path = random_.choice(inner)
    deed = random_.random()
    if deed < 0.45 or path.is_dir():
        return f"{put_in_place(path, outside, random_)} for {path.relative_to(gt)}"
    if deed < 0.7 and path.suffix == ".npy":
        path.write_bytes(odd_npy(random_))
        return f"odd npy {path.relative_to(gt)}"
    path.write_bytes(mutate_bytes(path.read_bytes(), random_))
    return f"bytes of {path.relative_to(gt)}"


def _wrong(ended: Ended, command: Sequence[str | Path], originals: Originals) -> str:
    if ended.code is None:
        return f"no end within {LIMIT_SECONDS:.0f} s, or with its process"
    if wrong := _wrong_words(ended.code, ended.output, ended.errors, as_json="--json" in command):
        return wrong
    whole = originals.outside.parent
    for path, writes in ended.opened:
        if Path(path).is_relative_to(originals.outside):
            return f"opened {path}"
        place = Path(path).relative_to(whole).parts[0] if Path(path).is_relative_to(whole) else path
        if writes and place not in ("mutant", "cache", "temporary", os.devnull):
            return f"opened {path} for writing"
    if ended.unpickled:
        return f"unpickled {ended.unpickled[0]}"
    return f"{ended.peak >> 20} MiB" if ended.peak > MEMORY else ""


def _wrong_words(code: int, output: str, errors: str, *, as_json: bool) -> str:
    if code not in (0, 1, 2, 3) or "Traceback" in errors + output:
        return f"exit {code}: {errors[-400:]}"
    odd = {character for character in output + errors if character != "\n" and not _is_harmless(character)}
    if odd:
        return f"shows {sorted(odd)[:3]}"
    if code == 2 and not any(line.startswith("axpair: ") for line in errors.splitlines()):
        return f"exit 2 without a message: {errors[-300:]}"
    # A document keeps its values whole, whatever their length: programs read it.
    for_people = errors if as_json else output + errors
    if max(map(len, for_people.splitlines()), default=0) > LONGEST_LINE:
        return f"a line of more than {LONGEST_LINE} characters"
    if as_json:
        try:
            json.loads(output)
        except ValueError as error:
            return f"no JSON: {error}: {output[:200]}"
    return ""


def _is_harmless(character: str) -> bool:
    """Spaces of other languages are: file names have them."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _wrong_line(done: Done, *, as_json: bool = False) -> str:
    if done.code is None:
        return "no end"
    return _wrong_words(done.code, done.output, done.errors, as_json=as_json)


def _command_lines(
    setting: Setting,
    tally: Tally,
    originals: Originals,
    mutant: Path,
    what: str,
    commands: Sequence[Sequence[str | Path]],
) -> None:
    lines = list(commands)
    if (mutant / "gt").is_dir():
        case = originals.case
        lines.append(("pair", "--joint", case.joint, "--gt", mutant / "gt", "--out", mutant / "again"))
    for line in lines:
        tally.count("command lines")
        wrong = _wrong_line(setting.done(*line), as_json="--json" in line)
        tally.check(not wrong, f"{what}, {line[0]} as a command line: {wrong}")


def _unreadable(setting: Setting, tally: Tally, originals: Originals) -> None:
    """Files whose reading fails, as on a broken disk."""
    if not is_possible():
        tally.figures["unreadable files"] = "none: no C compiler here"
        return
    refusing = Refusing.built(setting.folder / "refusing")
    gt, run = originals.gt, originals.run
    for pattern in ("pair.json", "board/*.bin", "board/*.npy", "joint/*", "runs/*", "input/*", "*"):
        variables = refusing.unreadable(gt, pattern)
        case = originals.case
        pair = ("pair", "--joint", case.joint, "--gt", gt, "--out", setting.folder / "again", "--overwrite")
        commands: list[Sequence[str | Path]] = [("diagnose", gt), ("compare", gt, originals.bare), pair]
        for command in commands:
            wrong = _wrong_line(setting.done(*command, cwd=None, **variables))
            tally.check(not wrong, f"{command[0]}, {pattern} can't be read: {wrong}")
            tally.count("unreadable files")
    for pattern in ("run.sqlite", "cases/*"):
        reduced = setting.folder / f"reduced-{len(pattern)}"
        wrong = _wrong_line(
            setting.done("reduce", run, "--out", reduced, cwd=None, **refusing.unreadable(run, pattern))
        )
        tally.check(not wrong, f"reduce, {pattern} can't be read: {wrong}")


def _damaged_runs(setting: Setting, tally: Tally, originals: Originals, random_: random.Random) -> None:
    """One damaged row costs that row: it is named and run again, and the run is then what it was."""
    case, usual = originals.case, rows_of(originals.run)
    for number in range(max(1, setting.count // _LINES_EVERY)):
        run = setting.folder / "damaged-run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(originals.run, run)
        id_, what = damage_row(run, random_, number)
        done = setting.done(
            *("replay", case.folder, "--run", run, *case.flags, "--board", "emulator:?fault=stale-output", "--json")
        )
        tally.count("damaged rows")
        wrong = _wrong_line(done, as_json=True)
        if not wrong and done.code != 1:
            wrong = f"exit {done.code}: {done.errors[-400:]}"
        if not wrong and id_ not in done.errors:
            wrong = f"{id_} isn't named: {done.errors[-400:]}"
        if not wrong and rows_of(run) != usual:
            wrong = "the run isn't what it was"
        tally.check(not wrong, f"replay on a damaged row, {what}: {wrong}")
