"""Logs of runs that failed: whose program it was, what its code means, and what there is to do."""

from pathlib import Path

import pytest
from host.finished_runs import HEAD, codes, emptied, judged, logged, made

ASSERTED = (
    "run_joint: run_joint.cpp:705: int main(int, char**): Assertion `AX_ERR_NPU_JOINT_SUCCESS == "
    "AX_JOINT_RunSync(joint_handle, joint_ctx, &io)' failed.\n"
)
REFUSED = ASSERTED.replace("RunSync(joint_handle, joint_ctx, &io)", "CreateHandle(&h, joint.data(), joint.size())")
KILLED = "run.sh: line 3:  1234 Segmentation fault      ./run_joint m.joint\n"


@pytest.mark.parametrize("text", [ASSERTED, REFUSED, KILLED, HEAD + ASSERTED, HEAD + "Aborted\n"])
def test_where_the_vendor_s_program_failed_nobody_else_is_asked(tmp_path: Path, text: str) -> None:
    case = emptied(made(tmp_path))
    document = judged(case, logged(case, text))
    assert codes(document) == ["FAULT", "AX307"]
    assert "log of run_joint" in document["board"]["url"]
    assert not {"second_opinion", "switches"} & {one["what"] for one in document["not_judged"]}
    (finding,) = document["findings"]
    assert finding["owner_proven"]
    assert not [one for one in finding["next_steps"] if "run_joint" in one["text"]]


@pytest.mark.parametrize("program", ["ax_run_model", "axcl_run_model"])
def test_other_tools_are_known_by_their_assertions_too(tmp_path: Path, program: str) -> None:
    case = emptied(made(tmp_path))
    text = ASSERTED.replace("run_joint: run_joint.cpp", f"{program}: run_model.cpp")
    document = judged(case, logged(case, text))
    assert f"log of {program}" in document["board"]["url"]
    assert "second_opinion" not in {one["what"] for one in document["not_judged"]}


@pytest.mark.parametrize("end", ["", "Aborted\n"])
@pytest.mark.parametrize(
    "line",
    [
        "AX_SYS_MemAllocCached failed, ret = 0x800b0018",
        "ret = -2146762728",
        "axclrtMalloc failed: 0x80300507",
        "axclrtEngineExecute failed, ret 0x80300707",
    ],
)
def test_a_code_of_no_memory_is_exhaustion_however_the_log_ends(tmp_path: Path, line: str, end: str) -> None:
    case = emptied(made(tmp_path))
    document = judged(case, logged(case, f"{HEAD}{line}\n{end}"))
    assert codes(document) == ["FAULT", "AX310", "AX307"]


def test_a_code_of_axcl_s_is_explained(tmp_path: Path) -> None:
    case = emptied(made(tmp_path))
    document = judged(case, logged(case, HEAD + "axclrtEngineExecute failed, ret 0x8030070c\n"))
    assert codes(document) == ["FAULT", "AX307"]
    assert "(0x8030070c: engine: the execution failed)" in document["findings"][0]["summary"]


def test_what_is_not_memory_is_not_said_to_be_memory_beside_it(tmp_path: Path) -> None:
    case = emptied(made(tmp_path))
    document = judged(case, logged(case, f"{HEAD}AX_JOINT_CreateHandle failed, ret = 0x80060086\n"))
    failure = next(one for one in document["findings"] if one["code"] == "AX307")
    assert "not memory" in failure["summary"]
    assert "memory" not in " ".join(one["text"] for one in failure["next_steps"])
    assert "AX310" not in codes(document)


def test_a_finished_run_s_board_stands_in_a_command_as_a_placeholder(tmp_path: Path) -> None:
    case = emptied(made(tmp_path))
    document = judged(case, logged(case, ASSERTED))
    steps = document["findings"][0]["next_steps"]
    (step,) = [one for one in steps if one["command"] and "board info" in one["command"]]
    assert step["command"] == "axpair board info --board BOARD"
    assert "BOARD" in step["placeholders"]
