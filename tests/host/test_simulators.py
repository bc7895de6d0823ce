"""Which simulator stands in for the toolchain."""

from pathlib import Path

import pytest
from axpair_host.boards.client import AgentFacts
from axpair_host.errors import UsageError
from axpair_host.simulators import check_pairing, installed, simulator_for
from axpair_proto.joint import pack_joint
from axpair_proto.simulator import Models
from axpair_proto.topology.topology_pb2 import Topology
from tiny import build_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def real(tmp_path: Path) -> Path:
    path = tmp_path / "real.joint"
    path.write_bytes(pack_joint(Topology(input_names=["x"], output_names=["y"]), {"part_0.neu": b"code"}))
    return path


def agent(runtime: str) -> AgentFacts:
    return AgentFacts("0.1.0", "1", runtime, {}, (), "local")


def test_the_emulator_is_installed_under_its_name() -> None:
    assert installed()["emulator"].name == "emulator"


def test_it_follows_the_joint(tiny: Models) -> None:
    assert simulator_for(tiny.joint).name == "emulator"
    assert simulator_for(tiny.joint, "emulator").name == "emulator"


def test_a_real_joint_has_none_and_the_way_out_is_named(real: Path) -> None:
    with pytest.raises(UsageError, match="no installed simulator") as caught:
        simulator_for(real)
    assert "--gt" in str(caught.value.next_step)


def test_a_named_one_that_doesnt_take_the_joint_is_refused(real: Path) -> None:
    with pytest.raises(UsageError, match="'emulator' doesn't run"):
        simulator_for(real, "emulator")
    with pytest.raises(UsageError, match="'pulsar': not installed; installed: emulator"):
        simulator_for(real, "pulsar")


def test_emulated_results_arent_held_against_a_real_board() -> None:
    check_pairing("emulator 0.1.0", agent("emulator"), "emulator:")
    check_pairing("pulsar run, as found in gt", agent("joint"), "ssh://board")
    with pytest.raises(UsageError, match="says nothing of a real board"):
        check_pairing("emulator 0.1.0", agent("joint"), "ssh://board")
