"""What `axpair layers` prints and keeps: scores of every layer, or a bisection. pair.json holds the scores too."""

import msgspec

from axpair_host.documents import VerdictWord

SCHEMA_VERSION = 1


class LayerScore(msgspec.Struct, frozen=True):
    """One tensor against the reference's."""

    cosine: float | None
    """The cosine of both tensors; None where it isn't defined, as for a zero reference or behind an ArgMax."""
    relative_error: float | None
    """The 2-norm of the difference by the 2-norm of the reference, as a fraction; None where it isn't defined."""
    sqnr_db: float | None = None
    """The signal-to-quantization-noise ratio in dB; None where it isn't defined or known, as for equal values."""


class LayerCause(msgspec.Struct, frozen=True):
    """Something that the numbers show of a layer and that costs accuracy."""

    kind: str
    """It is one of "clipped", "outliers", "silu", "softmax", "concat", "dead-channels", "unlike-parts", "weight-scale";
    or "constant", "infinite", "unlike-features": one step swallows its values; or "operand": one step swallows those of
    what it reads."""
    words: str
    """It is said in a clause, with the values."""
    mend: str = ""
    """A sentence says what to write instead; "" where the fault book's next steps say it."""


class CompiledError(msgspec.Struct, frozen=True):
    """What compilation adds in one operator that is fed with the quantized model's codes."""

    max_steps: float
    """The largest difference, in quantization steps."""
    mean_steps: float
    """The mean signed difference, in quantization steps."""
    differing: int
    """So many elements differ."""
    at_fault: bool
    """It is more than rounding."""


class LayerRow(msgspec.Struct, frozen=True):
    """One layer of the joint."""

    name: str
    """The name of its output tensor."""
    node: str
    """The name of the joint's operator."""
    kind: str
    """The ONNX operators that make it, where the float model ran; else the joint's kind."""
    elements: int
    """Its tensor has so many elements; 0 where that isn't known."""
    range: tuple[float, float] | None
    """The reference tensor's smallest and largest finite value; None where there is none."""
    inputs: tuple[str, ...] = ()
    """The names of the layers that it reads; the joint's own inputs aren't layers."""
    sources: tuple[str, ...] = ()
    """The ONNX nodes that are fused into it; empty where they aren't known."""
    lava_joint: LayerScore | None = None
    """The quantized model's tensor, end to end; None where the stage wasn't run."""
    joint: LayerScore | None = None
    """The joint's tensor, end to end: what came together up to here; None where the stage wasn't run."""
    own: LayerScore | None = None
    """The layer alone, fed with the float model's tensors; None where it wasn't run."""
    compiled: CompiledError | None = None
    """What compilation adds; None where the joint or the quantized model wasn't run layer by layer."""
    causes: tuple[LayerCause, ...] = ()
    """What its numbers show of why it costs accuracy; empty where they show nothing."""
    clipped: float = 0.0
    """The share of the reference's elements, 0..1, that lie beyond where the layer alone, fed with it, ends."""
    clipped_noise: float = 0.0
    """These elements have this part of the power of its own error; 0..1."""

    @property
    def own_loss(self) -> float:
        """2-norm relative error of its own; 0 where it isn't known."""
        return (self.own.relative_error or 0.0) if self.own else 0.0

    def score(self, stage: str) -> LayerScore | None:
        """The score of "joint", "lava_joint" or "own"."""
        return {"joint": self.joint, "lava_joint": self.lava_joint, "own": self.own}[stage]


class LayerScores(msgspec.Struct, frozen=True):
    """All layers in the order of execution."""

    reference: str
    """It is "onnx", or "lava_joint" where there was no float model."""
    own_stage: str
    """The form of the model that was fed layer by layer; "" where none was."""
    layers: tuple[LayerRow, ...]
    """A row for each layer, in the order of execution."""
    cut_off: bool = False
    """The table that they were read from breaks off."""


class NamedLayer(msgspec.Struct, frozen=True):
    """Names one of the rows."""

    number: int
    """Its place among the layers, from 1; 0 for an input of the model. Names that a log cut short are alike."""
    name: str
    """The name of its output tensor."""
    node: str
    """The name of the joint's operator."""
    kind: str
    """The operators that make it, as in its row."""


class CostliestLayer(NamedLayer, frozen=True):
    """The layer with the largest error of its own that more bits mend."""

    share: float
    """Its part of the sum of all layers' own noise powers; 0..1."""
    stands_out: bool
    """It has so large a part that the loss enters there."""
    causes: tuple[LayerCause, ...]
    """What its numbers show; empty where they show nothing."""


class EntryLayer(NamedLayer, frozen=True):
    """The layer whose values one step swallows, where the costliest one only reads them, or is it."""

    cause: LayerCause
    """Why it swallows them."""


class OutputScore(msgspec.Struct, frozen=True):
    """One output of the model against the float model's."""

    name: str
    """The name of the output."""
    stage: str
    """It is "joint" or "lava_joint"."""
    cosine: float | None
    """The cosine of both tensors; None where it isn't defined."""
    lost: str = ""
    """The line by which it shows a loss, with the value; "" where it shows none."""
    measure: str = ""
    """The measure of that line; "" where it shows no loss."""
    beside: dict[str, float] = {}
    """Values of the measures that say something of what it holds, by their names; empty where only the cosine does."""
    doubt: str = ""
    """The line below which it may have lost what its cosine hides, with the value; "" where there is no doubt."""

    @property
    def is_short(self) -> bool:
        """It shows a loss, or may have one."""
        return bool(self.lost or self.doubt)


