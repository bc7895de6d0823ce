"""pair.json: everything about a case that its tensors don't say.

The gathering half (`case` to `timings`) is written once and is all that a diagnosis reads. The judged half
(`verdict`, `findings`, ...) is an output for people and tools: it is never read back.
"""

import math
import sys
from typing import Any

import msgspec
from axpair_proto.joint import Toolchain, toolchain_of
from axpair_proto.simulator import LayerError

from axpair_host.documents.layers import LayerScores
from axpair_host.evidence.other_platform import OtherPlatform
from axpair_host.evidence.readings import ReadingsFacts

SCHEMA_VERSION = 1
LEGS = ("golden", "onnx", "lava_joint", "joint", "board")
"""Folders of outputs in a gt folder, in the data's direction."""
FILE_NAME = "pair.json"
ROUND_KINDS = ("probe", "case")


class InputFacts(msgspec.Struct, frozen=True):
    """One input as every leg was fed with it."""

    name: str
    file: str
    """Stem under input/."""
    dtype: str
    shape: tuple[int, ...]
    layout: str
    color_space: str
    sha256: str
    source: str
    """The file it was prepared from, as the user named it."""


class OutputFacts(msgspec.Struct, frozen=True):
    """One output as the model declares it."""

    name: str
    file: str
    """Stem under onnx/, lava_joint/, joint/, board/."""
    dtype: str
    shape: tuple[int, ...]
    layout: str
    q: int = 0
    step: float = 0.0
    """Quantisation step in real units; 0 where unknown."""
    cpu_part: bool = False
    ordered_by: str = ""
    """The ONNX operator, such as TopK, that puts its rows into the order of a score; "" where none is known."""
    named_by: str = ""
    """The one, such as ArgMax, that makes its elements names; "" where none is known."""

    @property
    def is_untyped(self) -> bool:
        """Whether nothing says its dtype and shape: it is taken as bytes, which are equal or not, and no more."""
        return is_untyped(self.dtype, self.shape) and not (self.layout or self.q or self.step)


def is_untyped(dtype: str, shape: tuple[int, ...]) -> bool:
    """Whether that is how a lone .bin is read, of which nothing is known but its size."""
    return (dtype, len(shape)) == ("uint8", 1)


FINISHED = "finished run in "
"""A board's url begins so where it is the folder and log of a run that took place before."""
NOT_STORED = "not_stored"
"""A failure's kind, of finished runs alone: the model ran, and the program could not store what it gave."""
UNTOLD = "untold"
"""A failure's kind, of finished runs alone: nothing of the run is there, and its log doesn't say that it failed."""


class Failure(msgspec.Struct, frozen=True):
    """The runtime's failure in one round; kinds are those of axpair.v1.RuntimeFailure, in lower case."""

    kind: str
    message: str
    code: int = 0
    signal: str = ""


class RoundOutput(msgspec.Struct, frozen=True):
    """One output of one round, as the worker saw it."""

    name: str
    sha256: str
    size_bytes: int
    poisoned: bool = False
    survivors: tuple[tuple[int, int], ...] = ()
    """(offset, length) in bytes of ranges that still held this round's poison."""


class Round(msgspec.Struct, frozen=True):
    """One run on the board."""

    kind: str
    """"probe" or "case"."""
    number: int
    """0 for the probe, else 1, 2, ..."""
    folder: str = ""
    """Where its output bytes lie, relative to the gt folder; "" where they weren't kept (equal to round 1)."""
    worker_generation: int = 1
    delivered: dict[str, str] = {}
    """Input name to the sha256 of the bytes that the worker handed over."""
    sent: dict[str, str] = {}
    """Input name to the sha256 of the bytes that the host sent (for the probe: of its own)."""
    outputs: tuple[RoundOutput, ...] = ()
    failure: Failure | None = None
    log_lines: tuple[str, ...] = ()
    run_us: int = 0


