"""What the user asks to be gathered, checked as far as it can be without running anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from axpair_proto.capabilities import Fitting
from axpair_proto.simulator import Models

from axpair_host.evidence.other_platform import OtherPlatform
from axpair_host.evidence.record import Called
from axpair_host.inputs import InputFile
from axpair_host.postprocess.expect import NOTHING_SAID, Expected


@dataclass(frozen=True)
class FinishedRun:
    """A run of run_joint that took place before: --board-out and --board-log."""

    folder: Path
    log: Path | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """File stem in the folder to the output that it is, where no rule tells (--map)."""


@dataclass(frozen=True)
class GatherRequest:
    """One case."""

    models: Models
    files: tuple[InputFile, ...] = ()
    fitting: Fitting = "stretch"
    """How pictures of another shape are brought to the input's."""
    case_id: str = ""
    """"" = named after the first input."""
    gt: Path | None = None
    """An existing gt folder: input and simulated legs come from there."""
    finished: FinishedRun | None = None
    golden: Path | None = None
    repeat: int = 2
    deadline_ms: int = 0
    expected: Expected = NOTHING_SAID
    """What the post-processor should make of it."""
    observed: Expected = NOTHING_SAID
    """What the user's own program made of it."""
    config_differences: tuple[str, ...] = ()
    """What the simulator says of the configuration against the joint's own."""
    other: tuple[OtherPlatform, ...] = ()
    """What other platforms make of the same float model."""
    board: str = ""
    options: tuple[str, ...] = ()
    """The board and further options as they were given, for the record."""

    def called(self) -> Called:
        """How the case was asked for."""
        models, finished = self.models, self.finished
        return Called(
            joint=str(models.joint),
            onnx=str(models.onnx or ""),
            lava_joint=str(models.lava_joint or ""),
            config=str(models.config or ""),
            gt=str(self.gt or ""),
            board=self.board,
            board_out=str(finished.folder) if finished is not None else "",
            board_log=str(finished.log or "") if finished is not None else "",
            options=self.options,
        )
