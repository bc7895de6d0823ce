"""The traps of run_joint, and what only the emulated one has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.program import Op, Port, Program, Tensor
from axpair_emulator.tools.run_joint.arguments import Arguments, Stop, parse
from axpair_emulator.tools.run_joint.memory import Cmm
from axpair_emulator.tools.run_joint.session import run_joint
from axpair_emulator.tools.streams import BLOCK_BYTES
from emulator.tool_process import Desk, launchers
from emulator.toys import write_batch, write_clash, write_joint, write_toy

__all__ = ["launchers"]

FIRST, SECOND = (np.random.default_rng(seed).integers(0, 256, 192, np.uint8).tobytes() for seed in (1, 2))


@pytest.fixture
def desk(tmp_path: Path, launchers: Path) -> Desk:
    (tmp_path / "in.bin").write_bytes(FIRST)
    (tmp_path / "other.bin").write_bytes(SECOND)
    (tmp_path / "short.bin").write_bytes(FIRST[:100])
    return Desk(tmp_path, launchers)


@pytest.fixture
def toy(desk: Desk) -> Program:
    return write_toy(desk.folder / "toy.joint")


def here(desk: Desk, joint: str, **given: object) -> tuple[int, str, dict[str, bytes]]:
    """The core without a process: exit code, text, and the files written to a fresh folder."""
    out = desk.folder / f"out{len(list(desk.folder.glob('out*')))}"
    out.mkdir()
    data = tuple(str(desk.folder / name) for name in given.pop("data", ()))  # type: ignore[attr-defined]
    arguments = Arguments(str(desk.folder / joint), data=data, bin_out_dir=str(out), **given)  # type: ignore[arg-type]
    text: list[str] = []
    code = run_joint(arguments, text.append, environment={}, memory=desk.folder / "cmm")
    return code, "".join(text), {path.name: path.read_bytes() for path in out.iterdir()}


def computed(program: Program, **inputs: bytes) -> list[bytes]:
    return [array.tobytes() for array in Executor(program).run(inputs).values()]


def test_outputs_are_the_cmodels_raw_bytes_with_q_left_in(desk: Desk, toy: Program) -> None:
    (desk.folder / "out").mkdir()
    desk.log("run_joint", "toy.joint", "-d", "in.bin", "--bin-out-dir", "out/")
    prob, feat = computed(toy, data=FIRST)
    assert (desk.folder / "out" / "prob_raw.bin").read_bytes() == prob
    assert (desk.folder / "out" / "feat.bin").read_bytes() == feat
    assert np.abs(np.frombuffer(feat, np.int16)).max() > 100


def test_without_input_the_model_runs_on_what_an_earlier_process_left(desk: Desk, toy: Program) -> None:
    before = here(desk, "toy.joint")[2]
    assert [before["prob_raw.bin"], before["feat.bin"]] == computed(toy, data=bytes(192))
    wanted = here(desk, "toy.joint", data=("in.bin",))[2]
    for data in ((), ("nofile.bin",), ("short.bin",)):
        code, text, found = here(desk, "toy.joint", data=data)
        assert (code, found) == (0, wanted)
        assert "using random data" in text
    assert here(desk, "toy.joint", data=("other.bin",))[2] != wanted


def test_memory_outlives_processes_too(desk: Desk, toy: Program) -> None:
    for folder in ("a", "b"):
        (desk.folder / folder).mkdir()
    desk.log("run_joint", "toy.joint", "--data", "in.bin", "--bin-out-dir", "a")
    assert any("using random data" in line for line in desk.log("run_joint", "toy.joint", "--bin-out-dir", "b"))
    assert (desk.folder / "a" / "feat.bin").read_bytes() == (desk.folder / "b" / "feat.bin").read_bytes()


def test_truncating_cuts_a_long_file_and_fills_a_short_one_with_zeros(desk: Desk, toy: Program) -> None:
    (desk.folder / "long.bin").write_bytes(FIRST + SECOND)
    for name, used in (("long.bin", FIRST), ("short.bin", FIRST[:100].ljust(192, b"\0"))):
        code, text, found = here(desk, "toy.joint", data=(name,), enable_trunc=True)
        assert (code, "random" in text) == (0, False)
        assert (desk.folder / "cmm").read_bytes()[:192] == used
        assert [found["prob_raw.bin"], found["feat.bin"]] == computed(toy, data=used)


def test_one_item_of_a_dynamic_batch_leaves_the_others_as_they_were(desk: Desk) -> None:
    program = write_batch(desk.folder / "batch.joint")
    (desk.folder / "four.bin").write_bytes(SECOND * 4)
    here(desk, "batch.joint", data=("four.bin",))
    code, text, found = here(desk, "batch.joint", data=("in.bin",), override_batch_size=1)
    assert (code, "Using batch size 1\n" in text) == (0, True)
    (wanted,) = computed(program, data=FIRST + SECOND * 3)
    assert found["prob.bin"] == wanted[:40]
    assert found["prob.bin"] != computed(program, data=SECOND * 4)[0][:40]


def test_overriding_a_static_batch_changes_the_size_of_the_dump_alone(desk: Desk) -> None:
    program = write_batch(desk.folder / "static.joint", dynamic=False)
    (desk.folder / "four.bin").write_bytes(FIRST * 4)
    (wanted,) = computed(program, data=FIRST * 4)
    for override, expected in ((1, wanted[:40]), (6, wanted.ljust(240, b"\0"))):
        _, text, found = here(desk, "static.joint", data=("four.bin",), override_batch_size=override)
        assert "Using batch size 4\n" in text
        assert found["prob.bin"] == expected


@pytest.mark.parametrize("batch", [1, 4, 8])
def test_a_first_axis_that_is_no_batch_is_part_of_the_item(desk: Desk, batch: int) -> None:
    table = np.arange(256, dtype=np.uint8)[None]
    program = Program(
        (Port("windows", "w", "uint8", (8, 1, 2, 3), "NCHW"),),
        (Port("y", "y", "float32", (8, 1, 2, 3), "NCHW"),),
        {name: Tensor(name, (8, 1, 2, 3), 1.0, 0) for name in ("w", "y")},
        (Op("channel_lut", "y", ("w",), "y", {}, {"table": "table"}),),
        {"table": table},
        max_batch=batch,
    )
    write_joint(desk.folder / "windows.joint", program)
    (desk.folder / "all.bin").write_bytes(FIRST[:48])
    code, text, found = here(desk, "windows.joint", data=("all.bin",))
    assert (code, "random" in text) == (0, False)
    assert np.frombuffer(found["y.bin"], "<f4").tolist() == list(FIRST[:48])


def test_manual_allocation_scales_an_overridden_batch_twice(desk: Desk) -> None:
    write_batch(desk.folder / "batch.joint")
    (desk.folder / "two.bin").write_bytes(FIRST * 2)
    sizes = [
        len(here(desk, "batch.joint", data=("two.bin",), override_batch_size=2, manual_alloc=by_hand)[2]["prob.bin"])
        for by_hand in (False, True)
    ]
    assert sizes == [80, 40]


def test_stride_is_mentioned(desk: Desk, toy: Program) -> None:
    assert "\nalloc buffer with stride 16\nUsing batch size 1\n" in here(desk, "toy.joint", stride_w=16)[1]


def test_weight_tables_that_are_not_there_end_it(desk: Desk, toy: Program) -> None:
    code, text, found = here(desk, "toy.joint", wbt_index=2)
    assert (code, text.endswith("invalid WBT index 2\n"), found) == (255, True, {})


def test_memory_detail_drops_its_line(desk: Desk, toy: Program) -> None:
    told = desk.log("run_joint", "toy.joint", AX_JOINT_MEMORY_DETAIL="ON")
    assert not any("report memory usage" in line for line in told)
    assert any(line.startswith("CMM usage: ") for line in told)


def test_injected_faults_are_those_of_the_emulated_board(desk: Desk, toy: Program) -> None:
    (desk.folder / "out").mkdir()
    arguments = ("run_joint", "toy.joint", "--data", "in.bin", "--bin-out-dir", "out")
    desk.log(*arguments, AXPAIR_FAULT="nan-output&count=2")
    assert np.isnan(np.fromfile(desk.folder / "out" / "prob_raw.bin", np.float32)).sum() == 2
    desk.log(*arguments, AXPAIR_FAULT="stale-output")
    assert (desk.folder / "out" / "feat.bin").read_bytes() != computed(toy, data=FIRST)[1]
    desk.log(*arguments)
    assert (desk.folder / "out" / "feat.bin").read_bytes() == computed(toy, data=FIRST)[1]


def test_a_fault_that_does_not_exist_is_named(desk: Desk, toy: Program) -> None:
    (desk.folder / "out").mkdir()
    for fault, words in (
        ("stale", "AXPAIR_FAULT: there is no fault 'stale'"),
        ("stuck-line&seed=-1", "the seed is -1"),
        ("stuck-line&output=feat&bit=20", "output 'feat' has the bits 0 to 15"),
        ("vnpu-mismatch&mode=1_1", "that is no mismatch"),
    ):
        ended = desk.run("run_joint", "toy.joint", "--bin-out-dir", "out", AXPAIR_FAULT=fault)
        assert (ended.code, ended.stdout) == (2, "")
        assert words in ended.stderr
        assert "Traceback" not in ended.stderr
    assert not list((desk.folder / "out").iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["run_joint toy.joint --bin-out-dir out", "pulsar info toy.joint"])
def test_an_output_that_takes_nothing_is_one_line(desk: Desk, toy: Program, command: str) -> None:
    (desk.folder / "out").mkdir()
    program, *words = command.split()
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [desk.launchers / program, *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=desk.folder,
            env=desk.environment(),
        )
    assert ended.returncode == 1
    assert ended.stderr == f"{program}: standard output can't be written: No space left on device\n"
    assert bool(list((desk.folder / "out").iterdir())) == (program == "run_joint")


@pytest.mark.parametrize("command", ["run_joint toy.joint --bin-out-dir out", "pulsar info toy.joint"])
def test_a_closed_output_is_one_line(desk: Desk, toy: Program, command: str) -> None:
    (desk.folder / "out").mkdir()
    program, *words = command.split()
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", str(desk.launchers / program), *words]
    ended = subprocess.run(
        shell, stderr=subprocess.PIPE, text=True, check=False, cwd=desk.folder, env=desk.environment()
    )
    assert ended.returncode == 1
    assert ended.stderr == f"{program}: standard output can't be written: Bad file descriptor\n"


@pytest.mark.parametrize("content", [b"", b"PK\3\4 something else", FIRST])
def test_a_file_that_is_no_joint_aborts_and_the_emulator_says_why(desk: Desk, content: bytes) -> None:
    (desk.folder / "bad.joint").write_bytes(content)
    ended = desk.run("run_joint", "bad.joint", _STDBUF_O="L")
    assert ended.code == 134
    assert "[WARN]: get joint model type failed, disable virtual npu!\n" in ended.stdout
    reason, *_, assertion = ended.stderr.splitlines()
    assert reason.startswith("[axpair emulator] ")
    assert "bad.joint" in reason
    assert assertion.startswith("run_joint: run_joint.cpp:613: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("mode", "line", "code"),
    [
        ("1_1", "virtual npu mode is 1_1", 0),
        ("disable", "virtual npu disable", 134),
        ("2_2", "virtual npu mode is 2_2", 134),
        ("9_9", "unknown npu mode 9_9", 134),
    ],
)
def test_mode_must_be_the_one_that_the_joint_was_built_for(
    desk: Desk, toy: Program, mode: str, line: str, code: int
) -> None:
    ended = desk.run("run_joint", "toy.joint", "--mode", mode, _STDBUF_O="L")
    assert ended.code == code
    assert line in ended.stdout.splitlines()


def test_lines_before_an_abort_are_lost_in_a_pipe_but_not_line_by_line(desk: Desk) -> None:
    write_clash(desk.folder / "clash.joint")
    (desk.folder / "out").mkdir()
    arguments = ("run_joint", "clash.joint", "--data", "in.bin", "--bin-out-dir", "out")
    assert desk.run(*arguments).stdout == ""
    told = desk.run(*arguments, _STDBUF_O="L").stdout
    assert told.endswith("output name (a_b) conflicts!\n")
    assert len(told) < BLOCK_BYTES


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_lines_before_an_abort_appear_on_a_terminal(desk: Desk, toy: Program) -> None:
    import pty

    variables = desk.environment(AXPAIR_FAULT="error-code")
    words = [str(desk.launchers / "run_joint"), str(desk.folder / "toy.joint")]
    process, terminal = pty.fork()
    if process == 0:
        os.execve(words[0], words, variables)
    told = b""
    try:
        while more := os.read(terminal, 4096):
            told += more
    except OSError:
        pass  # Linux says EIO when the other end is gone
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -6
    assert b"Using batch size 1\r\n" in told
    assert b"Run task took" not in told


def test_files_in_the_working_directory_do_not_stand_in_for_modules(desk: Desk, toy: Program) -> None:
    (desk.folder / "numpy.py").write_text("raise SystemExit('hijacked')")
    assert desk.log("run_joint", "toy.joint")


def test_the_vendors_short_flags_and_equals_signs_are_read() -> None:
    assert parse(["-pt", "-d", "a;b", "--repeat=3", "m.joint", "--warmup", "2", "other"]) == Arguments(
        "m.joint", data=("a", "b"), repeat=3, warmup=2, manual_alloc=True, enable_trunc=True
    )
    for mode in ("CACHED", "NONE-CACHED", "SMART_CACHED"):
        assert parse(["m.joint", "--cache-mode", mode]) == Arguments("m.joint", cache_mode=mode)


@pytest.mark.parametrize("mode", ["CACHED", "NONE-CACHED", "SMART_CACHED"])
def test_cache_modes_of_later_versions_change_no_byte(desk: Desk, toy: Program, mode: str) -> None:
    assert here(desk, "toy.joint", data=("in.bin",), cache_mode=mode)[2] == here(desk, "toy.joint", data=("in.bin",))[2]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["m.joint", "-h"], "undefined short option: -h"),
        (["--cache-mode", "WARM"], "option value is invalid: --cache-mode=WARM"),
        (["--rep", "3"], "undefined option: --rep"),
        (["m.joint", "--data"], "option needs value: --data"),
        (["--repeat", "many"], "option value is invalid: --repeat=many"),
        (["--enable_trunc=yes"], "option value is invalid: --enable_trunc"),
    ],
)
def test_flags_that_are_not_understood_are_refused_in_the_vendors_words(words: list[str], complaint: str) -> None:
    with pytest.raises(Stop) as stopped:
        parse(words)
    assert stopped.value.code == 1
    assert stopped.value.text.splitlines()[0] == complaint
    assert stopped.value.text.splitlines()[1].startswith("usage: ")


def test_memory_that_can_not_be_kept_is_fresh_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for file in (None, tmp_path / "file" / "cmm", tmp_path):
        memory = Cmm(file, [100, 28])
        memory.write(0, b"a" * 100)
        memory.write(1, b"b" * 28)
        memory.keep()
        assert memory.read(0, 130) == b"a" * 100 + bytes(28) + b"bb"
        assert memory.read(1, 200) == b"b" * 28 + bytes(172)
        assert Cmm(file, [100]).read(0, 100) == bytes(100)
