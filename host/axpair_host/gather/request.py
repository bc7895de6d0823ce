"""What the user asks to be gathered, checked as far as it can be without running anything."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axpair_proto.capabilities import Fitting
from axpair_proto.simulator import Models

from axpair_host.errors import UsageError
from axpair_host.evidence.archives import as_folder
from axpair_host.evidence.other_platform import OtherPlatform
from axpair_host.evidence.record import Called
from axpair_host.files import CASE_SUFFIXES


@dataclass(frozen=True)
class InputFile:
    """One --input, with its --layer."""

    path: Path
    layer: str | None = None
    packed: Path | None = None
    """The archive or .npz that it was taken out of: what the user named."""

    @property
    def named(self) -> str:
        """As the user knows it."""
        return str(self.path) if self.packed is None else f"{self.packed} ({self.path.name})"

    @property
    def stem(self) -> str:
        """What a case is called after."""
        return (self.packed or self.path).stem


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
    has_expect: bool = False
    expect: Any = None
    expect_leg: str = ""
    """As in the record: "onnx" where what the post-processor makes of the float outputs is expected."""
    has_observed: bool = False
    observed: Any = None
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


@contextmanager
def input_files(inputs: Sequence[Path], layers: Sequence[str]) -> Iterator[tuple[InputFile, ...]]:
    """--input and --layer together; files of an archive or .npz, named by the inputs, for as long as the block lasts.

    Raises UsageError where they are given in different numbers, EvidenceError for an archive that can't be used.
    """
    if layers and len(layers) != len(inputs):
        raise UsageError(
            f"{len(inputs)} --input and {len(layers)} --layer were given",
            next_step="give --layer once for each --input, or not at all",
        )
    named = list(zip(inputs, layers or (None,) * len(inputs), strict=True))
    with ExitStack() as stack:
        given = ((path, name, stack.enter_context(as_folder(path, wanted=CASE_SUFFIXES))) for path, name in named)
        yield tuple(file for path, name, opened in given for file in _files(path, name, opened))


def _files(path: Path, layer: str | None, opened: Path) -> list[InputFile]:
    if opened == path:
        return [InputFile(path, layer)]
    found = sorted(one for one in opened.rglob("*") if one.is_file())
    if not found:
        raise UsageError(
            f"--input {path}: nothing in it that an input is made of",
            next_step=f"put a file for each input there, named by the inputs ({' '.join(sorted(CASE_SUFFIXES))})",
        )
    if len(found) == 1:
        return [InputFile(found[0], layer, path)]
    if layer is not None:
        raise UsageError(
            f"--layer {layer}: {path} holds {len(found)} files, each named by its input",
            next_step="leave --layer out there",
        )
    return [InputFile(one, one.relative_to(opened).with_suffix("").as_posix(), path) for one in found]
