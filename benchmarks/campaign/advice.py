"""Every command that a report prints behind "next": run in the same folder, and held to what it says.

A scene is a call in a user's folder: one for each fault that can be injected, for losses, configurations, programs and
evidence that are wrong in the ways that the fault book knows, and for calls that are refused. What it prints is read as
a person reads it: the sentence, and the command below it. What stands there in capitals has to be explained, may not be
what the call itself named, and is replaced by what the folder has of it. Then a shell runs the command. It may find a
fault (1) or have an open verdict (3); it may not be refused (2, 70, 3 without a verdict), and what its options promise
to write has to lie there. The vendor's programs are the emulator's drop-in ones. What needs a package index isn't run,
and is counted apart, as is a sentence that holds a command in place of one that can be pasted.
"""

import argparse
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_proto.advice import UNKNOWN
from axpair_proto.lines import width

from benchmarks.campaign.advice_scenes import Scene, scenes
from benchmarks.campaign.advice_world import PUT, environment, lay_out

SECONDS = 900
_ELSEWHERE = {"pip"}
"""Programs that need what isn't here."""
_PROGRAMS = ("axpair", "mkdir", "run_joint", "pulsar", "sha256sum", "chmod", "openssl", "pip", "cd", "mv")
_WRITTEN = ("--out", "--run", "--write-config", "--output", "--output_config", "--output_gt", "--bin-out-dir")
"""Options that say where something is going to lie."""
_LEADS = ("next: ", "下一步：")
_NAMED = {
    "--joint": "MODEL.joint",
    "--onnx": "MODEL.onnx",
    "--lava-joint": "MODEL.lava_joint",
    "--config": "CONFIG.prototxt",
    "--input": "INPUT",
    "--golden": "GOLDEN",
    "--postprocess": "MODULE:FUNCTION",
    "--preprocess": "MODULE:PREPROCESS",
}
"""What a call that names it knows, so that no command of its report leaves it open."""
_HIDDEN = re.compile(r"(?:axpair|pulsar|run_joint) (?:[a-z]+ )*(?:--?[a-z]|[A-Z./][\w./]*\.)")
"""A command within a sentence."""
_VENDOR = ("pulsar", "run_joint")


@dataclass(frozen=True)
class Printed:
    """One step as it stands in a report."""

    said: str
    command: str
    """"" where it is a sentence alone."""


@dataclass(frozen=True)
class Outcome:
    """One command, and what came of it."""

    scene: str
    printed: Printed
    wrong: str
    """Why it isn't what it says; "" where it is."""
    ran: bool


def printed(text: str) -> list[Printed]:
    """The steps of a report: of each "next:" the sentence, and the command in the lines below it."""
    lines, steps = text.splitlines(), []
    for at, line in enumerate(lines):
        found = re.match(rf"(\s*)({'|'.join(_LEADS)})(.*)", line)
        if found is None:
            continue
        column = len(found[1]) + width(found[2])
        below = []
        for other in lines[at + 1 :]:
            if len(other) - len(other.lstrip()) < column or other.lstrip().startswith(_LEADS):
                break
            below.append(other.strip())
        steps.append(_step([found[3], *below]))
    return steps


def _step(lines: Sequence[str]) -> Printed:
    start = next((at for at, line in enumerate(lines) if line.split(" ")[0] in _PROGRAMS), len(lines))
    command = []
    for line in lines[start:]:
        command.append(line.removesuffix("\\").strip())
        if not line.endswith("\\"):
            break
    return Printed(" ".join(lines[:start]), " ".join(command))


def _listed(text: str) -> list[Printed]:
    """The commands that `axpair init` lists."""
    lines = text.partition("\nnext\n")[2].splitlines()
    return [
        Printed(why.strip().removeprefix("# "), line.strip())
        for line, why in itertools.pairwise(lines)
        if why.strip().startswith("# ")
    ]


def _in_document(text: str) -> list[Printed]:
    found = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("command") and "placeholders" in value:
                said = [f"{word} stands for {meaning}" for word, meaning in value["placeholders"].items()]
                found.append(Printed("; ".join([value["text"], *said]), value["command"]))
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(json.loads(text))
    return list(dict.fromkeys(found))


def tried(scene: Scene, world: Path) -> Iterator[Outcome]:
    """Play a scene in a copy of the folder, then each command that it printed in a copy of how that left it."""
    with tempfile.TemporaryDirectory(prefix="axpair-advice-") as name:
        folder = Path(name) / "played"
        shutil.copytree(world, folder)
        text = ""
        for call in scene.calls:
            done = _shell(folder, call, scene.variables)
            text = f"{done.stdout}\n{done.stderr}"
        try:
            steps = _in_document(done.stdout) if "--json" in scene.calls[-1] else printed(text)
        except ValueError as error:
            yield Outcome(scene.name, Printed("", ""), f"no document: {error}", False)
            return
        if "axpair init" in scene.calls[-1]:
            steps += _listed(done.stdout)
        if "Traceback" in text or done.returncode == 70:
            yield Outcome(scene.name, Printed("", scene.calls[-1]), f"exit {done.returncode}: {text[-300:]}", False)
        for step in steps:
            if hidden := _HIDDEN.search(step.said):
                yield Outcome(scene.name, step, f"a command within a sentence: {hidden[0]}", False)
        for number, step in enumerate(one for one in steps if one.command):
            here, before = Path(name) / f"step-{number}", Path(name) / f"step-{number - 1}"
            follows = step.said.startswith("Then ") and before.is_dir()
            shutil.copytree(before if follows else folder, here)
            yield _held(scene, step, here, folder)
            shutil.rmtree(before, ignore_errors=True)


