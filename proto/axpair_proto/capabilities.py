"""What a simulator may offer besides `axpair_proto.simulator.Simulator`: each a small protocol of its own.

The host asks with isinstance. A toolchain that lacks one (no layer dumps, say) simply has no such methods, and what
needs it says so. Every method raises a subclass of AxpairError with side "input" on bad input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from axpair_proto.simulator import Models, PreparedInputs, Stage, Tensors

if TYPE_CHECKING:
    import numpy as np


Fitting = Literal["stretch", "letterbox", "crop"]
"""How a picture of another shape is brought to an input's: all of it stretched, all of it between gray bars (114), or
its middle, cut."""


@runtime_checkable
class FitsPictures(Protocol):
    """Prepares pictures in each way of fitting; `Simulator.prepare` stretches."""

    def prepare_fitted(self, models: Models, files: Mapping[str, Path], fitting: Fitting) -> PreparedInputs:
        """As `Simulator.prepare`."""
        ...


@dataclass(frozen=True)
class FrontEnd:
    """What a configuration does to one picture on its way into the float model: y = x * gain + offset for each
    channel, x in 0..255 and in the joint's colour order; then, where reversed, red and blue change places."""

    gain: tuple[float, ...]
    offset: tuple[float, ...]
    reverses_channels: bool
    channel_axis: int
    """Of the float model's input."""


@runtime_checkable
class RunsFloatModel(Protocol):
    """Runs the float model without any configuration, and shows what the configuration feeds it with."""

    def front_ends(self, models: Models) -> Mapping[str, FrontEnd]:
        """By input, for those that are pictures; `models.config` where given, else what the joint was built with."""
        ...

    def float_inputs(self, models: Models, inputs: Mapping[str, bytes]) -> Tensors:
        """What `models.config` makes of the joint's input bytes: after colour conversion, normalisation and layout.

        By the ONNX model's input names, in its dtype, shape and layout.
        """
        ...

    def run_float(self, models: Models, tensors: Tensors) -> Tensors:
        """The plain ONNX model on such tensors; outputs in the joint's shape, dtype and layout."""
        ...


@runtime_checkable
class RunsImportedModel(Protocol):
    """Runs the float model as the build's own front end imported it, as `pulsar run --use_onnx_ir` does."""

    def run_imported(self, models: Models, inputs: Mapping[str, bytes]) -> Tensors:
        """Outputs in the joint's form for the joint's input bytes, configuration applied."""
        ...


@dataclass(frozen=True)
class LayerTensor:
    """One operator's output in one form of the model."""

    name: str
    """Of the ONNX tensor that it is; the same in every stage."""
    node: str
    """The operator's name."""
    kind: str
    """Of the joint's operator; in the float model the ONNX operators that make it, such as "Conv+Relu", or "Input" for
    an input of the model."""
    values: np.ndarray
    """Real values, float32, in the ONNX model's axis order."""
    step: float = 0.0
    """Quantisation step in real units; 0 in the float model."""
    limits: tuple[float, float] | None = None
    """Smallest and largest real value that its codes stand for: the calibrated range, whatever values occur. None in
    the float model."""
    sources: tuple[str, ...] = ()
    """ONNX nodes fused into it."""
    weight_spread: float = 0.0
    """Of a depthwise convolution whose channels share one scale of weights: the widest channel's reach over the
    narrowest's. 0 for anything else."""


@runtime_checkable
class DumpsLayers(Protocol):
    """Shows what every layer gives."""

    def layers(self, models: Models, stage: Stage, inputs: Mapping[str, bytes]) -> Iterator[LayerTensor]:
        """Every layer's output, in the order of execution, streamed: one alive at a time.

        "onnx" gives at least the tensors whose names the joint's layers have. Of a batch it is the first item.
        """
        ...

    def own_layers(self, models: Models, stage: Stage, inputs: Mapping[str, bytes]) -> Iterator[LayerTensor]:
        """Every layer alone ("lava_joint" or "joint"), fed with the float model's tensors, quantised as it takes them:
        what differs from "onnx" is the layer's own error. In the order of `layers`; layers that the float model has
        no tensor for are left out.
        """
        ...


@dataclass(frozen=True)
class Node:
    """One operator of a compiled model."""

    name: str
    kind: str
    inputs: tuple[str, ...] = field(default=())
    """Tensors that other operators or the model's inputs give; constants aren't among them."""
    output: str = ""


@runtime_checkable
class CutsModels(Protocol):
    """Makes a part of a compiled model into a model of its own."""

    def nodes(self, models: Models) -> Sequence[Node]:
        """The joint's operators in the order of execution."""
        ...

    def cut(self, models: Models, inputs: Sequence[str], outputs: Sequence[str], folder: Path) -> Models:
        """A joint (and a lava_joint where there is one) in `folder` from those tensors to those tensors, with the
        same arithmetic, operators under the same names; where `models.onnx` is given also its float model, where
        that has the tensors. `inputs` () = the model's own inputs; those that the outputs don't need are left out.

        Names are of the model's own inputs and outputs, which stay what they are, or of inner tensors (`Node.output`).
        An inner tensor becomes an input or output of its codes: uint8 or uint16, in the joint's internal layout.
        """
        ...


