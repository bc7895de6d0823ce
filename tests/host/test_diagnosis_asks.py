"""Asking for more: what is wanted, when, and that the stored folder then says the same."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from axpair_host.diagnosis import diagnose
from axpair_host.evidence.folder import Evidence, load
from axpair_host.evidence.record import Layer, Record
from axpair_host.evidence.store import read_record, write_pair_json
from axpair_proto.gt.tensors import write_tensors
from host.evidence_builder import Ran, Tensors, build, noisy, values

J = {"prob": values(1)}
PROBE = {"prob": values(11)}
OF_THE_BOARD = ("second_opinion", "switches")
"""Asked for wherever a finding names the board."""


@dataclass
class Fetching:
    """Asks that write what was prepared into the folder, as a live session does."""

    folder: Path
    probe_joint: Tensors | None = None
    layers: tuple[Layer, ...] | None = None
    fresh: str = ""
    """"same" or "other": what a fresh worker answers."""
    asked: list[str] = field(default_factory=list)

    def get(self, what: str) -> Evidence | None:
        self.asked.append(what)
        record = read_record(self.folder)
        assert record is not None
        if what == "probe_joint" and self.probe_joint is not None:
            write_tensors(self.folder / "runs/probe/joint", self.probe_joint, {"prob": "prob"})
        elif what == "layers" and self.layers is not None:
            record = msgspec.structs.replace(record, layers=self.layers)
        elif what == "fresh_round" and self.fresh:
            record = self._one_more(record)
        else:
            return None
        write_pair_json(self.folder, record, None)
        return load(self.folder)

    def _one_more(self, record: Record) -> Record:
        assert record.board is not None
        last = record.board.rounds[-1]
        more = msgspec.structs.replace(last, number=last.number + 1, worker_generation=2, folder="")
        if self.fresh == "other":
            outputs = (msgspec.structs.replace(last.outputs[0], sha256="f" * 64),)
            more = msgspec.structs.replace(more, outputs=outputs)
        return msgspec.structs.replace(
            record, board=msgspec.structs.replace(record.board, rounds=(*record.board.rounds, more))
        )


def test_a_healthy_case_asks_for_nothing(tmp_path: Path) -> None:
    evidence = build(tmp_path, onnx=J, lava_joint=J, joint=J, rounds=[Ran(PROBE, "probe"), Ran(J), Ran(J)])
    asks = Fetching(tmp_path)
    assert diagnose(evidence, asks=asks).verdict == "PASS"
    assert asks.asked == []


def test_the_answer_to_the_probe_is_simulated_only_when_the_board_is_wrong_and_settles_it(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(values_of(3), "probe"), Ran(PROBE), Ran(J)])
    asks = Fetching(tmp_path, probe_joint=PROBE)
    verdict = diagnose(evidence, asks=asks)
    assert [one.code for one in verdict.findings] == ["AX302"]
    assert asks.asked == ["probe_joint", *OF_THE_BOARD]
    assert diagnose(load(tmp_path)).document() == verdict.document()


def test_an_unexplained_difference_asks_for_a_fresh_process(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(values_of(5)), Ran(values_of(5))])
    asks = Fetching(tmp_path, fresh="same")
    verdict = diagnose(evidence, asks=asks)
    assert asks.asked == ["input_trials", "fresh_round", *OF_THE_BOARD]
    assert [one.code for one in verdict.findings] == ["AX306"]
    assert "fresh process" in verdict.findings[0].summary
    assert diagnose(load(tmp_path)).document() == verdict.document()


def test_a_second_round_that_was_asked_for_makes_one_round_conclusive(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(values_of(5))])
    assert diagnose(evidence).verdict == "INCONCLUSIVE"
    assert diagnose(evidence, asks=Fetching(tmp_path, fresh="same")).verdict == "FAULT"


def test_a_fresh_process_that_answers_otherwise_makes_it_unrepeatable(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(values_of(5)), Ran(values_of(5))])
    verdict = diagnose(evidence, asks=Fetching(tmp_path, fresh="other"))
    assert [one.code for one in verdict.findings] == ["AX301"]


def test_what_cannot_be_had_is_asked_for_once_and_listed(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(PROBE, "probe"), Ran(values_of(5)), Ran(values_of(5))])
    asks = Fetching(tmp_path)
    verdict = diagnose(evidence, asks=asks)
    assert sorted(asks.asked) == sorted(["fresh_round", "input_trials", "probe_joint", *OF_THE_BOARD])
    assert {"fresh_round", "input_trials", "probe_joint"} <= {one.what for one in verdict.not_judged}
    assert [one.code for one in verdict.findings] == ["AX306"]


def test_layers_are_asked_for_only_when_compilation_is_in_question(tmp_path: Path) -> None:
    lava, joint = {"prob": noisy(J["prob"], 0.99)}, {"prob": noisy(J["prob"], 0.9)}
    evidence = build(tmp_path, onnx=J, lava_joint=lava, joint=joint)
    asks = Fetching(tmp_path, layers=(Layer("add", "Add", 40.0, 3.0, 900, 1000),))
    assert [one.code for one in diagnose(evidence, asks=asks).findings] == ["AX202"]
    assert asks.asked == ["layers"]


def test_nothing_to_compare_is_inconclusive(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, joint=J))
    assert (verdict.verdict, verdict.owner) == ("INCONCLUSIVE", "unknown")


def values_of(seed: int) -> Tensors:
    return {"prob": values(seed)}
