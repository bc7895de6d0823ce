"""What the user asks to be gathered, checked as far as it can be without running anything."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_proto.simulator import Models


@dataclass(frozen=True)
class InputFile:
    """One --input, with its --layer."""

    path: Path
    layer: str | None = None


@dataclass(frozen=True)
class FinishedRun:
    """A run of run_joint that took place before: --board-out and --board-log."""

    folder: Path
    log: Path | None = None


@dataclass(frozen=True)
class GatherRequest:
    """One case."""

    models: Models
    files: tuple[InputFile, ...] = ()
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
    has_observed: bool = False
    observed: Any = None
