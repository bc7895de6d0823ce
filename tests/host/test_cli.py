"""The command group and what its commands refuse before any work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from axpair_proto.joint import pack_joint
from axpair_proto.topology.topology_pb2 import Topology
from command_line import axpair, environment, said_once


@pytest.fixture
def real_joint(tmp_path: Path) -> Path:
    """A joint as the real toolchain makes them: names in its topology, a part that we can't read."""
    path = tmp_path / "real.joint"
    topology = Topology(input_names=["data"], output_names=["prob/raw", "feat"])
    path.write_bytes(pack_joint(topology, {"part_0.neu": b"\x18\x00\x00\x00 not ours"}))
    return path


def test_a_near_miss_of_a_command_is_named() -> None:
    assert "did you mean 'pair'" in said_once(axpair("pari"), 2)


def test_a_missing_option_gives_the_call_that_has_it() -> None:
    said = said_once(axpair("pair"), 2)
    assert (
        "what lies here is written into an axpair.toml by axpair init; else (MODEL.joint stands for the compiled "
        "model):" in said
    )
    assert said.endswith("        axpair pair --joint MODEL.joint\n")


def test_only_commands_that_exist_are_listed() -> None:
    listed = axpair("--help").stdout.partition("Commands:")[2]
    for name in ("bundle", "report"):
        assert f"  {name} " not in listed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "neither --input nor --gt"),
        (["--input", "x.bin", "--layer", "a", "--layer", "b"], "1 --input and 2 --layer"),
        (["--gt", "nowhere"], "--gt nowhere: there is no such folder"),
        (["--gt", ".", "--input", "x.bin"], "--gt holds its input already"),
        (["--input", "x.bin", "--board-log", "log"], "--board-log belongs to a finished run"),
        (["--input", "x.bin", "--expect", "1"], "none was given"),
        (["--input", "x.bin", "--repeat", "0"], "--repeat"),
        (["--input", "x.bin", "--board", "ftp://x"], "unknown scheme 'ftp'"),
        (["--input", "x.bin", "--board", "lab"], "no address and no known name"),
        (["--input", "x.bin", "--onnx", "m.onnx"], "--onnx m.onnx: No such file"),
        (["--input", "x.bin", "--out", "real.joint/gt"], "is a file, no folder can be made in it"),
        (["--input", "x.bin", "--out", "real.joint"], "--out real.joint: is a file"),
        (["--input", "x.bin", "--simulator", "pulsar9"], "--simulator 'pulsar9': not installed"),
        (["--input", "x.bin"], "no installed simulator runs this joint"),
    ],
)
def test_flags_that_dont_fit_are_one_message(real_joint: Path, arguments: list[str], words: str) -> None:
    done = axpair("pair", "--joint", real_joint.name, *arguments, cwd=real_joint.parent)
    assert words in said_once(done, 2)
    assert sorted(path.name for path in real_joint.parent.iterdir()) == ["real.joint"]


def test_a_real_joint_without_its_toolchain_names_the_way_through_gt(real_joint: Path) -> None:
    message = said_once(axpair("pair", "--joint", real_joint, "--input", "x.bin", cwd=real_joint.parent), 2)
    assert "--gt" in message


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "is empty"), (b"\x1f\x8b nonsense", "not a joint"), (None, "No such file")]
)
def test_a_joint_that_is_none_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "m.joint").write_bytes(content)
    assert words in said_once(axpair("pair", "--joint", "m.joint", "--input", "x.bin", cwd=tmp_path), 2)


def test_model_info_of_a_real_joint_gives_names_in_order_and_says_what_it_cant_know(real_joint: Path) -> None:
    done = axpair("model", "info", real_joint, "--json")
    found = json.loads(done.stdout)
    assert [one["name"] for one in found["outputs"]] == ["prob/raw", "feat"]
    assert [one["name"] for one in found["inputs"]] == ["data"]
    assert "run_joint" in found["unknown"]
    plain = axpair("model", "info", real_joint).stdout
    assert plain.index("prob/raw") < plain.index("feat")
    assert "whatever is shown as unknown" in plain


IMPORT_TOLD_TO_END = """
import signal, sys

class SwallowsSignals:
    def find_spec(self, name, path, target=None):
        if name == "click":
            try:
                signal.raise_signal(signal.{signal})
            except BaseException:
                raise ImportError("initialization failed")

sys.meta_path.insert(0, SwallowsSignals())
from axpair_host.main import main
main()
"""


@pytest.mark.parametrize(("signal", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_that_a_library_turns_into_an_error_ends_as_that_signal_does(signal: str, code: int) -> None:
    script = IMPORT_TOLD_TO_END.format(signal=signal)
    command = [sys.executable, "-c", script, "explain"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert ("axpair: interrupted" in done.stderr) == (signal == "SIGINT")


def test_names_that_hold_nul_are_bad_input_wherever_they_stand(real_joint: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("cases/a.png\n".encode("utf-16"))
    (tmp_path / "axpair.toml").write_text('[boards.lab]\nurl = "grpc://127.0.0.1:1"\ntoken_file = "a\\u0000"\n')
    pair = ("pair", "--joint", real_joint, "--input", real_joint.with_name("x.bin"), "--out", "gt")
    for arguments in (
        ("replay", "list.txt", "--run", "run", "--joint", real_joint),
        (*pair, "--board", "lab"),
        (*pair, "--board", "grpcs://127.0.0.1:1?ca=x%00y"),
        (*pair, "--board", "emulator:?fault=%00"),
    ):
        said_once(axpair(*arguments, cwd=tmp_path), 2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_never_waited_for(real_joint: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "axpair.toml").write_text('[boards.lab]\nurl = "grpc://127.0.0.1:1"\ntoken_file = "pipe"\n')
    (tmp_path / "x.bin").write_bytes(bytes(4))
    pair = ("pair", "--joint", real_joint, "--input", "x.bin", "--out", "gt")
    for arguments in (
        ("model", "info", "pipe"),
        ("lint", "pipe"),
        ("diagnose", "pipe"),
        ("compare", "pipe", "pipe"),
        ("layers", "--build-log", "pipe"),
        ("layers", "--config", "pipe", "--write-config", "c.prototxt"),
        (*pair, "--board-out", tmp_path, "--board-log", "pipe"),
        (*pair, "--board", "lab"),
        (*pair, "--board", "grpcs://127.0.0.1:1?ca=pipe"),
        ("emulator", "build", "--input", "pipe", "--config", "pipe", "--output", "m.joint"),
    ):
        assert said_once(axpair(*arguments, cwd=tmp_path), 2)
