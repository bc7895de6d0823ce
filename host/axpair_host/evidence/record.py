"""pair.json: everything about a case that its tensors don't say.

The gathering half (`case` to `timings`) is written once and is all that a diagnosis reads. The judged half
(`verdict`, `findings`, ...) is an output for people and tools: it is never read back.
"""

from typing import Any

import msgspec

SCHEMA_VERSION = 1
FILE_NAME = "pair.json"


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


class Layer(msgspec.Struct, frozen=True):
    """One compiled operator fed with the quantised model's codes (axpair_proto.simulator.LayerError)."""

    name: str
    kind: str
    max_steps: float
    mean_steps: float
    differing: int
    elements: int


class PostprocessFacts(msgspec.Struct, frozen=True):
    """What the user's post-processor made of each leg."""

    spec: str
    decisions: dict[str, Any]
    """Leg ("onnx", "lava_joint", "joint", "board", "golden") to its JSON-able result."""
    errors: dict[str, str] = {}
    """Leg to what the post-processor raised on it."""


class CaseFacts(msgspec.Struct, frozen=True):
    """What makes this case this case."""

    id: str
    joint_sha256: str
    onnx_sha256: str | None = None
    lava_joint_sha256: str | None = None
    config_sha256: str | None = None


class Record(msgspec.Struct, frozen=True):
    """The gathering half of pair.json."""

    case: CaseFacts
    inputs: tuple[InputFacts, ...]
    outputs: tuple[OutputFacts, ...]
    simulator: str
    """Name and version of what computed onnx/, lava_joint/ and joint/."""
    board: BoardFacts | None = None
    layers: tuple[Layer, ...] | None = None
    postprocess: PostprocessFacts | None = None
    expect: Any = None
    """What the user expects the post-processor to say; None when not given."""
    has_expect: bool = False
    observed: Any = None
    """What the user's own program said of this case; None when not given."""
    has_observed: bool = False
    digests: dict[str, str] = {}
    """Path of every tensor file below the gt folder to its sha256 when it was written."""
    notes: tuple[str, ...] = ()
    """Sentences for people: a resize, a leg left out."""
    versions: dict[str, str] = {}
    timings: dict[str, float] = {}
    """Seconds per stage of gathering."""
    schema_version: int = SCHEMA_VERSION
