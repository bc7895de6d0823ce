"""A user's files where build, layers, tune, reduce, tools and demo write."""

import os
import shutil
from pathlib import Path

from benchmarks.hostile.support.ground import FAILING, RAN, Ground


def a_build_over_foreign_files(at: Ground) -> None:
    """The joint, and the lava_joint that wasn't even named."""
    at.photos("photo.png", "in/m.lava_joint")
    shutil.copy(at.case.onnx, at.here / "net.onnx")
    shutil.copy(at.case.joint.with_name("c.prototxt"), at.here / "tiny.prototxt")
    at.own("net.onnx", "tiny.prototxt")
    build = ("emulator", "build", "--input", "net.onnx", "--config", at.case.joint.with_name("c.prototxt"))
    at.call(*build, "--output", "photo.png", codes=[2])
    at.call(*build, "--output", "net.onnx", codes=[2])
    at.call(*build, "--output", "in/m.joint", codes=[2], says="m.lava_joint")
    at.call(*build, "--output", "m.joint", "--output_config", "tiny.prototxt", codes=[2])
    at.call(*build, "--output", "m.joint", "--output_config", "oc.prototxt", codes=[0])
    at.call(*build, "--output", "m.joint", "--output_config", "oc.prototxt", codes=[0])
    at.call("layers", "--config", "tiny.prototxt", "--write-config", "tiny.prototxt", codes=[2])
    at.call("layers", "--config", "oc.prototxt", "--write-config", "w.prototxt", codes=[0])
    at.call("layers", "--config", "oc.prototxt", "--write-config", "w.prototxt", codes=[0])


def documents_of_the_same_name(at: Ground) -> None:
    """--out of `layers` and `reduce` holds a file of theirs, and so do the folders of `tune`."""
    at.photos("in.png", "bad/1.png", "bad/2.png", "full/1.png", "tuned/trial-1/model.joint")
    at.notes(
        "out/layers.json", "out/bisection.jsonl", "out/other.txt", "tuned/notes.txt", "tuned/trial-2/config.prototxt"
    )
    layers = ("layers", *at.case.flags, "--input", "in.png")
    at.call(*layers, "--out", "out", codes=[2], says="layers.json")
    at.call(*layers, "--bisect", "--out", "out", codes=[2], says="bisection.jsonl")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    at.call("reduce", "run", "--out", "full", codes=[2])
    tune = (
        "tune",
        "--onnx",
        at.case.onnx,
        "--config",
        at.case.joint.with_name("c.prototxt"),
        "--input",
        "in.png",
        "--int16",
        "0",
    )
    at.call(*tune, "--out", "tuned", codes=[2], says="trial-")
    at.notes("twice/notes.txt", "twice/trial-1/notes.txt")
    at.call(*layers, "--out", "twice", codes=RAN)
    at.call(*layers, "--out", "twice", codes=RAN)


def tune_twice(at: Ground) -> None:
    """Into one folder, with notes in it."""
    at.photos("in.png")
    at.notes("tuned/trial-1/notes.txt")
    tune = (
        "tune",
        "--onnx",
        at.case.onnx,
        "--config",
        at.case.joint.with_name("c.prototxt"),
        "--input",
        "in.png",
        "--int16",
        "0",
    )
    at.call(*tune, "--out", "tuned", codes=[0])
    at.call(*tune, "--out", "tuned", codes=[0])


def reduce_sends_only_evidence(at: Ground) -> None:
    """What lies beside a kept case, or behind a link in it, isn't packed for others."""
    at.photos("bad/1.png", "bad/2.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    at.notes("private.txt")
    for kept in (at.here / "run" / "cases").iterdir():
        at.notes(str((kept / "diary.txt").relative_to(at.here)))
        (kept / "board" / "more.bin").symlink_to(at.here / "private.txt")
    at.call("reduce", "run", "--out", "least", codes=[1])
    packed = [path.name for path in (at.here / "least").rglob("*") if path.name in ("diary.txt", "more.bin")]
    at.check(not packed, f"packed: {packed}")


def launchers_beside_foreign_commands(at: Ground) -> None:
    """The real pulsar, and a folder full of programs."""
    at.notes("real/pulsar", "bin/other")
    at.call("emulator", "tools", "real", codes=[2])
    at.call("emulator", "tools", "bin", codes=[0])
    at.call("emulator", "tools", "bin", codes=[0])
    (at.here / "linked").mkdir()
    (at.here / "linked" / "run_joint").symlink_to("../real/pulsar")
    at.own("linked/run_joint")
    at.call("emulator", "tools", "linked", codes=[2])


def the_demo(at: Ground) -> None:
    """Into a folder of theirs; into one where a demo's marker was copied or into which files were dropped."""
    cache = os.environ.get("AXPAIR_CACHE") or str(Path.home() / ".cache" / "axpair")
    at.photos("photos/1.png", "album/2.png", "album/pages/3.png")
    at.call("demo", "--out", "photos", codes=[2], AXPAIR_CACHE=cache)
    (at.here / "album" / "demo.json").write_text('{"schema_version": 1, "made_by": "axpair demo"}\n', encoding="utf-8")
    at.call("demo", "--out", "album", codes=[0, 2], AXPAIR_CACHE=cache)
    at.photos("album/healthy/4.png", "album/healthy/page-0/5.png")
    at.call("demo", "--out", "album", codes=[0, 2], AXPAIR_CACHE=cache)
