"""What is played: calls in the folder that advice_world lays out, each with a report at its end."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from axpair_emulator.faults import catalogue, importing, toolchain

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


@dataclass(frozen=True)
class Scene:
    """Calls, the last of which is the one whose report is read."""

    name: str
    calls: tuple[str, ...]
    put: dict[str, str] = field(default_factory=dict)
    """Placeholders that mean something else here than in other scenes."""
    variables: dict[str, str] = field(default_factory=dict)
    """Of the environment."""


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
            yield Scene(name, calls, {"INPUT": "two.bin", "GOLDEN": "golden_of_two"})
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
    put = {"OTHER.tar": "floats.tar", "TRAIN": "floats.tar", "GOLDEN": "gt/onnx"}
    yield Scene("a constant that swallows", MASKED, put)
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
        "several behind one input": f"{PAIR} --input cases/40.png cases/41.png",
        "several behind one input of tune": "axpair tune --onnx m.onnx --config c.prototxt "
        "--input cases/40.png cases/41.png",
        "a log without its folder": f"({' ; '.join(FINISHED)}) > /dev/null 2>&1; {PAIR} --gt gt --board-log run.log",
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
        "a case with nothing to reduce": "axpair reduce good --joint m.joint --board emulator: --out least",
        "least in a user's folder": f"axpair replay cases --run run {GIVEN} --board 'emulator:?fault=wrong-lut-entry' "
        "> /dev/null 2>&1; "
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
    disagreed = f"{CASE} --board 'emulator:?fault=wrong-instruction' > /dev/null"
    yield Scene("a gt folder without a board", (disagreed, "axpair reduce gt --joint m.joint --out least"))
    yield Scene("a gt folder without a joint", (disagreed, "axpair reduce gt --out least"))