@runtime_checkable
class BuildsModels(Protocol):
    """Builds a joint, as `pulsar build` does."""

    def build(
        self,
        onnx: Path,
        config: Path,
        joint: Path,
        like: Path | None = None,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
    ) -> Models:
        """Build `onnx` under a user's config.prototxt; .lava_joint and output_config.prototxt go beside the joint.

        `like` is a joint of the same ONNX model: its inputs' shapes are taken, whatever the ONNX model declares;
        `shapes` are of inputs by name and come before those.
        """
        ...


@dataclass(frozen=True)
class FirstNode:
    """An operator that does nothing but scale or shift, between a model's input and its first layer."""

    name: str
    kind: str
    """Of ONNX."""
    constants: tuple[tuple[float, ...], ...]
    """Its constant operands, where they are short."""


@dataclass(frozen=True)
class ModelInput:
    """One input of a float model."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    first: tuple[FirstNode, ...]


@dataclass(frozen=True)
class Join:
    """An addition, subtraction or choice that may put numbers far apart into one tensor: one of its operands is a
    constant far from zero, or made of one, or comes from an input of the model as it is."""

    node: str
    kind: str
    """Of ONNX."""
    operands: tuple[str, ...]
    """Tensors that aren't constant."""
    constants: tuple[float, ...]
    """Of each constant operand the element farthest from zero; may be infinite."""


@dataclass(frozen=True)
class ModelFacts:
    """What a float model is made of."""

    inputs: tuple[ModelInput, ...]
    operators: Mapping[str, int]
    """How many there are of each ONNX operator, once simplified."""
    macs: Mapping[str, int]
    """Multiplications, by ONNX operator."""
    elements: Mapping[str, int]
    """Elements given out, by ONNX operator."""
    silu_elements: int
    """Of these, elements of x * sigmoid(x)."""
    silu_macs: int
    """Multiplications of layers whose result goes into such a one."""
    concats: Mapping[str, tuple[str, ...]]
    """Each Concat's tensor, and the tensors that it joins."""
    joins: Mapping[str, Join] = field(default_factory=dict)
    """By the tensor that they make."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Each operator's name and its ONNX type, once simplified."""
    outputs: tuple[str, ...] = ()
    """Names, in the model's order."""


@dataclass(frozen=True)
class DeclaredTensor:
    """An input or output as the file of a model declares it."""

    name: str
    shape: tuple[int, ...]
    """0 for an axis without a fixed length."""
    dtype: str


@dataclass(frozen=True)
class ModelSignature:
    """What the file of a float model declares, as it lies there."""

    inputs: tuple[DeclaredTensor, ...]
    outputs: tuple[DeclaredTensor, ...]
    operators: Mapping[str, str]
    """Each operator's name and its ONNX type."""


@runtime_checkable
class ReadsModels(Protocol):
    """Reads what a float model declares, nothing simplified."""

    def signature(self, onnx: Path) -> ModelSignature:
        """Inputs, outputs and operators."""
        ...


@dataclass(frozen=True)
class Spread:
    """What was seen of a tensor over some samples."""

    low: float
    high: float
    kind: str
    """"input", "layer", "part" (of a Concat), "operand" (of a `Join`) or "output"."""
    outside: float = 0.0
    """Share of its elements beyond the range that it was held against."""
    infinite: float = 0.0
    """An infinity that it has; 0.0 where it has none. `low` and `high` are of the finite values."""
    features: tuple[float, ...] = ()
    """Of an input: how far each of its features, or channels, reaches from zero. () where it has too many, or none."""


@dataclass(frozen=True)
class Observed:
    """Ranges of a float model's tensors under a configuration, in the order of execution."""

    samples: int
    tensors: Mapping[str, Spread]
    """Inputs as the model gets them, the first layers, parts of every Concat, operands of every `Join`, outputs; by
    tensor name."""


@runtime_checkable
class InspectsModels(Protocol):
    """Looks at a float model under a configuration before anything is built.

    `shapes` are of inputs whose shape the model leaves open.
    """

    def inspect(self, onnx: Path, shapes: Mapping[str, tuple[int, ...]]) -> ModelFacts:
        """What the model is made of."""
        ...

    def observe(
        self,
        onnx: Path,
        config: Path,
        shapes: Mapping[str, tuple[int, ...]],
        *,
        archives: Mapping[str, Path] | None = None,
        limit: int = 0,
        against: Mapping[str, Spread] | None = None,
    ) -> Observed:
        """Run the float model on at most `limit` (0 = all) samples of the configuration's calibration set, or of the
        tars in `archives` (by input name), one sample at a time."""
        ...


@runtime_checkable
class ChecksConfig(Protocol):
    """Knows what configuration a joint was built with."""

    def config_differences(self, models: Models) -> Sequence[str]:
        """What `models.config` says otherwise than the joint's build did, a sentence each; none without a config."""
        ...
