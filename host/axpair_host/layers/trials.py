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
from axpair_host.boards.outputs import as_arrays
from axpair_host.compare import compare
from axpair_host.compare.differences import describe_differences
from axpair_host.documents.layers import TensorDifference, Trial
from axpair_host.errors import HostError
from axpair_host.layers.trial_log import TrialLog
from axpair_host.progress import Progress

WHOLE = "the whole model"


class TrialFailed(HostError):
    """A part that the board did not answer for, or not twice alike: the search can't go on."""


@dataclass(frozen=True)
class Tried:
    """What simulator and board made of one model."""

    models: Models
    inputs: Mapping[str, bytes]
    expected: Tensors
    """The simulator's."""
    rounds: tuple[Tensors, ...]
    """The board's, those that it answered."""
    failure: str
    """Why a round has no answer; "" where all have."""

    @property
    def repeatable(self) -> bool:
        """Whether every round gave the same bytes."""
        return all(_alike(self.rounds[0], one) for one in self.rounds[1:])

    @property
    def differs(self) -> tuple[TensorDifference, ...]:
        """How the first round isn't what was expected."""
        return tuple(_differences(self.expected, self.rounds[0])) if self.rounds else ()


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
        said = f"the part up to {', '.join(outputs)}"
        if trial.failure:
            raise TrialFailed(f"{said} gave no answer: {trial.failure}")
        if not trial.repeatable:
            raise TrialFailed(f"{said} gives other bytes in every round")
        return trial

    def between(self, inner: tuple[str, ...], outputs: tuple[str, ...]) -> Trial:
        """The part from these tensors, with the simulator's codes in them, to those; whatever it gave."""
        return self._once(f"{', '.join(inner)} -> {', '.join(outputs)}", outputs, inner)

    def tried(self, models: Models, inner: tuple[str, ...], outputs: tuple[str, ...], folder: Path) -> "Tried":
        """A part of `models` in `folder` (the models as they are where nothing is named), run on both; not logged."""
        part, given = models, self.inputs
        if outputs:
            assert isinstance(self.simulator, CutsModels)
            part = self.simulator.cut(models, self._own_too(inner), outputs, folder)
            given = {**given, **self._codes(inner)}
        inputs = {one.name: given[one.name] for one in self.simulator.describe(part.joint).inputs}
        expected = self.simulator.run(part, "joint", inputs)
        rounds, failure = self._rounds(part.joint, inputs)
        return Tried(part, inputs, expected, tuple(rounds), failure)

    def _own_too(self, inner: tuple[str, ...]) -> tuple[str, ...]:
        """A part that begins inside may read the model's own inputs besides."""
        return (*inner, *(name for name in self.inputs if name not in inner)) if inner else ()

    def _codes(self, inner: tuple[str, ...]) -> dict[str, bytes]:
        if not inner:
            return {}
        assert isinstance(self.simulator, CutsModels)
        with TemporaryDirectory(prefix="axpair-codes-") as folder:
            before = self.simulator.cut(Models(self.models.joint), (), inner, Path(folder))
            inputs = {one.name: self.inputs[one.name] for one in self.simulator.describe(before.joint).inputs}
            return {name: array.tobytes() for name, array in self.simulator.run(before, "joint", inputs).items()}

    def _once(self, key: str, outputs: tuple[str, ...], inner: tuple[str, ...] = ()) -> Trial:
        if key not in self.log.trials:
            come_from = f"from {_few(inner)} " if inner else ""
            with self.progress.task(f"try {WHOLE if not outputs else f'the part {come_from}up to {_few(outputs)}'}"):
                self.log.add(self._run(key, outputs, inner))
        return self.log.trials[key]

    def _run(self, key: str, outputs: tuple[str, ...], inner: tuple[str, ...]) -> Trial:
        started = time.perf_counter()
        with TemporaryDirectory(prefix="axpair-part-") as folder:
            models = Models(self.models.joint) if outputs else self.models
            tried = self.tried(models, inner, outputs, Path(folder))
        seconds = round(time.perf_counter() - started, 3)
        return Trial(key, outputs, tried.repeatable, tried.differs, seconds, tried.failure, inner)

    def _rounds(self, joint: Path, inputs: Mapping[str, bytes]) -> tuple[list[Tensors], str]:
        loaded = self.board.load(joint, progress=self.progress)
        if isinstance(loaded, LoadRefused):
            return [], f"it wasn't loaded: {loaded.failure.message}"
        case = Case("part", inputs, repeat=self.repeat, want_probe=False, deadline_ms=self.deadline_ms)
        rounds: list[Tensors] = []
        failure, attempt = "", 0
        for answer in loaded.run([case]):
            if answer.attempt != attempt:
                rounds, attempt = [], answer.attempt
            if answer.facts.failure is not None:
                failure = answer.facts.failure.message or answer.facts.failure.kind
            else:
                # The views are of the message that brought them; they stay valid with it.
                rounds.append(as_arrays(answer.outputs, loaded.description))
        loaded.unload()
        return rounds, failure


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


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
        words = tuple(describe_differences(comparison)) if not comparison.reason else (comparison.reason,)
        found.append(TensorDifference(name, comparison.differing, wanted.size, comparison.max_abs, words))
    return found
