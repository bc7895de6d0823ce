"""Scores of every layer, as pair.json keeps them and `axpair layers` prints them."""

import msgspec


class LayerScore(msgspec.Struct, frozen=True):
    """One tensor against the reference's; None where that can't be said, as for a zero reference."""

    cosine: float | None
    relative_error: float | None
    """2-norm of the difference over the 2-norm of the reference."""
    sqnr_db: float | None = None


class LayerCause(msgspec.Struct, frozen=True):
    """Something that the numbers show of a layer and that costs accuracy."""

    kind: str
    """"clipped", "outliers", "silu", "softmax", "concat", "dead-channels", "unlike-parts", "weight-scale"; "constant",
    "infinite", "unlike-features": its values are swallowed by one step; "operand": those of what it reads are."""
    words: str
    """With the values: a clause."""
    mend: str = ""
    """What to write instead: a sentence. "" where the fault book's next steps say it."""


class CompiledError(msgspec.Struct, frozen=True):
    """What compilation adds in one operator, fed with the quantised model's codes; in quantisation steps."""

    max_steps: float
    mean_steps: float
    differing: int
    at_fault: bool
    """Whether that is more than rounding."""


class LayerRow(msgspec.Struct, frozen=True):
    """One layer of the joint."""

    name: str
    """Of its output tensor."""
    node: str
    """Of the joint's operator."""
    kind: str
    """The ONNX operators that make it, where the float model ran; else the joint's kind."""
    elements: int
    range: tuple[float, float] | None
    """Of the reference's tensor; None where nothing in it is finite."""
    inputs: tuple[str, ...] = ()
    """Names of the layers that it reads; the joint's own inputs aren't layers."""
    sources: tuple[str, ...] = ()
    """ONNX nodes fused into it."""
    lava_joint: LayerScore | None = None
    joint: LayerScore | None = None
    """What came together up to here: end to end against the reference."""
    own: LayerScore | None = None
    """The layer alone, fed with the float model's tensors."""
    compiled: CompiledError | None = None
    causes: tuple[LayerCause, ...] = ()
    clipped: float = 0.0
    """Share of the reference's elements that lie beyond where the layer alone, fed with the reference, ends."""
    clipped_noise: float = 0.0
    """What part of the power of its own error they have."""

    @property
    def own_loss(self) -> float:
        """2-norm relative error of its own; 0 where it isn't known."""
        return (self.own.relative_error or 0.0) if self.own else 0.0


class LayerScores(msgspec.Struct, frozen=True):
    """All layers in the order of execution."""

    reference: str
    """"onnx", or "lava_joint" where there was no float model."""
    own_stage: str
    """Which form of the model was fed layer by layer; "" where none was."""
    layers: tuple[LayerRow, ...]
    cut_off: bool = False
    """Whether the table that they were read from breaks off."""
