"""The campaign of files that nobody here made, in its short form, and made-up cases that need none of them."""

from pathlib import Path

import numpy as np
from axpair_proto.topology import topology_pb2
from real_files import real_file

from benchmarks.campaign.files import axpair, made_up, rows
from benchmarks.campaign.real_form import finished_run, made_up_topology


def test_every_published_file_and_case_is_told_the_right_thing(tmp_path: Path) -> None:
    real_file("real-joints")
    wrong = [row for row in rows(tmp_path) if not row.held]
    assert wrong == []


def test_no_healthy_run_in_the_real_form_accuses_anybody(tmp_path: Path) -> None:
    assert made_up(tmp_path / "case", 25, seed=7) == []


def test_a_made_up_case_can_fail(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    topology, names, shapes = made_up_topology(random)
    topology.tool_commit = "0.6.1.4\n59588c54"
    case = finished_run(tmp_path, topology, random, shapes, names)
    case.dump({name: array + np.float32(1) for name, array in case.outputs.items()})
    flags: list[str | Path] = [
        "--joint",
        tmp_path / "m.joint",
        "--gt",
        tmp_path / "gt",
        "--board-out",
        tmp_path / "out",
    ]
    said = axpair("pair", *flags, "--board-log", case.log("0.6.1.14\n4111370"), "--out", tmp_path / "g", "--json")
    assert said.code == 1
    assert '"AX109"' in said.output


def test_commits_of_different_lengths_are_the_same_release(tmp_path: Path) -> None:
    topology = topology_pb2.Topology(input_names=["x"], output_names=["y"], tool_commit="0.6.1.14\n4111370")
    case = finished_run(tmp_path, topology, np.random.default_rng(4))
    flags: list[str | Path] = [
        "--joint",
        tmp_path / "m.joint",
        "--gt",
        tmp_path / "gt",
        "--board-out",
        tmp_path / "out",
    ]
    said = axpair("pair", *flags, "--board-log", case.log("0.6.1.14\n41113705"), "--out", tmp_path / "g", "--json")
    assert said.code == 0
    assert "AX109" not in said.output
