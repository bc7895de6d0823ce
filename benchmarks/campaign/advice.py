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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axpair_emulator.faults import catalogue, importing, toolchain
from axpair_proto.advice import UNKNOWN
from axpair_proto.lines import width

from benchmarks.campaign.advice_world import environment, lay_out

SECONDS = 300
GIVEN = "--onnx m.onnx --joint m.joint --lava-joint m.lava_joint --config oc.prototxt"
PAIR = f"axpair pair {GIVEN}"
CASE = f"{PAIR} --input a.png"


def build(name: str, onnx: str = "m.onnx", config: str = "c.prototxt") -> str:
    """The call that makes a joint of that name, with all that lies beside it."""
    written = f"--output {name}.joint --output_config {name}.oc.prototxt"
    return f"axpair emulator build --input {onnx} --config {config} {written}"


def pair(name: str, onnx: str = "m.onnx", case: str = "a.png") -> str:
    """The call that pairs a case with it."""
    files = f"--joint {name}.joint --lava-joint {name}.lava_joint --config {name}.oc.prototxt"
    return f"axpair pair --onnx {onnx} {files} --input {case}"


LOSSY = (build("lossy", "lossy.onnx"), pair("lossy", "lossy.onnx"))
MASKED = (build("mask", "mask.onnx", "floats.prototxt"), pair("mask", "mask.onnx", "x.npy"))
FINISHED = (
    f"{CASE} --out gt",
    "mkdir -p out && run_joint m.joint --data gt/input/data.bin --bin-out-dir out > run.log 2>&1",
)
_PARAMETERS = {"hang": "&at=1", "slow": "&milliseconds=20", "q-not-applied": "&q=16"}
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
}
"""What a call that names it knows, so that no command of its report leaves it open."""
_HIDDEN = re.compile(r"(?:axpair|pulsar|run_joint) (?:[a-z]+ )*(?:--?[a-z]|[A-Z./][\w./]*\.)")
"""A command within a sentence."""
_VENDOR = ("pulsar", "run_joint")


@dataclass(frozen=True)
class Scene:
    """Calls, the last of which is the one whose report is read."""

    name: str
    calls: tuple[str, ...]
    put: dict[str, str] = field(default_factory=dict)
    """Placeholders that mean something else here than in other scenes."""
    variables: dict[str, str] = field(default_factory=dict)
    """Of the environment."""


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


def scenes() -> Iterator[Scene]:
    """All of them."""
    yield from _of_boards()
    yield from _of_compiler()
    yield from _of_conversion()
    yield from _of_programs()
    yield from _of_evidence()
    yield from _of_other_commands()
    yield from _refused()


def _of_boards() -> Iterator[Scene]:
    for name in catalogue.FAULTS:
        board = shlex.quote(f"emulator:?fault={name}&seed=1{_PARAMETERS.get(name, '')}")
        more = " --deadline 3" if name == "hang" else ""
        if name == "unfit-board":
            yield Scene(name, (f"{CASE} --canary good --board {board}",))
        elif name == "wrong-batch-item":
            calls = (f"{build('two')} --compile_batch_size 2", f"{pair('two', case='two.bin')} --board {board}")
            yield Scene(name, calls, {"INPUT": "two.bin"})
        else:
            yield Scene(name, (f"{CASE} --board {board}{more}",))
    yield Scene("a finished run", (*FINISHED, f"{PAIR} --gt gt --board-out out --board-log run.log --out judged"))
    wrong = ("cp out/map.bin kept.bin", "head -c 960 /dev/urandom > out/map.bin")
    judged = f"{PAIR} --gt gt --board-out out --out judged"
    yield Scene("a finished run, wrong, without log", (*FINISHED, *wrong, judged), {"RUN.log": "run.log"})
    yield Scene("a board once", (f"{CASE} --repeat 1 --board 'emulator:?fault=wrong-instruction'",))
    yield Scene("a replay", (f"axpair replay cases --run run {GIVEN} --board 'emulator:?fault=stale-output'",))
    again = f"axpair replay cases --run run {GIVEN} --board 'emulator:?fault=wrong-lut-entry' --json"
    yield Scene("a replay as JSON", (again,))
    yield Scene(
        "a board that computes otherwise, in Chinese",
        (f"{CASE} --board 'emulator:?fault=wrong-instruction' --lang zh",),
    )


def _of_compiler() -> Iterator[Scene]:
    for name in (*toolchain.FAULTS, importing.GRAPH_IMPORT.name):
        yield Scene(name, (f"{build('f')} --fault {name}", pair("f")))


