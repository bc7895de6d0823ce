"""Logs of the vendor's programs, as their own lines have it."""

from pathlib import Path

import pytest
from axpair_proto.run_logs import AX_RUN_MODEL, AXCL_RUN_MODEL, RUN_JOINT, SAMPLE, read_run_log

ASSERTED = (
    "run_joint: run_joint.cpp:{line}: int main(int, char**): Assertion `AX_ERR_NPU_JOINT_SUCCESS == {call}' failed."
)


def test_what_run_joint_did_without_is_told() -> None:
    lines = ["run joint version: 0.5.13", "input[1] roi data not provided, using random data", "Using batch size 1"]
    log = read_run_log(lines)
    assert (log.tool, log.tells_of_inputs) == (RUN_JOINT, True)
    assert log.not_fed == ("input[1] roi data not provided, using random data",)


@pytest.mark.parametrize(
    ("lines", "tool", "runtime"),
    [
        (["   engine ver: 2.7.2a", "     tool ver: 2.3.3sp"], AX_RUN_MODEL, "ax_run_model 2.3.3sp"),
        (["  axclrt ver: 3.10.2", "    tool ver: 1.0"], AXCL_RUN_MODEL, "axcl_run_model 1.0"),
        (["Run-Joint Runtime version: 0.5.10"], SAMPLE, "a sample program 0.5.10"),
    ],
)
def test_the_program_is_recognized(lines: list[str], tool: str, runtime: str) -> None:
    log = read_run_log(lines)
    assert (log.tool, log.versions["runtime"], log.tells_of_inputs) == (tool, runtime, False)


@pytest.mark.parametrize(
    ("call", "phase"),
    [("AX_JOINT_CreateHandle(&joint, data, size)", "loading"), ("AX_JOINT_RunSync(joint, ctx, &io)", "running")],
)
def test_a_failed_assertion_is_told_by_what_it_asserts(call: str, phase: str) -> None:
    failure = read_run_log([ASSERTED.format(line=613, call=call)]).failure
    assert failure is not None
    assert (failure.phase, failure.signal) == (phase, "SIGABRT")
    assert call in failure.message


def test_names_that_collide_fail_while_writing() -> None:
    lines = ["output name (a_b) conflicts!", "run_joint: run_joint.cpp:815: main(int)::<lambda>: Assertion `0' failed."]
    failure = read_run_log(lines).failure
    assert failure is not None
    assert (failure.phase, failure.message) == ("writing", lines[0])


@pytest.mark.parametrize("text", ["hello", "", "type: cat\nmodel: dog", "min = 3 apples"])
def test_nothing_is_known_of_a_text_that_is_no_log(text: str) -> None:
    log = read_run_log(text.splitlines())
    assert (log.known_lines, log.tool, log.failure) == (0, "", None)


def test_a_code_of_the_library_is_kept() -> None:
    failure = read_run_log(["[Engine] Load model {ptr: 0x1} failed.", "ret = 0x80060086", "Aborted"]).failure
    assert failure is not None
    assert failure.code == 0x80060086


def test_every_line_of_a_file_may_stand_anywhere(tmp_path: Path) -> None:
    lines = ["camera: frame 1", "Tools version: 0.6.1.20", "07305a6", "camera: frame 2"]
    assert read_run_log(lines).toolchain == "0.6.1.20\n07305a6"


@pytest.mark.parametrize(
    ("line", "signal"),
    [
        ("bash: line 1:  4242 Segmentation fault      (core dumped) ./run_joint m.joint --data a.bin", "SIGSEGV"),
        ("./run.sh: line 3: 77 Aborted   run_joint m.joint", "SIGABRT"),
        ("Segmentation fault", "SIGSEGV"),
    ],
)
def test_a_crash_is_known_in_the_shell_s_words(line: str, signal: str) -> None:
    failure = read_run_log([line]).failure
    assert failure is not None
    assert failure.signal == signal


