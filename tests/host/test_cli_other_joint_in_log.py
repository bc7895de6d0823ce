"""Which joint a log is of: what proves another one, what only hints at it, and what shows nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_proto.pulsar import config_pb2
from axpair_proto.topology import topology_pb2
from host.finished_runs import RELEASE, codes, differing, judged, logged, made

from benchmarks.campaign.real_form import Finished, finished_run

OTHER = "0.6.1.20\n07305a6e"


def whole_log(case: Finished, toolchain: str = RELEASE) -> str:
    return case.log(toolchain).read_text() + "Run task took 3 us (1 rounds for average)\n"


@pytest.mark.parametrize(
    "cut", ["0.", "0.6.1", "0.6.1.\n", "0.6.1.\nclient_loop: send disconnect: Broken pipe\n", "2022051"]
)
def test_a_log_that_ends_inside_the_release_says_nothing_of_it(tmp_path: Path, cut: str) -> None:
    case = differing(made(tmp_path))
    whole = whole_log(case)
    document = judged(case, logged(case, whole[: whole.index("0.6.1.4")] + cut))
    assert codes(document) == ["INCONCLUSIVE", "AX306"]
    assert "couldn't be compared by toolchain" in str(document["not_judged"])


@pytest.mark.parametrize(
    ("cut", "right"), [("pulsar2 ver: 0.6.1.4 5958", []), ("pulsar2 ver: 0.6.1.20 07305a6", ["AX109"])]
)
def test_a_release_with_its_commit_in_one_line_counts_with_the_commit(
    tmp_path: Path, cut: str, right: list[str]
) -> None:
    case = differing(made(tmp_path))
    found = codes(judged(case, logged(case, f"Run AxModel:\n  tool ver: 2.3.3sp\n  {cut}")))
    assert [one for one in found if one == "AX109"] == right


@pytest.mark.parametrize("commit", ["5958854", "59588c5a", "59588cc54", "100b6396"])
def test_a_commit_that_a_bad_cable_may_have_made_is_a_hint(tmp_path: Path, commit: str) -> None:
    case = differing(made(tmp_path))
    document = judged(case, logged(case, whole_log(case, f"0.6.1.4\n{commit}")))
    assert document["verdict"] == "INCONCLUSIVE"
    found = {one["code"]: one for one in document["findings"]}
    assert not found["AX109"]["proven"]


@pytest.mark.parametrize("toolchain", [OTHER, "07305a6e", "0.6.1.20\nc0ffee11"])
def test_another_release_is_another_joint(tmp_path: Path, toolchain: str) -> None:
    case = differing(made(tmp_path))
    document = judged(case, logged(case, whole_log(case, toolchain)))
    assert codes(document) == ["FAULT", "AX109"]
    assert document["findings"][0]["proven"]


def test_a_list_of_outputs_that_may_break_off_between_two_describes_nothing(tmp_path: Path) -> None:
    topology = topology_pb2.Topology(input_names=["input"], output_names=["a", "b"], tool_commit=RELEASE)
    case = differing(finished_run(tmp_path, topology, np.random.default_rng(1)))
    whole = whole_log(case)
    document = judged(case, logged(case, whole[: whole.index("Output[1]")]))
    assert codes(document) == ["INCONCLUSIVE", "AX306"]


def named(folder: Path, names: list[str]) -> Finished:
    topology = topology_pb2.Topology(
        input_names=["input:1"], output_names=[one.replace(".", ":") for one in names], tool_commit=RELEASE
    )
    return finished_run(folder, topology, np.random.default_rng(1), names=names)


def test_names_in_a_log_are_read_by_the_one_rule(tmp_path: Path) -> None:
    case = named(tmp_path, ["out.0", "b.1_2.tmp"])
    text = whole_log(case)
    for name in ("input:1", "out:0", "b:1_2:tmp"):
        text = text.replace(f": {name}", f": {name.replace(':', '.')}")
    assert "Output[0]: out.0" in text
    assert codes(judged(case, logged(case, text))) == ["PASS"]
    assert codes(judged(differing(case), logged(case, text))) == ["INCONCLUSIVE", "AX306"]
    swapped = (
        text.replace("[0]: out.0", "[0]: x").replace("[1]: b.1_2.tmp", "[1]: out.0").replace("[0]: x", "[0]: b.1_2.tmp")
    )
    assert codes(judged(case, logged(case, swapped))) == ["FAULT", "AX109"]


def colored(folder: Path, color: int) -> Finished:
    topology = topology_pb2.Topology(input_names=["input"], output_names=["output"], tool_commit=RELEASE)
    topology.model_inputs.add(name="input", color_space=color)
    return finished_run(folder, topology, np.random.default_rng(1))


def test_a_log_of_another_color_is_another_joint_s(tmp_path: Path) -> None:
    case = colored(tmp_path, config_pb2.TENSOR_COLOR_SPACE_BGR)
    own = whole_log(case)
    assert "uint8 BGR" in own
    other = own.replace("uint8 BGR", "uint8 RGB")
    assert codes(judged(case, logged(case, own))) == ["PASS"]
    assert codes(judged(case, logged(case, other))) == ["PASS", "AX109"]
    document = judged(differing(case), logged(case, other))
    assert codes(document) == ["FAULT", "AX109"]
    assert "input 'input': RGB on the board, BGR in the joint" in str(document["findings"])
    assert codes(judged(case, logged(case, other + own))) == ["INCONCLUSIVE", "AX306"]


def test_a_log_that_names_no_color_says_nothing_of_it(tmp_path: Path) -> None:
    case = colored(tmp_path, config_pb2.TENSOR_COLOR_SPACE_BGR)
    assert codes(judged(case, logged(case, whole_log(case).replace(" BGR", "")))) == ["PASS"]


def of_four(case: Finished, text: str) -> str:
    array: Any = case.inputs["input"]
    text = text.replace(str(list(array.shape)), str([4, *array.shape[1:]]))
    return text.replace(f"Size {array.nbytes}", f"Size {array.nbytes * 4}")


def test_a_log_of_another_batch_is_another_joint_s_and_not_the_gt_folder_s(tmp_path: Path) -> None:
    case = differing(made(tmp_path))
    assert "[4, 8, 8, 3]" in of_four(case, whole_log(case))
    document = judged(case, logged(case, of_four(case, whole_log(case))))
    assert codes(document) == ["FAULT", "AX109"]
    assert "uint8 [4, 8, 8, 3] on the board, uint8 [1, 8, 8, 3] in the simulator" in str(document["findings"])


def test_of_two_runs_into_the_same_files_the_last_one_counts(tmp_path: Path) -> None:
    case = differing(made(tmp_path))
    own, other = whole_log(case), whole_log(case, OTHER)
    document = judged(case, logged(case, own + other))
    assert document["verdict"] == "INCONCLUSIVE"
    assert not next(one for one in document["findings"] if one["code"] == "AX109")["proven"]
    assert "the last one, of another joint, stored out/output.bin over" in str(document["not_judged"])
    assert codes(judged(case, logged(case, other + own))) == ["INCONCLUSIVE", "AX306"]
    both = (own + other).replace("out/output.bin", str(tmp_path / "out" / "output.bin"))
    document = judged(case, logged(case, both))
    assert codes(document) == ["FAULT", "AX109"]
    case.dump(case.outputs)
    assert codes(judged(case, logged(case, own + other))) == ["PASS", "AX109"]
