"""What is known of a folder once it was looked at: files, the axpair.toml in effect, tools, boards, inputs to try."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.errors import AxpairError, ContractError
from axpair_proto.joint import read_joint
from axpair_proto.names import match_stems
from axpair_proto.onnx_file import read_onnx
from axpair_proto.simulator import Models, Simulator

from axpair_host import config_file
from axpair_host.config_file import ModelDefaults
from axpair_host.errors import UsageError
from axpair_host.first_steps.choosing import Choice, choose, sets_of
from axpair_host.first_steps.survey import Samples, Survey, survey
from axpair_host.simulators import installed, simulator_for

TOOLS = ("pulsar", "pulsar2", "run_joint")
"""Looked for on PATH; containers aren't asked."""
_TRIED = 5
"""Files of a folder that are tried as an input, at most."""


@dataclass(frozen=True)
class Situation:
    """A folder and what serves in it. Nothing on a network was asked."""

    folder: Path
    found: Survey
    choice: Choice
    existing: Path | None
    """The axpair.toml in effect there."""
    known: ModelDefaults | None
    """Its [model]."""
    boards: tuple[str, ...]
    """That it names."""
    tools: Mapping[str, str]
    """Name to path, of those that are there."""
    simulator: Simulator | None
    """The one that runs the joint."""
    builds: bool
    """Whether `axpair emulator build` is installed."""

    def file(self, key: str) -> Path | None:
        """What [model] says, else what was chosen."""
        if self.known is not None and key in self.known.files:
            return self.known.files[key]
        return self.choice.files.get(key)

    def in_effect(self, key: str) -> bool:
        """Whether [model] says it, so that no option needs to."""
        return self.known is not None and key in self.known.files

    def named(self, path: Path) -> str:
        """The path as a command in the folder takes it."""
        written = os.path.relpath(path, self.folder)
        return f"./{written}" if written.startswith("-") else written

    def inputs(self) -> tuple[str, ...]:
        """Names of the model's inputs; none where no model is known."""
        joint, onnx = self.file("joint"), self.file("onnx")
        try:
            if joint is not None:
                return read_joint(joint, wanted=()).input_names
            return tuple(one.name for one in read_onnx(onnx).inputs) if onnx is not None else ()
        except ContractError:
            return ()

    def example(self) -> dict[str, Path] | None:
        """Files for the model's inputs, by name, that lie there and fit; None without any."""
        return next((files for one in self.choice.cases for files in self._examples(one)), None)

    def cases(self) -> list[Path]:
        """Folders that a replay takes."""
        several = len(self.inputs()) > 1
        fitting = {one.path for one in self.choice.cases if any(True for _ in self._examples(one))}
        if several:
            whole = [one.path for one in self.choice.cases if any(path in fitting for path in one.below)]
        else:
            whole = [one.path for one in self.choice.cases if one.path in fitting or fitting & set(one.below)]
        # The folder itself is none, whatever lies in it: models and results do too.
        whole = [path for path in whole if path != self.folder]
        return [path for path in whole if not fitting_above(path, whole)]

    def set_is_here(self) -> bool:
        """Whether every calibration set of the configuration lies where it says."""
        sets = sets_of(self.file("config"))
        return bool(sets) and all(path.exists() for path in sets)

    def _examples(self, samples: Samples) -> Iterator[dict[str, Path]]:
        names = self.inputs()
        if len(names) > 1:
            stems = {one.stem: one for one in samples.files}
            matched = match_stems(names, stems)
            if len(matched) == len(names):
                yield from self._fitting([{name: stems[stem] for name, stem in matched.items()}])
        elif names:
            yield from self._fitting([{names[0]: one} for one in samples.files[:_TRIED]])

    def _fitting(self, candidates: Sequence[dict[str, Path]]) -> Iterator[dict[str, Path]]:
        joint = self.file("joint")
        for files in candidates:
            if self.simulator is not None and joint is not None:
                try:
                    self.simulator.prepare(Models(joint), files)
                except AxpairError:
                    continue
            yield files


def fitting_above(path: Path, others: Sequence[Path]) -> bool:
    """Whether another of them lies above it."""
    return any(other in path.parents for other in others)


def look_at(folder: Path) -> Situation:
    """Look at everything once. Raises ContractError for no folder, UsageError on a malformed axpair.toml."""
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(f"the working directory: {error.strerror}", next_step="cd into a folder") from error
    found = survey(folder)
    choice = choose(found)
    return situation(folder, found, choice)


def situation(folder: Path, found: Survey, choice: Choice) -> Situation:
    """The same with what was found before: the axpair.toml alone is read again."""
    existing = config_file.find(folder)
    known = config_file.model_defaults(folder)
    joint = (known.files if known is not None else {}).get("joint") or choice.files.get("joint")
    return Situation(
        folder=folder,
        found=found,
        choice=choice,
        existing=existing,
        known=known,
        boards=tuple(config_file.named_boards(folder)),
        tools={name: path for name in TOOLS if (path := shutil.which(name)) is not None},
        simulator=_simulator(joint),
        builds="emulator" in installed(),
    )


def _simulator(joint: Path | None) -> Simulator | None:
    try:
        return simulator_for(joint) if joint is not None else None
    except UsageError:
        return None
