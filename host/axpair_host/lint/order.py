"""What a lint is asked, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from axpair_proto.sentences import say

from axpair_host.advice.commands import Filling, Known, Step
from axpair_host.documents.linted import SCHEMA_VERSION, LintDocument, ScoredInput
from axpair_host.inputs import InputFile
from axpair_host.lint.hint import Hint, Passed

_AGAIN = "axpair lint {config} {with_onnx} {shapes} {with_inputs}"


@dataclass(frozen=True)
class Order:
    """What the user gave."""

    config: Path
    onnx: Path | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    inputs: Sequence[InputFile] = ()
    """As `axpair_host.inputs.cases_of` takes them."""
    train: Path | None = None
    score: int = 0
    joint: Path | None = None
    lava_joint: Path | None = None
    line: float = 0.98

    def known(self) -> Known:
        """For the commands of what is found."""
        return Known(
            joint=self.joint,
            onnx=self.onnx,
            lava_joint=self.lava_joint,
            build_config=self.config,
            shapes=self.shapes,
            inputs=tuple(dict.fromkeys(("", file.packed or file.path) for file in self.inputs)),
        )


@dataclass
class Linted:
    """What was found."""

    form: str = "pulsar"
    """Whose configuration it is: "pulsar" or "pulsar2"."""
    hints: list[Hint] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    scores: list[ScoredInput] = field(default_factory=list)

    def document(self, order: Order, simulator: str) -> LintDocument:
        """What is printed."""
        filling = Filling(order.known())
        return LintDocument(
            schema_version=SCHEMA_VERSION,
            config=str(order.config),
            form=self.form,
            onnx=str(order.onnx) if order.onnx else None,
            simulator=simulator,
            hints=tuple(one.row(filling) for one in self.hints),
            not_looked_at=tuple(one.row for one in self.passed),
            warnings=tuple(self.warnings),
            scores=tuple(self.scores),
            next_steps=tuple(filling.step(one.text, one.command) for one in self._completing()),
        )

    def _completing(self) -> list[Step]:
        """One call that lets the rest be looked at."""
        lacking = dict.fromkeys(one.lacks for one in self.passed if one.lacks)
        return [Step(say("To have that looked at too:"), " ".join([_AGAIN, *lacking]))] if lacking else []

    @property
    def said(self) -> bool:
        """Whether anything was said: a hint, what wasn't looked at, or what has no effect."""
        return bool(self.hints or self.passed or self.warnings)
