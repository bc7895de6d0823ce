"""What a lint is asked, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axpair_host.lint.hint import Hint, Passed
from axpair_host.lint.scoring import Score

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Order:
    """What the user gave."""

    config: Path
    onnx: Path | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    inputs: Sequence[Path] = ()
    """One case, a file for each input in the model's order; of a model with one input also several cases."""
    train: Path | None = None
    score: int = 0
    joint: Path | None = None
    lava_joint: Path | None = None
    line: float = 0.98


@dataclass
class Linted:
    """What was found."""

    form: str = "pulsar"
    """Whose configuration it is: "pulsar" or "pulsar2"."""
    hints: list[Hint] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    scores: list[Score] = field(default_factory=list)

    def document(self, order: Order, simulator: str) -> dict[str, Any]:
        """JSON form."""
        return {
            "schema_version": SCHEMA_VERSION,
            "config": str(order.config),
            "form": self.form,
            "onnx": str(order.onnx) if order.onnx else None,
            "simulator": simulator,
            "hints": [one.document() for one in self.hints],
            "not_looked_at": [one.document() for one in self.passed],
            "warnings": list(self.warnings),
            "scores": [one.document() for one in self.scores],
        }

    @property
    def said(self) -> bool:
        """Whether anything was said: a hint, what wasn't looked at, or what has no effect."""
        return bool(self.hints or self.passed or self.warnings)
