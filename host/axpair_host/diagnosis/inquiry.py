"""One case under inquiry: its evidence, the comparisons made of it so far, and what earlier checks found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from axpair_host.compare import Comparison, compare, invalid
from axpair_host.compare.lines import Shortfall, lost, shortfalls
from axpair_host.compare.rows import Ordered
from axpair_host.diagnosis.finding import Finding, Matter
from axpair_host.diagnosis.settings import Settings
from axpair_host.evidence.folder import Evidence
from axpair_host.evidence.record import OutputFacts
from axpair_host.evidence.steps import data_step
from axpair_host.own_lines import refuse_unknown, refuse_vacuous

Array = np.ndarray[Any, Any]

PAIRS: Mapping[str, tuple[str, str]] = {
    "golden_onnx": ("golden", "onnx"),
    "onnx_lava": ("onnx", "lava_joint"),
    "lava_joint": ("lava_joint", "joint"),
    "onnx_joint": ("onnx", "joint"),
    "joint_board": ("joint", "board"),
}
"""The comparisons of each output, by their names in documents: reference first."""


CONVERSIONS = ("onnx_lava", "onnx_joint")
"""Those of them that are held against lines: the reference is the float model."""


@dataclass(frozen=True)
class Answer:
    """What the board gave for one output in one round."""

    round: int
    tensor: Array


class Inquiry:
    """Checks read from it; only the driver adds findings."""

    def __init__(self, evidence: Evidence, settings: Settings) -> None:
        self.evidence = evidence
        self.settings = settings
        self.findings: list[Finding] = []
        self._compared: dict[tuple[str, str], Comparison | None] = {}
        self._ordering: dict[str, Ordered] = {}
        self._agreeing: dict[tuple[str, int], bool] = {}

    @property
    def outputs(self) -> tuple[OutputFacts, ...]:
        """The model's outputs in its order."""
        return self.evidence.outputs

    def has(self, *legs: str) -> bool:
        """Whether every one of these legs has tensors."""
        return all(self.evidence.leg(leg) for leg in legs)

    def pair(self, pair: str, name: str) -> Comparison | None:
        """One of PAIRS for one output; None where a leg isn't there, or can't be read, INVALID where only this output
        isn't there."""
        key = pair, name
        if key not in self._compared:
            self._compared[key] = self._compare(pair, name)
        return self._compared[key]

    def settled(self, matter: Matter) -> set[str]:
        """Outputs that some finding has explained already."""
        return {name for one in self.findings if matter in one.settles for name in one.outputs}

    def answers(self, name: str) -> list[Answer]:
        """The board's answers of which the bytes are at hand, by round; board/ counts as round 1."""
        evidence = self.evidence
        answers = []
        for round_ in evidence.case_rounds:
            tensor = evidence.round_output(round_, name) if round_.failure is None else None
            if tensor is not None:
                answers.append(Answer(round_.number, tensor))
        board = evidence.leg("board").get(name)
        if not answers and board is not None:
            answers.append(Answer(1, board))
        return answers

    def wrong_answers(self) -> Iterator[tuple[OutputFacts, Array, list[Answer]]]:
        """Each output that no finding has explained and whose bytes aren't the simulator's in some round, with the
        simulator's tensor and those answers."""
        settled = self.settled("board")
        for output in self.outputs:
            joint = self.evidence.leg("joint").get(output.name)
            if joint is None or output.name in settled:
                continue
            wrong = [answer for answer in self.answers(output.name) if not self._agrees(output, joint, answer)]
            if wrong:
                yield output, joint, wrong

    @cached_property
    def board_is_right(self) -> bool:
        """Whether every output of the board has the simulator's bytes in every round, and no round failed."""
        if any(one.failure is not None for one in self.evidence.case_rounds):
            return False
        joint = self.evidence.leg("joint")
        answers = [(joint.get(output.name), self.answers(output.name)) for output in self.outputs]
        return bool(answers) and all(
            right is not None and given and all(one.tensor.tobytes() == right.tobytes() for one in given)
            for right, given in answers
        )

    @cached_property
    def alone(self) -> frozenset[int]:
        """Numbers of the case's rounds before which nothing else ran in their process. The first process of all isn't
        counted: nothing may have been recorded of what ran in it."""
        board = self.evidence.record.board
        rounds = [one for one in board.rounds if one.failure is None] if board else []
        seen = {min((one.worker_generation for one in rounds), default=0)}
        found = set()
        for one in rounds:
            if one.kind == "case" and one.worker_generation not in seen:
                found.add(one.number)
            seen.add(one.worker_generation)
        return frozenset(found)

    def tensors_agree(self, hinted: frozenset[str] = frozenset()) -> bool:
        """Whether nothing was found so far and every comparison there is came out well; False without any.

        Hints of the codes in `hinted` don't count: other checks may explain the same.
        """
        if any(one.weight != "warning" and (one.proven or one.code not in hinted) for one in self.findings):
            return False
        made = 0
        for output in self.outputs:
            board = self.pair("joint_board", output.name)
            float_ = self.pair("onnx_joint", output.name)
            if board is not None:
                made += 1
                if not board.agrees(output.cpu_part):
                    return False
            if float_ is not None:
                made += 1
                if float_.cosine is None or self.lost(float_, output.name) is not None:
                    return False
        return made > 0

    @property
    def judged_pair(self) -> str:
        """What is held against the float model: the joint, or the quantised model where there is none."""
        return "onnx_joint" if self.has("joint") else "onnx_lava"

    def lost(self, comparison: Comparison, name: str) -> Shortfall | None:
        """By which line an output's comparison with the float model shows a loss; None where it doesn't."""
        return lost(comparison, self.settings.cosine, self.settings.lines_of(name))

    def refuse_vacuous_lines(self) -> None:
        """Raise UsageError where one of the user's lines can't fail on this case, or isn't of an output of it."""
        compared = {one.name: self.pair(self.judged_pair, one.name) for one in self.outputs}
        refuse_unknown(self.settings.lines, list(compared))
        refuse_vacuous(self.settings.lines, compared)

    def in_doubt(self, comparison: Comparison, name: str) -> list[Shortfall]:
        """The lines that it falls short of without that being a loss for certain."""
        short = shortfalls(comparison, self.settings.cosine, self.settings.lines_of(name))
        return [one for one in short if not one.certain]

    @cached_property
    def cosine_without_board(self) -> float | None:
        """Worst cosine of simulator against float model: what would be left if the board were mended."""
        cosines = [
            comparison.cosine
            for output in self.outputs
            if (comparison := self.pair("onnx_joint", output.name)) is not None and comparison.cosine is not None
        ]
        return min(cosines, default=None)

    def compare(self, output: OutputFacts, reference: Array, candidate: Array, layout: str | None = None) -> Comparison:
        """Compare two tensors of one output under the settings."""
        return compare(
            reference,
            candidate,
            step=data_step(output, reference),
            atol=self.settings.atol,
            rtol=self.settings.rtol,
            cpu_part=output.cpu_part,
            line=self.settings.cosine,
            layout=layout,
            unit=float(output.q or 1),
        )

    def _compare(self, pair: str, name: str) -> Comparison | None:
        legs = PAIRS[pair]
        if not self.has(*legs):
            return None
        tensors = [self.evidence.leg(leg).get(name) for leg in legs]
        if tensors[0] is None or tensors[1] is None:
            missing = legs[0] if tensors[0] is None else legs[1]
            if self.evidence.is_unread(missing, name):
                return None
            return invalid(f"{missing}/ has no such output")
        if pair == "joint_board":
            return self.compare(self._facts(name), tensors[0], tensors[1])

        def compared(which: str, first: Array, second: Array) -> Comparison:
            facts = self._facts(which)
            return self.compare(facts, first, second, facts.layout if pair in CONVERSIONS else None)

        return self._ordered(pair).compared(name, tensors[0], tensors[1], self.settings.cosine, compared)

    def _facts(self, name: str) -> OutputFacts:
        return next(one for one in self.outputs if one.name == name)

    def _ordered(self, pair: str) -> Ordered:
        """Two legs whose rows may stand in the order of a score, or whose elements may name something."""
        if pair not in self._ordering:
            ordering = {one.name: one.ordered_by for one in self.outputs if one.ordered_by}
            naming = {one.name: one.named_by for one in self.outputs if one.named_by}
            first, second = PAIRS[pair]
            self._ordering[pair] = Ordered(self.evidence.leg(first), self.evidence.leg(second), ordering, naming)
        return self._ordering[pair]

    def _agrees(self, output: OutputFacts, joint: Array, answer: Answer) -> bool:
        key = output.name, answer.round
        if key not in self._agreeing:
            if answer.tensor is self.evidence.leg("board").get(output.name):
                comparison = self.pair("joint_board", output.name)
            else:
                comparison = self.compare(output, joint, answer.tensor)
            self._agreeing[key] = comparison is not None and comparison.agrees(output.cpu_part)
        return self._agreeing[key]
