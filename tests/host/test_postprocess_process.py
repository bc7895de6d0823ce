"""A post-processor in Python has a process of its own: what it does to it is told, and never done to axpair."""

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from agent_process import gone
from axpair_host.errors import PostprocessError
from axpair_host.postprocess import apply, load
from axpair_host.postprocess.process import PythonProcess
from axpair_host.postprocess.readings.explaining import explain
from command_line import Done, command, environment
from hiding import all_gone, program, register
from host.evidence_builder import Ran, build, values

BAD, GOOD = np.zeros((1, 2), np.float32), np.array([[0.1, 0.9]], np.float32)
LEGS = {"onnx": {"prob": GOOD}, "board": {"prob": BAD}}
MODULE = """
import os, pathlib, signal, subprocess, sys, time
import numpy as np
here = pathlib.Path(__file__).parent
with open(here / "imports", "a") as file:
    file.write("x")
def leaves(outputs):
    print("on its way", flush=True)
    os._exit(0)
def leaves_on_bad(outputs):
    if outputs["prob"][0, 1] < 0.5:
        os._exit(0)
    return os.getpid()
def dies(outputs):
    os.kill(os.getpid(), signal.SIGSEGV)
def leaves_a_child(outputs):
    if os.fork() == 0:
        time.sleep(600)
    os._exit(3)
def hangs(outputs):
    (here / "pid").write_text(str(os.getpid()))
    time.sleep(600)
def pid(outputs):
    return os.getpid()
def prints(outputs):
    print("through python")
    os.write(1, b"through the descriptor\\n")
    subprocess.run([sys.executable, "-c", "print('through a child')"])
    return sys.stdin.read()
def shapes(outputs):
    for each in outputs.values():
        each.flags.writeable = True
        each[...] = 1
    return {name: [str(each.dtype), list(each.shape), each.flags.owndata] for name, each in outputs.items()}
def much(outputs):
    return "x" * (17 << 20)
def nothing(outputs):
    return None
def interrupted(outputs):
    raise KeyboardInterrupt
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "post_apart.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [("leaves", "with status 0"), ("dies", "with SIGSEGV"), ("leaves_a_child", "with status 3")],
)
def test_one_that_ends_its_process_on_every_leg_is_an_error_that_says_how(name: str, words: str) -> None:
    with pytest.raises(PostprocessError, match=f"on onnx/: it ended its own process {words} and gave no result"):
        apply(load(f"post_apart:{name}"), LEGS)


def test_one_that_ends_its_process_on_a_leg_is_evidence_and_runs_anew_on_the_next() -> None:
    facts = apply(load("post_apart:leaves_on_bad"), {"joint": {"prob": BAD}, **LEGS})
    assert set(facts.decisions) == {"onnx"}
    assert set(facts.errors) == {"joint", "board"}


def test_a_module_is_imported_once_for_all_legs_and_all_who_ask_for_it(tmp_path: Path) -> None:
    said = [apply(load("post_apart:pid"), LEGS).decisions for _ in range(2)]
    assert len({pid for decisions in said for pid in decisions.values()}) == 1
    assert (tmp_path / "imports").read_text() == "x"


def test_one_that_doesn_t_end_is_waited_for_once(tmp_path: Path) -> None:
    post = load("post_apart:hangs", timeout=1.0)
    with pytest.raises(PostprocessError, match="ran for 1 s and was ended"):
        apply(post, LEGS)
    assert gone(int((tmp_path / "pid").read_text()))
    assert (tmp_path / "imports").read_text() == "x"
    assert explain(post, [], {"prob": GOOD}, 3, "undo").tried == 0


def test_what_it_prints_never_reaches_our_stdout_and_nothing_is_there_to_read(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert set(apply(load("post_apart:prints"), LEGS).decisions.values()) == {""}
    out, errors = capfd.readouterr()
    assert out == ""
    for way in ("python", "the descriptor", "a child"):
        assert errors.count(f"through {way}\n") == 2


def test_under_wrong_readings_nothing_of_it_shows(capfd: pytest.CaptureFixture[str]) -> None:
    post = load("post_apart:prints")
    assert post.quiet is not None
    assert post.quiet({"prob": GOOD}) == ""
    assert capfd.readouterr() == ("", "")


def test_tensors_of_any_shape_and_dtype_arrive_as_arrays_of_its_own() -> None:
    tensors = {
        "a": np.zeros((2, 0), np.int8),
        "b": np.array(3, np.float16),
        "c": np.arange(6, dtype=np.uint16).reshape(2, 3).T,
        "d": np.zeros((2,), ">i4"),
        "é": np.zeros((1, 700, 700), np.float64),
    }
    said = apply(load("post_apart:shapes"), {"onnx": tensors}).decisions["onnx"]
    assert said == {name: [str(one.dtype), list(one.shape), True] for name, one in tensors.items()}


def test_a_result_without_bounds_is_refused() -> None:
    with pytest.raises(PostprocessError, match="too long"):
        apply(load("post_apart:much"), LEGS)


def test_an_interruption_that_it_raises_itself_is_a_failure_like_others() -> None:
    with pytest.raises(PostprocessError, match="KeyboardInterrupt"):
        apply(load("post_apart:interrupted"), LEGS)


def test_a_module_that_ends_its_process_when_imported_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "post_gone.py").write_text("import os; os._exit(0)")
    with pytest.raises(PostprocessError, match="importing it ended the process with status 0"):
        load("post_gone:f")


def test_closing_ends_it(tmp_path: Path) -> None:
    process = PythonProcess("post_apart:pid")
    pid = process.decide(LEGS["onnx"], 60)
    process.close()
    assert gone(pid, 0)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)])
def test_told_to_end_while_it_runs_axpair_gives_no_verdict_and_leaves_nothing_behind(
    tmp_path: Path, name: str, code: int
) -> None:
    gt = gathered(tmp_path)
    os.mkfifo(tmp_path / "pid")
    running = subprocess.Popen(
        command("diagnose", gt, "--postprocess", "post_apart:hangs", "--expect", "90"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    pid = int((tmp_path / "pid").read_text())  # once it is there
    running.send_signal(getattr(signal, name))
    out, errors = running.communicate(timeout=60)
    assert (running.returncode, out) == (code, "")
    assert "failed" not in errors
    assert gone(pid)


def test_what_it_left_behind_goes_with_axpair_wherever_it_hid_and_it_gets_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hiding = register(tmp_path)
    monkeypatch.setenv("AXPAIR_TOKEN", "a secret")
    (tmp_path / "post_hiding.py").write_text(
        f"import os, subprocess\ndef f(outputs):\n    subprocess.run({[*program('pass'), str(hiding)]!r}, check=True)\n"
        "    return dict(os.environ)\n"
    )
    process = PythonProcess("post_hiding:f")
    variables = process.decide(LEGS["onnx"], 60)
    process.close()
    assert all_gone(hiding, 0)
    assert "PATH" in variables
    assert "a secret" not in variables.values()


def test_a_process_that_ends_itself_never_ends_as_nothing_wrong(tmp_path: Path) -> None:
    done = judged(gathered(tmp_path), "post_apart:leaves", "90")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "ended its own process with status 0" in done.stderr


@pytest.mark.parametrize(("expect", "code"), [("F", 3), ("null", 0)])
def test_one_that_returns_nothing_decided_nothing(tmp_path: Path, expect: str, code: int) -> None:
    done = judged(gathered(tmp_path), "post_apart:nothing", expect)
    assert done.returncode == code
    assert ("returned None" in done.stdout) == (code == 3)


def gathered(folder: Path) -> Path:
    """A gt folder in which nothing is wrong."""
    prob = {"prob": values(1)}
    build(folder / "gt", onnx=prob, joint=prob, rounds=[Ran(prob)] * 2)
    return folder / "gt"


def judged(gt: Path, spec: str, expect: str) -> Done:
    return subprocess.run(
        command("diagnose", gt, "--postprocess", spec, "--expect", expect),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
