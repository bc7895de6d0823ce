"""What `axpair pair` and `axpair diagnose` print, and pair.json holds beside what was gathered: a case's verdict.

Its steps are filled where it is printed, and templates where a replay stores it.
"""

from typing import Any, Generic, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType

from axpair_host.documents import VerdictWord
from axpair_host.documents.compared import HeldLine, TensorComparison

SCHEMA_VERSION = 1

Pair = Literal["golden_onnx", "onnx_lava", "lava_joint", "onnx_joint", "joint_board"]
"""Two legs of an output, the reference first."""

S = TypeVar("S")
"""NextStep or StepTemplate."""


class FindingRow(Struct, Generic[S], frozen=True):
    """Something that was found."""

    code: str
    """The fault code."""
    owner: str
    """Where it arises; "unknown" where that isn't decided."""
    stage: str
    """It is "conversion", "on_board" or "application"."""
    side: str
    """Who goes on: "customer", "axera" or "undecided"."""
    proven: bool
    """The explanation is proven: an experiment that could have come out otherwise shows it."""
    owner_proven: bool
    """The owner is proven too: the vendor's own tool shows it."""
    by_vendor: str | None
    """What the vendor's own command showed beside it: "same", "right" or "other"; None where it wasn't asked."""
    rivals: tuple[str, ...]
    """Codes that the very same evidence fits as well; empty without any."""
    weight: str
    """It is "fault", "inconclusive" or "warning"."""
    title: str
    """The code's title in the fault book."""
    headline: str
    """What stands in the headline; the title, where nothing else says more."""
    summary: str
    """What was observed, with the values: one or two sentences."""
    outputs: tuple[str, ...]
    """The outputs concerned; empty where it is of none by itself."""
    evidence: dict[str, Any]
    """The numbers behind it, by names of its code."""
    cosine_if_fixed: float | None
    """The worst cosine against the float model if this alone were fixed; None where that isn't known."""
    next_steps: tuple[S, ...]
    """What to do; empty where nothing is."""


class NotJudged(Struct, Generic[S], frozen=True):
    """Something that the evidence can't answer."""

    what: str
    """A leg, a pair of legs, or a question in a word."""
    why: str
    """Why it can't."""
    next_steps: tuple[S, ...]
    """What would answer it; empty where nothing known would."""


class OutputRow(Struct, frozen=True):
    """An output of the model, and its legs side by side. A comparison is None where one of both legs isn't there."""

    name: str
    """The name of the output."""
    dtype: str
    """Its element type."""
    shape: tuple[int, ...]
    """Its shape."""
    layout: str
    """The order of its axes, such as "NHWC"; "" where it isn't known."""
    step: float | None
    """Its quantization step in its own units; None where it isn't known."""
    cpu_part: bool
    """A part of the model that runs on the CPU makes it."""
    golden_onnx: TensorComparison | None
    """The float model against the golden tensors."""
    onnx_lava: TensorComparison | None
    """The quantized model against the float model."""
    lava_joint: TensorComparison | None
    """The simulated joint against the quantized model."""
    onnx_joint: TensorComparison | None
    """The simulated joint against the float model."""
    joint_board: TensorComparison | None
    """The board against the simulated joint."""
    lines: tuple[HeldLine, ...] | UnsetType = UNSET
    """How it stands with the user's lines for it; left out without any."""

    def comparison(self, pair: Pair) -> TensorComparison | None:
        """That of two of its legs."""
        return {
            "golden_onnx": self.golden_onnx,
            "onnx_lava": self.onnx_lava,
            "lava_joint": self.lava_joint,
            "onnx_joint": self.onnx_joint,
            "joint_board": self.joint_board,
        }[pair]


class DecisionRow(Struct, frozen=True):
    """What the post-processor made of one leg."""

    leg: str
    """The leg; "program" for what the user's program said."""
    said: str
    """The decision in words."""
    differs: tuple[str, ...] | None
    """In what it isn't what is expected, in sentences; None where nothing is expected."""


