"""Gathering on a real emulated board, and what a diagnosis may ask for afterwards."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.simulator import EmulatorSimulator
from axpair_host.boards.opening import address_of
from axpair_host.evidence.folder import load
from axpair_host.evidence.record import Record
from axpair_host.evidence.store import write_pair_json
from axpair_host.gather.answers.fresh_round import ROUNDS
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.gathering import case_facts, gather
from axpair_host.gather.live import LiveAsks
from axpair_host.gather.prepare import PreparedCase, prepare
from axpair_host.gather.request import GatherRequest
from axpair_host.inputs import InputFile
from axpair_host.progress import Silent
from axpair_proto.simulator import Models
from tiny import INPUT, OUTPUTS, build_tiny, write_picture


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@dataclass
class Gathered:
    folder: Path
    record: Record
    prepared: PreparedCase
    asks: LiveAsks


@contextmanager
def gathered(models: Models, folder: Path, url: str = "emulator:", repeat: int = 2) -> Iterator[Gathered]:
    """One case on the board; it stays open in the block."""
    simulator = EmulatorSimulator()
    picture = write_picture(folder / "x.png")
    request = GatherRequest(models, (InputFile(picture),), repeat=repeat)
    prepared = prepare(simulator, models, simulator.describe(models.joint), request.files)
    gt = folder / "gt"
    gt.mkdir()
    by = f"{simulator.name} {simulator.version()}"
    with BoardSide(address_of(url), models.joint, by, Silent()) as side:
        record = gather(
            request,
            case_facts(models, prepared.id),
            prepared,
            gt,
            simulator=simulator,
            simulated_by=by,
            board=side,
            progress=Silent(),
        )
        write_pair_json(gt, record, None)
        asks = LiveAsks(Session(gt, request, prepared, simulator, side, Silent()), record)
        yield Gathered(gt, record, prepared, asks)


def test_every_leg_is_there_in_the_joints_form(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path) as case:
        evidence = load(case.folder)
    for leg in ("onnx", "lava_joint", "joint", "board"):
        assert set(evidence.leg(leg)) == set(OUTPUTS)
        for array in evidence.leg(leg).values():
            assert array.shape == case.prepared.description.outputs[0].shape
        assert (case.folder / leg / "prob_raw.bin").is_file()
        assert (case.folder / leg / "prob_raw.npy").is_file()
    assert (case.folder / "input" / "filename.txt").read_text() == f"{tmp_path / 'x.png'}\n"


def test_the_record_holds_digests_of_everything_on_both_sides(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path) as case:
        record = case.record
    assert record.board is not None
    assert record.case.joint_sha256 == record.board.model_sha256
    assert record.case.joint_sha256 == hashlib.sha256(models.joint.read_bytes()).hexdigest()
    sent = hashlib.sha256((case.folder / "input" / f"{INPUT}.bin").read_bytes()).hexdigest()
    first = next(one for one in record.board.rounds if one.number == 1)
    assert first.sent == first.delivered == {INPUT: sent} == {one.name: one.sha256 for one in record.inputs}
    for output in first.outputs:
        stem = next(one.file for one in record.outputs if one.name == output.name)
        assert record.digests[f"board/{stem}.bin"] == output.sha256
    on_disk = {path.relative_to(case.folder).as_posix() for path in case.folder.rglob("*.[bn][ip][ny]")}
    assert set(record.digests) == on_disk


def test_rounds_that_agree_are_stored_once_and_the_probe_not_at_all(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path, repeat=3) as case:
        pass
    assert case.record.board is not None
    assert [(one.kind, one.number, one.folder) for one in case.record.board.rounds] == [
        ("probe", 0, ""),
        ("case", 1, "board"),
        ("case", 2, ""),
        ("case", 3, ""),
    ]
    assert not (case.folder / "runs").exists()


def test_rounds_that_differ_are_kept_with_the_probe_and_its_input(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path, "emulator:?fault=stale-output") as case:
        evidence = load(case.folder)
        joint = evidence.leg("joint")["feat"]
    assert case.record.board is not None
    assert [one.folder for one in case.record.board.rounds] == ["runs/probe/board", "board", "runs/2/board"]
    assert evidence.leg("board")["feat"].tobytes() != joint.tobytes()
    assert np.load(case.folder / "runs" / "2" / "board" / "feat.npy").tobytes() == joint.tobytes()
    probe = (case.folder / "runs" / "probe" / "input" / f"{INPUT}.bin").read_bytes()
    assert hashlib.sha256(probe).hexdigest() == case.record.board.rounds[0].sent[INPUT]


def test_the_probes_simulation_shows_that_the_answer_was_the_probes(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path, "emulator:?fault=stale-output") as case:
        evidence = case.asks.get("probe_joint")
        assert evidence is not None
    probe = np.load(case.folder / "runs" / "probe" / "joint" / "feat.npy")
    assert probe.tobytes() == evidence.leg("board")["feat"].tobytes()
    assert "runs/probe/joint/feat.npy" in evidence.record.digests


def test_fresh_rounds_run_in_another_worker_and_are_numbered_on(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path) as case:
        evidence = case.asks.get("fresh_round")
        assert evidence is not None
        again = case.asks.get("fresh_round")
        assert again is not None
    assert again.record.board is not None
    added = again.record.board.rounds[-2 * ROUNDS :]
    numbers = range(3, 3 + 2 * ROUNDS)
    assert [(one.kind, one.number, one.folder) for one in added] == [("case", number, "") for number in numbers]
    assert [one.worker_generation for one in added] == [2] * ROUNDS + [3] * ROUNDS
    assert len({one.outputs[0].sha256 for one in again.record.board.rounds if one.kind == "case"}) == 1


def test_each_layers_own_error_comes_from_the_simulator(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path) as case:
        evidence = case.asks.get("layers")
    assert evidence is not None
    assert evidence.record.layers
    assert all(layer.max_steps <= 1 for layer in evidence.record.layers)


def test_what_nobody_knows_is_not_had(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path) as case:
        assert case.asks.get("a pony") is None


def test_a_crash_on_the_board_is_evidence_with_the_simulated_legs_beside_it(models: Models, tmp_path: Path) -> None:
    with gathered(models, tmp_path, "emulator:?fault=crash&at=2") as case:
        pass
    assert case.record.board is not None
    probe, failed = case.record.board.rounds
    assert (probe.kind, failed.kind) == ("probe", "case")
    assert failed.failure is not None
    assert (failed.failure.kind, failed.failure.signal) == ("crash", "SIGSEGV")
    assert not (case.folder / "board").exists()
    assert (case.folder / "joint" / "feat.npy").is_file()