class BoardFacts(msgspec.Struct, frozen=True):
    """The board's side of the case."""

    url: str
    rounds: tuple[Round, ...]
    versions: dict[str, str] = {}
    model_sha256: str = ""
    """The worker's own digest of the model that it opened."""
    tools_version: str = ""
    load_failure: Failure | None = None
    log_lines: tuple[str, ...] = ()
    model_differences: tuple[str, ...] = ()
    """Of a finished run: what its log says of the model otherwise than the joint, a sentence each."""
    written: tuple[str, ...] = ()
    """Of a finished run: outputs that its own log says it stored, in files that lie here as that program writes them.
    Nobody else chose their form."""
    doubt: str = ""
    """Of a finished run: why another run of its log may have stored what lies there; "" where none may."""
    beside: Failure | None = None
    """Of a finished run that left outputs: the failure that its log tells all the same."""


class SecondOpinion(msgspec.Struct, frozen=True):
    """The case as the vendor's own command runs it on the same board: behind another input, as our worker ran it."""

    lacking: str = ""
    """Why it couldn't be had; "" where it was."""
    versions: dict[str, str] = {}
    rounds: tuple[Round, ...] = ()
    """The command's rounds; each is a process of its own. Logs are kept whole."""
    failure: Failure | None = None
    """Of the command while it only described the model."""
    log_lines: tuple[str, ...] = ()


class CanaryRun(msgspec.Struct, frozen=True):
    """The known-good case, run once."""

    when: str
    """"before" or "after" the cases."""
    outputs: dict[str, str] = {}
    """Output name to sha256; empty where it failed."""
    failure: Failure | None = None


class CanaryFacts(msgspec.Struct, frozen=True):
    """A known-good case that ran on the board before and after."""

    gt: str
    """Its folder, as the user named it."""
    joint_sha256: str
    expected: dict[str, str]
    """Output name to sha256 of what it gives on a board that is fit."""
    runs: tuple[CanaryRun, ...]


class SwitchTrial(msgspec.Struct, frozen=True):
    """The case under one switch of the board."""

    name: str
    lacking: str = ""
    """Why it wasn't tried; "" where it was."""
    outputs: dict[str, str] = {}
    """Output name to sha256, of the last round; empty where it failed."""
    failure: Failure | None = None


class Layer(msgspec.Struct, frozen=True):
    """One compiled operator fed with the quantised model's codes (axpair_proto.simulator.LayerError)."""

    name: str
    kind: str
    max_steps: float
    mean_steps: float
    differing: int
    elements: int


def layer_of(error: LayerError) -> Layer:
    """As a record holds it: steps that are no finite number, which JSON lacks, as the largest there are."""

    def finite(steps: float) -> float:
        largest = sys.float_info.max
        return largest if math.isnan(steps) else max(-largest, min(largest, steps))

    return Layer(
        error.name, error.kind, finite(error.max_steps), finite(error.mean_steps), error.differing, error.elements
    )


class PostprocessFacts(msgspec.Struct, frozen=True):
    """What the user's post-processor made of each leg."""

    spec: str
    decisions: dict[str, Any]
    """Leg ("onnx", "lava_joint", "joint", "board", "golden") to its JSON-able result."""
    errors: dict[str, str] = {}
    """Leg to what the post-processor raised on it."""
    again: dict[str, Any] = {}
    """Leg to what it made of the same bytes when asked again, where that was something else."""


class PreparedOtherwise(msgspec.Struct, frozen=True):
    """What the product's own preparation makes of one input's file."""

    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    differing: int | None = None
    """Bytes that aren't those of gt/input; None where the sizes differ."""
    largest: float = 0.0
    """Largest and mean difference of elements, read in the input's dtype."""
    mean: float = 0.0
    correlation: float = 0.0


class PreprocessHit(msgspec.Struct, frozen=True):
    """A misreading of the input that gives what the product's preparation gives."""

    name: str
    codes: tuple[str, ...]
    distance: float = 0.0
    """Mean difference of bytes; 0 where they are the same."""


class PreprocessFacts(msgspec.Struct, frozen=True):
    """The product's preparation, run on the case's own files."""

    spec: str
    inputs: dict[str, PreparedOtherwise]
    hits: tuple[PreprocessHit, ...] = ()
    tried: int = 0