def _of_conversion() -> Iterator[Scene]:
    yield Scene("a layer that loses", LOSSY)
    yield Scene("a layer that loses, stored", (*LOSSY, "axpair diagnose gt"))
    yield Scene("a loss without lava_joint", (LOSSY[0], LOSSY[1].replace("--lava-joint lossy.lava_joint ", "")))
    yield Scene("a loss on two platforms", (LOSSY[0], f"{LOSSY[1]} --other rk3588,int8,mAP=0.40,float=0.60"))
    yield Scene("a constant that swallows", MASKED, {"OTHER.tar": "floats.tar", "TRAIN": "floats.tar"})
    yield Scene("unlike the calibration set", (build("d", config="dark.prototxt"), pair("d")))
    turned = build("t", config="turned.prototxt")
    yield Scene("mean turned round", (turned, f"{pair('t')} --golden golden"))
    yield Scene("mean turned round, a label alone", (turned, f"{pair('t')} --postprocess post:top --expect 3"))
    yield Scene("another build's configuration", (turned, CASE.replace("oc.prototxt", "t.oc.prototxt")))
    other = (build("o", "other.onnx"), f"{pair('o', 'other.onnx')} --golden golden")
    yield Scene("a model that wasn't the one trained", other)
    simulated = "pulsar run m.onnx m.joint --input a.png --output_gt sim"
    yield Scene("simulated elsewhere", (simulated, "axpair diagnose sim"))
    yield Scene("a healthy case", (CASE,))
    yield Scene("a joint alone", ("axpair pair --joint m.joint --input a.png",))


def _of_programs() -> Iterator[Scene]:
    right = f"{CASE} --postprocess post:top"
    yield Scene("a post-processor that is wrong", (f"{CASE} --postprocess post:wrong --expect F --observed '\"9\"'",))
    yield Scene("a post-processor that misses", (f"{CASE} --postprocess post:wrong --expect 3",))
    yield Scene("a product that says otherwise", (f"{right} --expect F --observed 99",))
    yield Scene("a product that says otherwise, stored", (right, "axpair diagnose gt --observed 99"))
    post = "--postprocess post:planes --expect '{\"sums\": [1, 2]}'"
    calls = (f"{build('n')} --output_tensor_layout nhwc", f"{pair('n')} {post}")
    yield Scene("a layout that is misread", calls)
    yield Scene("prepared as floats", (f"{CASE} --preprocess post:as_floats",))
    yield Scene("prepared in gray bars", (f"{PAIR} --input wide.png --preprocess post:prepare",))


def _of_evidence() -> Iterator[Scene]:
    gathered = f"{CASE} --out gt"
    yield Scene("an output that is gone", (gathered, "rm gt/board/map.*", "axpair diagnose gt"))
    grown = "head -c 480 gt/board/map.bin > cut.bin && rm gt/board/map.npy && mv cut.bin gt/board/map.bin"
    yield Scene("an output of another size", (gathered, grown, "axpair diagnose gt"))
    changed = "cp gt/input/data.bin gt/board/prob.bin && rm gt/board/prob.npy"
    yield Scene("a file that was changed", (gathered, changed, "axpair diagnose gt"))
    yield Scene("a tolerance that can't fail", (f"{CASE} --board 'emulator:?fault=wrong-lut-entry' --atol 1e9",))
    yield Scene("an archive", (gathered, "tar czf gt.tar.gz gt", "axpair diagnose gt.tar.gz"), {"GT": "gt"})


def _of_other_commands() -> Iterator[Scene]:
    yield Scene("lint", ("axpair lint turned.prototxt",))
    more = "--onnx m.onnx --input a.png --train train --score 2"
    yield Scene("lint with a model", (f"axpair lint turned.prototxt {more}",))
    floats = {"OTHER.tar": "floats.tar", "INPUT": "x.npy", "TRAIN": "floats.tar"}
    yield Scene("lint of a masked model", ("axpair lint floats.prototxt --onnx mask.onnx",), floats)
    yield Scene("a build that loses", (LOSSY[0],))
    layers = "axpair layers --onnx lossy.onnx --joint lossy.joint --lava-joint lossy.lava_joint --input a.png"
    yield Scene("layers", (LOSSY[0], f"{layers} --config lossy.oc.prototxt"))
    yield Scene("tune", ("axpair tune --onnx lossy.onnx --config c.prototxt --input a.png",))
    yield Scene("init", ("rm -r good golden product_* && axpair init",))
    yield Scene("init elsewhere", ("mkdir there && cp m.* oc.prototxt a.png there && axpair init there",))
    bisected = "axpair reduce gt --joint m.joint --board 'emulator:?fault=wrong-instruction' --out least"
    yield Scene("reduce", (f"{CASE} --board 'emulator:?fault=wrong-instruction'", bisected))