def _held(scene: Scene, step: Printed, folder: Path, called: Path) -> Outcome:
    command, unexplained = step.command, []
    for word, meant in {**PUT, **scene.put}.items():
        stands = rf"(?<![\w./-]){re.escape(word)}(?![\w./-])"
        if re.search(stands, command):
            command = re.sub(stands, shlex.quote(meant), command)
            if not re.search(rf"{re.escape(word)} (?:stands for|为)", " ".join(step.said.split())):
                unexplained.append(word)
            # What the call gave under the wrong option stands in the command already, under its own.
            if (known := _known(scene, word)) and known not in step.command:
                return Outcome(scene.name, step, f"{word} is left open, and is {known}", False)
    if unexplained:
        return Outcome(scene.name, step, f"not explained: {', '.join(unexplained)}", False)
    if left := [one for one in UNKNOWN.values() if re.search(rf"(?<![\w./-]){re.escape(one)}(?![\w./-])", command)]:
        return Outcome(scene.name, step, f"a placeholder that the folder has nothing for: {left[0]}", False)
    command = command.replace(str(called), str(folder))
    if command.split(" ")[0] in _ELSEWHERE:
        return Outcome(scene.name, step, "", False)
    try:
        shlex.split(command)
    except ValueError as error:
        return Outcome(scene.name, step, f"no words of a shell: {error}", False)
    done = _shell(folder, command, scene.variables)
    is_verdict = bool(re.search("INCONCLUSIVE", done.stdout))
    if done.returncode not in (0, 1, 3) or (done.returncode == 3 and not is_verdict):
        said = " ".join(f"{done.stdout} {done.stderr}".split())
        return Outcome(scene.name, step, f"exit {done.returncode}: {said[-400:]}", True)
    return Outcome(scene.name, step, _lacking(command, folder), True)


def _known(scene: Scene, word: str) -> str:
    """What the call said that the word stands for; "" where it said nothing of it."""
    words = shlex.split(scene.calls[-1]) if "diagnose" not in scene.calls[-1] else []
    return next((value for option, value in itertools.pairwise(words) if _NAMED.get(option) == word), "")


def _lacking(command: str, folder: Path) -> str:
    """What the command's options say that it writes, and that isn't there."""
    words = shlex.split(command.replace("$'", "'"))
    for option, value in itertools.pairwise(words):
        place = folder / value
        if option in _WRITTEN and not (place.is_file() or (place.is_dir() and any(place.iterdir()))):
            return f"nothing lies in {option} {value}"
    return ""


def _shell(folder: Path, command: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    shell = shutil.which("bash") or "/bin/sh"
    where = {**environment(folder), **variables}
    where["AXPAIR_CACHE"] = str(folder.parent / "cache")
    return subprocess.run(
        (shell, "-c", command),
        cwd=folder,
        env=where,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
    )


def main(arguments: Sequence[str]) -> int:
    """Print each command that isn't what it says, and counts; 1 where there is one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks campaign advice", description=__doc__)
    parser.add_argument("--only", metavar="WORDS", help="scenes whose name holds that")
    parser.add_argument("--world", type=Path, help="the folder to play in; laid out where it isn't there")
    parser.add_argument("-v", "--verbose", action="store_true", help="every command")
    given = parser.parse_args(arguments)
    outcomes: list[Outcome] = []
    without: list[str] = []
    with tempfile.TemporaryDirectory(prefix="axpair-advice-world-") as name:
        world = given.world or Path(name) / "world"
        if not world.exists():
            lay_out(world)
        for scene in scenes():
            if given.only and given.only not in scene.name:
                continue
            found = list(tried(scene, world))
            outcomes += found
            if not found:
                without.append(scene.name)
            for one in found:
                if one.wrong or given.verbose:
                    print(f"{'WRONG' if one.wrong else 'right'} {scene.name}: {one.printed.command}", flush=True)
                if one.wrong:
                    print(f"      {one.wrong}", flush=True)
    print(f"\n{table(outcomes)}\n")
    print(f"reports without a command: {', '.join(without) or 'none'}")
    wrong = sum(bool(one.wrong) for one in outcomes)
    different = len({one.printed.command for one in outcomes})
    by = Counter(_by(one) for one in outcomes)
    print(f"commands printed: {len(outcomes)} ({different} different), not what they say: {wrong}")
    print("run by: " + ", ".join(f"{who} {count}" for who, count in sorted(by.items())))
    return 1 if wrong else 0


def table(outcomes: Sequence[Outcome]) -> str:
    """By program and command: how many were printed, how many ran and did what they say."""
    rows = ["| command | printed | ran | did what it says |", "|---|---|---|---|"]
    kinds = Counter(_kind(one.printed.command) for one in outcomes)
    for kind, count in sorted(kinds.items()):
        group = [one for one in outcomes if _kind(one.printed.command) == kind]
        ran = sum(one.ran for one in group)
        rows.append(f"| {kind} | {count} | {ran} | {sum(not one.wrong for one in group)} |")
    return "\n".join(rows)


def _by(one: Outcome) -> str:
    """Who ran it."""
    if not one.ran:
        return "nobody"
    programs = [words.split()[0] for words in re.split(r"&&|;", one.printed.command) if words.split()]
    if any(program in _VENDOR for program in programs):
        return "the vendor's programs, emulated"
    return "axpair" if "axpair" in programs else "the shell"


def _kind(command: str) -> str:
    words = [word for word in command.split(" ") if not word.startswith(("-", "'", '"'))]
    if "run_joint" in words:
        return "run_joint"
    return " ".join(words[: 3 if words[1:2] in (["emulator"], ["model"], ["board"]) else 2])


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main(sys.argv[1:]))