class DecisionTable(Struct, frozen=True):
    """What the post-processor made of each leg."""

    postprocess: str | None
    """The post-processor; None where only the user's program said something."""
    expected: str | None
    """What is expected, in words; None where nothing is."""
    expected_of: str | None
    """The leg whose decision is expected; None where it was given, or nothing is expected."""
    rows: tuple[DecisionRow, ...]
    """A row for each leg that was decided."""


class BoardRound(Struct, frozen=True):
    """One round on the board."""

    kind: str
    """What it was run for, such as "probe" or "case"."""
    number: int
    """Its number among those of its kind; 0 for the probe."""
    worker_generation: int
    """The number of the worker process that ran it."""
    run_us: int
    """It took so many microseconds; 0 where that isn't known."""
    failed: str | None
    """How it failed; None where it didn't."""


class BoardRow(Struct, frozen=True):
    """The board of a case."""

    url: str
    """Its URL."""
    versions: dict[str, str]
    """What runs there, by names."""
    tools_version: str
    """The version that the vendor's runtime says; "" where it says none."""
    rounds: tuple[BoardRound, ...]
    """The rounds in their order."""


class SecondOpinionRow(Struct, frozen=True):
    """What the vendor's own command was asked."""

    lacking: str | None
    """What it would have taken; None where it ran."""
    versions: dict[str, str]
    """Its versions, by names."""
    failed: str | None
    """Why it failed; None where it didn't."""
    log_lines: tuple[str, ...]
    """The last lines that it printed."""


class SwitchRow(Struct, frozen=True):
    """A switch of the board that was tried."""

    switch: str
    """Its name."""
    changed: bool | None
    """The board's bytes are others with it; None where that isn't known."""
    right: bool | None
    """They are the simulator's bytes with it; None where that isn't known."""
    failed: str | None
    """Why it failed; None where it didn't."""
    lacking: str | None
    """What it would have taken; None where it ran."""


class PairDocument(Struct, Generic[S], frozen=True):
    """All that is said of a case."""

    schema_version: int
    """The version of this form: 1."""
    case: str
    """The case's name."""
    verdict: VerdictWord
    """It is FAULT with any fault, INCONCLUSIVE where more evidence is needed, else PASS."""
    owner: str
    """Where it arises; "none" for PASS, "unknown" where that isn't decided."""
    stage: str | None
    """The first finding's stage; None without a finding."""
    side: str | None
    """Who goes on; None without a finding."""
    seen_first: tuple[str, ...]
    """Sentences on what a person sees first; empty where there is nothing such."""
    headlines: tuple[tuple[str, ...], ...]
    """The codes of each thing that is wrong by itself; those that the same evidence fits stand together."""
    simulator: str
    """Name and version of the simulator; "" where it isn't known."""
    findings: tuple[FindingRow[S], ...]
    """What was found; the first one is the verdict's own. Empty for PASS."""
    warnings: tuple[FindingRow[S], ...]
    """Findings that change nothing of the verdict; empty without any."""
    outputs: tuple[OutputRow, ...]
    """The model's outputs."""
    not_judged: tuple[NotJudged[S], ...]
    """What couldn't be judged; empty where everything was."""
    next_steps: tuple[S, ...]
    """One call that brings all that is missing; empty where nothing is."""
    decisions: DecisionTable | None
    """What the post-processor made of each leg; None without one."""
    board: BoardRow | None
    """The board; None where none was recorded."""
    second_opinion: SecondOpinionRow | None
    """What the vendor's own command showed; None where it wasn't asked."""
    switches: tuple[SwitchRow, ...] | None
    """The board's switches that were tried; None where none were."""
    versions: dict[str, str]
    """What took part, by names."""
    timings: dict[str, float]
    """The seconds of each stage, by names."""