class SixteenTrial(msgspec.Struct, frozen=True):
    """The outputs' cosines against the float model with one layer in 8 bit and in 16 bit."""

    layer: str
    """The name of the layer."""
    operators: tuple[str, ...]
    """The ONNX nodes whose features got 16 bit: those that make the tensor, and those that read it."""
    before: dict[str, float | None]
    """The cosine of each output as the model was built; None where it isn't defined."""
    after: dict[str, float | None]
    """The cosine of each output with the layer in 16 bit; None where it isn't defined."""
    lost: tuple[str, ...]
    """The outputs that showed a loss before, or may have had one; empty where none did."""
    brought_back: bool
    """There were such outputs, and none of them shows a loss any more."""
    told: dict[str, tuple[str, str]]
    """Each output in words, before and after: the cosine, and what else says something of it."""


class LayersDocument(msgspec.Struct, frozen=True):
    """Every layer's scores, and what they say."""

    schema_version: int
    """The version of this form: 1."""
    verdict: VerdictWord
    """It is FAULT where an output shows a loss, a layer is compiled wrongly, or, where no outputs are known, one is
    below the line; INCONCLUSIVE where the table breaks off."""
    reference: str
    """The form of the model that all layers are held against: "onnx", or "lava_joint" without a float model."""
    own_stage: str | None
    """The form of the model that was fed layer by layer; None where none was."""
    line: float
    """The cosine below which a layer counts as degraded."""
    simulator: str | None
    """Name and version of the simulator; None where the rows come from a log."""
    build_log: str | None
    """The path of the log that the rows come from; None where they come from a simulator."""
    first_below: NamedLayer | None
    """The first layer below the line; None where there is none."""
    first_below_stage: str
    """The score that the line is held against: "joint", "lava_joint" or "own"."""
    without_cosine: tuple[NamedLayer, ...]
    """Layers of a log whose cosine is no number; empty without any."""
    costliest: CostliestLayer | None
    """The layer with the largest error of its own; None where no own error is known."""
    enters_at: EntryLayer | None
    """Where the costliest layer's loss enters by values that one step swallows; None where nothing swallows any."""
    miscompiled: tuple[NamedLayer, ...]
    """Layers that compilation changes by more than rounding; empty without any."""
    outputs: tuple[OutputScore, ...]
    """The model's outputs; empty where the float model wasn't run."""
    int16: SixteenTrial | None
    """What 16 bit brings back in the layer where the loss enters; None where it wasn't tried."""
    layers: tuple[LayerRow, ...]
    """A row for each layer, in the order of execution."""


class TensorDifference(msgspec.Struct, frozen=True):
    """How the board's tensor differs from the simulator's."""

    name: str
    """The name of the tensor."""
    differing: int
    """So many elements differ."""
    elements: int
    """It has so many elements."""
    max_abs: float | None
    """The largest difference in the tensor's own units (codes for inner tensors); None where it isn't known."""
    signature: tuple[str, ...] = ()
    """What the differences look like, in words; empty where they look like nothing known."""


class Trial(msgspec.Struct, frozen=True):
    """One part of the model on simulator and board."""

    key: str
    """It names the part within the log."""
    outputs: tuple[str, ...]
    """The tensors that the part ends with; empty for the whole model."""
    repeatable: bool
    """Every round gave the same bytes."""
    differs: tuple[TensorDifference, ...]
    """The tensors that aren't the simulator's; empty where all are."""
    seconds: float
    """It took so many seconds."""
    failure: str = ""
    """Why the board gave no answer; "" where it did."""
    inner: tuple[str, ...] = ()
    """The tensors inside the model that the part begins with; empty where it begins with the model's inputs."""


class NamedOperator(msgspec.Struct, frozen=True):
    """One operator of a compiled model."""

    name: str
    """Its name in the joint."""
    kind: str
    """What it computes."""
    output: str
    """The name of the tensor that it makes."""


class Bisection(msgspec.Struct, frozen=True):
    """Where a board's bytes stop being the simulator's."""

    outcome: str
    """It is "agrees" where nothing differs, "found" with one operator, "segment" where it got only so far, "refused"
    where this board can't be bisected."""
    why: str
    """The outcome in a clause."""
    expected_trials: int
    """So many models were expected to be tried at most; 0 where none had to be."""
    nodes: tuple[NamedOperator, ...]
    """The operators among which the fault lies: one where it was found, none where nothing was looked for."""
    differs: tuple[TensorDifference, ...]
    """The tensors at the end of the part where the difference shows first; empty where nothing was looked for."""
    last_equal: tuple[str, ...]
    """The tensors before it that have the simulator's bytes; empty where there are none."""
    trials: tuple[Trial, ...]
    """Every model that was tried, those of earlier runs included."""


class BisectionDocument(msgspec.Struct, frozen=True):
    """A bisection with what it was made with."""

    schema_version: int
    """The version of this form: 1."""
    verdict: VerdictWord
    """It is FAULT where something differs, and INCONCLUSIVE where the board can't be bisected."""
    simulator: str
    """Name and version of the simulator."""
    board: str
    """The board's URL."""
    log: str
    """The path of the log, from which a run that was cut short goes on."""
    bisection: Bisection
    """What was found."""
