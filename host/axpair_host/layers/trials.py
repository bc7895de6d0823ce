"""Runs parts of a model on simulator and board and says where their bytes differ."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from axpair_proto.capabilities import CutsModels
from axpair_proto.simulator import Models, Simulator, Tensors

from axpair_host.boards.case import Case
from axpair_host.boards.client import Board
from axpair_host.boards.loaded import LoadRefused
from axpair_host.compare import compare
from axpair_host.diagnosis.checks.disagreement import signature
from axpair_host.errors import HostError
from axpair_host.gather.board_leg import as_arrays
from axpair_host.layers.trial_log import TensorDifference, Trial, TrialLog
from axpair_host.progress import Progress

WHOLE = "the whole model"


class TrialFailed(HostError):
    """A part that the board did not answer for, or not twice alike: the search can't go on."""


@dataclass(frozen=True)
class Bench:
    """Simulator and board with one case."""

    simulator: Simulator
    models: Models
    inputs: Mapping[str, bytes]
    board: Board
    log: TrialLog
    progress: Progress
    repeat: int = 2
    deadline_ms: int = 0

    def whole(self) -> Trial:
        """The model as it is."""
        return self._once(WHOLE, ())

    def part(self, nodes: int, outputs: tuple[str, ...]) -> Trial:
        """The part from the model's inputs to these tensors, which the first `nodes` operators make.

        Raises TrialFailed where it didn't run, or gave other bytes in another round.
        """
        trial = self._once(f"{nodes}: {', '.join(outputs)}", outputs)
        if trial.failure:
            raise TrialFailed(f"the part up to {', '.join(outputs)} gave no answer: {trial.failure}")
        if not trial.repeatable:
            raise TrialFailed(f"the part up to {', '.join(outputs)} gives other bytes in every round")
        return trial

    def _once(self, key: str, outputs: tuple[str, ...]) -> Trial:
        if key not in self.log.trials:
            with self.progress.task(f"try {WHOLE if not outputs else 'the part up to ' + ', '.join(outputs[:3])}"):
                self.log.add(self._run(key, outputs))
        return self.log.trials[key]

    def _run(self, key: str, outputs: tuple[str, ...]) -> Trial:
        started = time.perf_counter()
        with TemporaryDirectory(prefix="axpair-part-") as folder:
            models = self.models
            if outputs:
                assert isinstance(self.simulator, CutsModels)
                models = self.simulator.cut(Models(self.models.joint), (), outputs, Path(folder))
            inputs = {one.name: self.inputs[one.name] for one in self.simulator.describe(models.joint).inputs}
            expected = self.simulator.run(models, "joint", inputs)
            rounds, failure = self._rounds(models.joint, inputs)
        differs = tuple(_differences(expected, rounds[0])) if rounds else ()
        repeatable = all(_alike(rounds[0], one) for one in rounds[1:])
        seconds = round(time.perf_counter() - started, 3)
        return Trial(key, outputs, repeatable, differs, seconds, failure)

    def _rounds(self, joint: Path, inputs: Mapping[str, bytes]) -> tuple[list[Tensors], str]:
        loaded = self.board.load(joint, progress=self.progress)
        if isinstance(loaded, LoadRefused):
            return [], f"it wasn't loaded: {loaded.failure.message}"
        case = Case("part", inputs, repeat=self.repeat, want_probe=False, deadline_ms=self.deadline_ms)
        rounds: list[Tensors] = []
        failure = ""
        for answer in loaded.run([case]):
            if answer.facts.failure is not None:
                failure = answer.facts.failure.message or answer.facts.failure.kind
            else:
                # The views are of the message that brought them; they stay valid with it.
                rounds.append(as_arrays(answer.outputs, loaded.description))
        loaded.unload()
        return rounds, failure


def _alike(one: Tensors, other: Tensors) -> bool:
    return all(name in other and one[name].tobytes() == other[name].tobytes() for name in one)


def _differences(expected: Tensors, given: Tensors) -> list[TensorDifference]:
    found = []
    for name, wanted in expected.items():
        got = given.get(name)
        if got is None:
            found.append(TensorDifference(name, wanted.size, wanted.size, None, ("the board gave no such output",)))
            continue
        if got.tobytes() == np.ascontiguousarray(wanted).tobytes():
            continue
        comparison = compare(wanted, got, step=1.0 if wanted.dtype.kind in "iu" else 0.0)
        words = tuple(signature(comparison)) if not comparison.reason else (comparison.reason,)
        found.append(TensorDifference(name, comparison.differing, wanted.size, comparison.max_abs, words))
    return found