@pytest.mark.parametrize(
    "line",
    [
        "sh: 1: run_joint: not found",
        "bash: ./run_joint: Permission denied",
        "./run_joint: error while loading shared libraries: libax_run_joint.so: cannot open shared object file",
    ],
)
def test_a_program_that_was_not_started_failed_at_the_start(line: str) -> None:
    failure = read_run_log([line]).failure
    assert failure is not None
    assert failure.phase == "starting"


BATCHES = """\
run joint version: 0.5.13
Max Batch Size 4
Support Dynamic Batch? Yes
Input[0]: data
    Shape [4, 8, 8, 3] NHWC uint8 BGR
    Memory Physical
    Size 768
Output[0]: prob
    Shape [4, 10] NHWC float32
    Memory Physical
    Size 160
Using batch size {used}
"""


@pytest.mark.parametrize("used", [1, 3, 4])
def test_sizes_are_those_of_as_many_items_as_the_program_took(used: int) -> None:
    log = read_run_log(BATCHES.format(used=used).splitlines())
    assert [(one.shape[0], one.size_bytes) for one in (*log.inputs, *log.outputs)] == [
        (used, 192 * used),
        (used, 40 * used),
    ]
    fixed = read_run_log(BATCHES.format(used=used).replace("? Yes", "? No").splitlines())
    assert [one.shape[0] for one in fixed.inputs] == [4]


@pytest.mark.parametrize("shape", ["[2, 8, 8, 3]", "[100000, 100000, 100000]", "[0, 8, 8, 3]"])
def test_a_list_that_contradicts_itself_describes_nothing(shape: str) -> None:
    log = read_run_log(BATCHES.format(used=4).replace("[4, 8, 8, 3]", shape).splitlines())
    assert (log.inputs, log.outputs) == ((), ())


@pytest.mark.parametrize("code", ["-2147090298", "2147876998", "0x80060086"])
def test_a_code_is_read_in_decimal_too(code: str) -> None:
    failure = read_run_log([f"ret {code}", ASSERTED.format(line=613, call="AX_JOINT_CreateHandle()")]).failure
    assert failure is not None
    assert failure.code == 0x80060086


def test_blanks_behind_a_line_are_nobody_s() -> None:
    lines = BATCHES.format(used=4).splitlines()
    assert read_run_log([f"{one}   " for one in lines])._replace(lines=()) == read_run_log(lines)._replace(lines=())


def test_the_items_count_where_the_line_before_them_is_lost() -> None:
    text = BATCHES.format(used=2).replace("Support Dynamic Batch? Yes\n", "")
    assert [one.shape[0] for one in read_run_log(text.splitlines()).outputs] == [2]
    older = text.replace("Max Batch Size 4\n", "").format(used=1)
    assert [one.shape[0] for one in read_run_log(older.splitlines()).outputs] == [4]


@pytest.mark.parametrize(
    ("end", "signal"),
    [
        ("Floating point exception (core dumped)", "SIGFPE"),
        ("Arithmetic exception", "SIGFPE"),
        ("Bus error", "SIGBUS"),
        ("Illegal instruction", "SIGILL"),
        ("Terminated", "SIGTERM"),
        ("[1]+  Terminated              ./run_joint m.joint", "SIGTERM"),
        ("段错误 (核心已转储)", "SIGSEGV"),
        ("bash: 第 1 行： 4242 已杀死      ./run_joint m.joint", "SIGKILL"),
        ("zsh: illegal hardware instruction  ./run_joint m.joint", "SIGILL"),
        ("Program received signal SIGSEGV, Segmentation fault.", "SIGSEGV"),
        ("ret: 139", "SIGSEGV"),
        ("Exit status 134", "SIGABRT"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "SIGABRT"),
        ("*** Error in `run_joint': double free or corruption (!prev): 0x0000 ***", "SIGABRT"),
        ("*** stack smashing detected ***: terminated", "SIGABRT"),
        ("Assertion failed: ret == 0 (run_joint.cpp: main: 705)", "SIGABRT"),
        ("run_joint.cpp: 705: main: Assertion `ret == 0' failed.", "SIGABRT"),
        ('run_joint.cpp:705: int main(): assertion "ret == 0" failed', "SIGABRT"),
        ("run_joint: run_joint.cpp:705: int main(): 断言“ret == 0”失败。", "SIGABRT"),
        ("AX_JOINT_RunSync failed, ret=0x8006008a", ""),
    ],
)
def test_an_end_is_known_in_the_words_of_every_shell_and_library(end: str, signal: str) -> None:
    begun = BATCHES.format(used=4)
    log = read_run_log([*begun.splitlines(), end])
    assert log.failure is not None
    assert (log.failure.phase, log.failure.signal) == ("running", signal)
    went_on = [*begun.splitlines(), end, "Run task took 3 us (1 rounds for average)"]
    assert read_run_log(went_on).failure is None or "run_joint" in end