class InputTrial(msgspec.Struct, frozen=True):
    """What the simulator gives on the input misread in one way."""

    name: str
    code: str
    """What the misreading is called."""
    outputs: dict[str, str]
    """Output name to sha256."""
    source: str = ""
    """"" = this case's input, "probe" = the input that the board ran before."""


class FrontEndFacts(msgspec.Struct, frozen=True):
    """What the configuration does to one picture (axpair_proto.capabilities.FrontEnd)."""

    gain: tuple[float, ...]
    offset: tuple[float, ...]
    reverses_channels: bool
    channel_axis: int


class ConfigTrial(msgspec.Struct, frozen=True):
    """The float model under one other front end, on every input that is a picture."""

    name: str
    codes: tuple[str, ...]
    """What is wrong with the configuration if this front end is the right one."""
    folder: str = ""
    """Where its outputs lie; "" where they are nowhere near golden/."""
    decision: Any = None
    has_decision: bool = False


class FrontEndTrials(msgspec.Struct, frozen=True):
    """What the float model was fed with, and what it gives when fed otherwise."""

    configured: dict[str, FrontEndFacts]
    """By input; the tensors themselves are in trials/configured/input."""
    trials: tuple[ConfigTrial, ...] = ()


class CaseFacts(msgspec.Struct, frozen=True):
    """What makes this case this case."""

    id: str
    joint_sha256: str
    onnx_sha256: str | None = None
    lava_joint_sha256: str | None = None
    config_sha256: str | None = None


class Called(msgspec.Struct, frozen=True):
    """How the case was asked for, paths as the user named them; "" for what wasn't given. No check reads it: it is for
    the commands that are proposed."""

    joint: str = ""
    onnx: str = ""
    lava_joint: str = ""
    config: str = ""
    gt: str = ""
    board: str = ""
    board_out: str = ""
    board_log: str = ""
    options: tuple[str, ...] = ()
    """Options with their values that bear on the case or on how it is judged."""


class Record(msgspec.Struct, frozen=True):
    """The gathering half of pair.json."""

    case: CaseFacts
    inputs: tuple[InputFacts, ...]
    outputs: tuple[OutputFacts, ...]
    simulator: str
    """Name and version of what computed onnx/, lava_joint/ and joint/."""
    called: Called | None = None
    board: BoardFacts | None = None
    config_differences: tuple[str, ...] = ()
    """What --config says otherwise than the joint's own configuration, a sentence each."""
    canary: CanaryFacts | None = None
    second_opinion: SecondOpinion | None = None
    switches: tuple[SwitchTrial, ...] | None = None
    layers: tuple[Layer, ...] | None = None
    layer_scores: LayerScores | None = None
    input_trials: tuple[InputTrial, ...] | None = None
    front_end: FrontEndTrials | None = None
    preprocess: PreprocessFacts | None = None
    postprocess: PostprocessFacts | None = None
    expect: Any = None
    """What the user expects the post-processor to say; None when not given."""
    has_expect: bool = False
    expect_leg: str = ""
    """"onnx": what the post-processor makes of these outputs is what is expected."""
    observed: Any = None
    """What the user's own program said of this case; None when not given."""
    has_observed: bool = False
    readings: ReadingsFacts | None = None
    """Ways of misreading the outputs; None where none was tried."""
    other: tuple[OtherPlatform, ...] = ()
    """What other platforms make of the same float model."""
    digests: dict[str, str] = {}
    """Path of every tensor file below the gt folder to its sha256 when it was written."""
    notes: tuple[str, ...] = ()
    """Sentences for people: a resize, a leg left out."""
    versions: dict[str, str] = {}
    timings: dict[str, float] = {}
    """Seconds per stage of gathering."""
    sentences: dict[str, Any] = {}
    """How the sentences in it were made, by their English text (`axpair_proto.sentences.remember`): another language
    is made of that."""
    schema_version: int = SCHEMA_VERSION


def joint_toolchain(record: Record) -> Toolchain:
    """What built the joint, as its own file says; release 0.1.0 wrote both lines of it as the commit."""
    commit = toolchain_of(record.versions.get("joint_commit", ""))
    return Toolchain(record.versions.get("joint_release", commit.release), commit.commit)