def _refused() -> Iterator[Scene]:
    calls = {
        "no input": PAIR,
        "no joint": "axpair pair --input a.png",
        "no such option's value": f"{CASE} --expect 3",
        "F without a post-processor": f"{CASE} --expect F",
        "joint and lava_joint swapped": "axpair pair --joint m.lava_joint --lava-joint m.joint --input a.png",
        "an ONNX model as joint": "axpair pair --joint m.onnx --input a.png",
        "a joint as gt": "axpair diagnose m.joint",
        "a configuration as model": "axpair model info c.prototxt",
        "a picture as configuration": "axpair lint a.png",
        "a folder as input": f"{PAIR} --input cases",
        "several behind one input": f"{PAIR} --input a.png b.png",
        "several behind one input of tune": "axpair tune --onnx m.onnx --config c.prototxt --input a.png b.png",
        "a log without its folder": f"{PAIR} --gt good --board-log a.png",
        "preprocess without a file": f"{PAIR} --gt good --preprocess post:prepare",
        "another case in --out": f"{PAIR} --input b.png --out good",
        "a user's folder as --out": f"{CASE} --out cases",
        "a file as --out": f"{CASE} --out a.png",
        "a folder above as --out": f"{CASE} --out .",
        "an unknown code": "axpair explain AX999",
        "an unknown fault": f"{CASE} --board 'emulator:?fault=stale'",
        "a compiler's fault on a board": f"{CASE} --board 'emulator:?fault=dropped-bias'",
        "a simulator that isn't there": f"{CASE} --simulator pulsar9",
        "layers of a joint alone": "axpair layers --joint m.joint --input a.png",
        "layers without an input": "axpair layers --joint m.joint --onnx m.onnx",
        "16 bit without a configuration": "cp m.joint n.joint && rm oc.prototxt && axpair layers --joint n.joint "
        "--onnx m.onnx --lava-joint m.lava_joint --input a.png --try-int16",
        "a bisection without a folder": "axpair layers --joint m.joint --onnx m.onnx --input a.png --bisect "
        "--board 'emulator:?fault=wrong-instruction'",
        "a table without a configuration": "axpair layers --write-config measured.prototxt",
        "a log without a table": "echo nothing > build.log; axpair layers --build-log build.log",
        "tune without a case": "axpair tune --onnx m.onnx --config c.prototxt",
        "an open shape": "axpair emulator build --input open.onnx --config c.prototxt --output open.joint",
        "a shape of another input": "axpair emulator build --input m.onnx --config c.prototxt --output n.joint "
        "--input-shape x:1x3x12x10",
        "a build without a model": "axpair emulator build --config c.prototxt --output n.joint",
        "a build over its model": "axpair emulator build --input m.onnx --config c.prototxt --output m.onnx",
        "a run of other models": f"axpair replay cases --run run {GIVEN} > /dev/null 2>&1; "
        "axpair replay cases --run run --joint m.joint",
        "a user's folder as --run": f"axpair replay cases --run train {GIVEN}",
        "cases within the run": f"axpair replay cases --run . {GIVEN}",
        "a gt folder without a board": "axpair reduce good --joint m.joint --out least",
        "a gt folder without a joint": "axpair reduce good --out least",
        "a case with nothing to reduce": "axpair reduce good --joint m.joint --board emulator: --out least",
        "least in a user's folder": f"axpair replay cases --run run {GIVEN} > /dev/null 2>&1; "
        "axpair reduce run --out cases",
        "a tolerance that can't fail, of two folders": "axpair compare good/joint good/onnx --atol 1e9",
        "folders of other names": "mkdir names && cp good/joint/map.npy names/other.npy && mkdir one && "
        "cp good/joint/map.npy one && axpair compare one names",
        "a parent of gt folders": "mkdir some && cp -r good some/good && axpair diagnose some",
        "no tensors": "axpair diagnose cases",
        "an emulated board for a real joint": "axpair board info --board nowhere",
    }
    for name, call in calls.items():
        yield Scene(name, (call,))


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


PUT = {
    "MODEL.joint": "m.joint",
    "MODEL.onnx": "m.onnx",
    "MODEL.lava_joint": "m.lava_joint",
    "OUTPUT_CONFIG.prototxt": "oc.prototxt",
    "CONFIG.prototxt": "c.prototxt",
    "INPUT.bin": "good/input/data.bin",
    "INPUT": "a.png",
    "GOOD_GT": "good",
    "GOOD.joint": "m.joint",
    "GT": "good",
    "GOLDEN": "golden",
    "OTHER.tar": "other.tar",
    "OTHER": "rk3588,int8,mAP=0.48,float=0.60",
    "TRAIN": "train",
    "BOARD": "emulator:",
    "MODULE:FUNCTION": "post:top",
    "PRODUCT_INPUT": "product_input",
    "PRODUCT_OUTPUT": "product_output",
    "RUN.log": "run.log",
    "OUT": "out",
    "CASES": "cases",
    "FOLDER": "written",
}
"""What the folder has for each word in capitals."""


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
            here = Path(name) / f"step-{number}"
            shutil.copytree(folder, here)
            yield _held(scene, step, here, folder)
            shutil.rmtree(here)


def _held(scene: Scene, step: Printed, folder: Path, called: Path) -> Outcome:
    command, unexplained = step.command, []
    for word, meant in {**PUT, **scene.put}.items():
        stands = rf"(?<![\w./-]){re.escape(word)}(?![\w./-])"
        if re.search(stands, command):
            command = re.sub(stands, shlex.quote(meant), command)
            if not re.search(rf"{re.escape(word)} (?:stands for|为)", " ".join(step.said.split())):
                unexplained.append(word)
            if known := _known(scene, word):
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