@pytest.mark.parametrize("line", ["Terminated by user", "ret: 0", "exit 1", "AX_JOINT_DestroyHandle failed", "^C"])
def test_words_of_no_end_accuse_nobody_and_the_log_is_said_to_break_off(line: str) -> None:
    log = read_run_log([*BATCHES.format(used=4).splitlines(), line])
    assert (log.failure, log.broke_off) == (None, True)
    assert not read_run_log([*BATCHES.format(used=4).splitlines(), "Run task took 3 us"]).broke_off


@pytest.mark.parametrize("behind", ['"}', '",', "        | other", "</span>", "\t9"])
def test_a_release_ends_where_its_signs_end(behind: str) -> None:
    assert read_run_log([f"tools version: 0.6.1.14{behind}", f"59588c54{behind}"]).toolchain == "0.6.1.14\n59588c54"
    assert read_run_log(["tools version: axpair-emulator 0.1", "Using wbt 0"]).toolchain == "axpair-emulator 0.1"


def test_an_input_on_its_default_value_was_not_forgotten() -> None:
    lines = ["Using batch size 1", "input[1] roi data not provided, using default value"]
    assert read_run_log(lines).defaulted == ("roi",)
    assert read_run_log(lines).not_fed == ()
    lines = ["Using batch size 1", "read file roi.bin for input[1] data roi failed, using default value"]
    assert read_run_log(lines).defaulted == ()
    assert read_run_log(lines).not_fed == (lines[1],)


def test_an_assertion_is_told_by_what_it_asserts() -> None:
    lines = ["run_joint: run_joint.cpp:815: main(int, char**)::<lambda(const std::string&)>: Assertion `0' failed."]
    failure = read_run_log(lines).failure
    assert failure is not None
    assert failure.phase == "writing"
    assert "two outputs have one file name" in failure.message
    failure = read_run_log(["run_joint: run_joint.cpp:9: int main(int, char**): Assertion `size > 0' failed."]).failure
    assert failure is not None
    assert failure.phase == "running"


@pytest.mark.parametrize("line", [" " * 599 + "x", 'a: assertion "' * 40, "AX_JOINT_ " * 60, "是：断言" * 150])
def test_a_hostile_line_takes_no_more_than_its_length(line: str) -> None:
    around = ["Using batch size 1 }", "Max Batch Size 1 }"]
    assert read_run_log([*around, *[line] * 300]).failure is None


@pytest.mark.parametrize("behind", [[], ["client_loop: send disconnect: Broken pipe"], ["Aborted"]])
def test_a_release_that_nothing_of_the_program_follows_may_be_cut_and_is_none(behind: list[str]) -> None:
    for line in ("tools version: 0.6.1", "tools version: 2022051", "pulsar2 ver: 0.6.1.4 595"):
        assert not read_run_log([line, *behind]).toolchain
    assert read_run_log(["tools version: 0.6.1.4", "59588c5", *behind]).toolchain == "0.6.1.4\n59588c5"
    assert read_run_log(["tools version: 59588c54", "Using wbt 0", *behind]).toolchain == "59588c54"
