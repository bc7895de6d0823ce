"""The simulator's side of the contract: what stands in for the toolchain (`pulsar run`) on the engineer's machine.

The host finds implementations by the entry point group `axpair.simulators`; each entry is a class that is called
without arguments. Preparing inputs belongs to the simulator, as with `pulsar run`, which writes gt/input itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from axpair_proto.description import ModelDescription

if TYPE_CHECKING:
    import numpy as np

Tensors = Mapping[str, "np.ndarray"]
"""Name (unescaped) to array, in the joint's shape, dtype and layout."""

Stage = Literal["onnx", "lava_joint", "joint"]
"""Which of the three simulated forms of a model; the names of the gt folders."""


@dataclass(frozen=True)
class PreparedInputs:
    """The exact bytes that every leg is fed with, and what had to be done to the files to get them."""

    data: dict[str, bytes]
    """By input name, in the model's order; each of the size that the description declares."""
    notes: tuple[str, ...] = ()
    """Sentences for people, such as a resize with both sizes."""


@dataclass(frozen=True)
class LayerError:
    """One compiled operator fed with the quantised model's own inputs: its own error, nothing inherited."""

    name: str
    kind: str
    max_steps: float
    """Largest absolute difference, in quantisation steps of the operator's output."""
    mean_steps: float
    """Mean signed difference, in steps."""
    differing: int
    """Elements that differ."""
    elements: int


@dataclass(frozen=True)
class Models:
    """The files of one conversion; what is missing is None and its legs aren't judged."""

    joint: Path
    onnx: Path | None = None
    lava_joint: Path | None = None
    config: Path | None = None


class Simulator(Protocol):
    """A toolchain's simulation. Every method raises a subclass of AxpairError with side "input" on bad input."""

    name: str

    def version(self) -> str:
        """Release and settings that decide bits, in one line."""
        ...

    def accepts(self, joint: Path) -> bool:
        """Whether this simulator can run that joint; False also for files that are no joint."""
        ...

    def describe(self, joint: Path) -> ModelDescription:
        """The joint's ordered inputs and outputs."""
        ...

    def prepare(self, models: Models, files: Mapping[str, Path]) -> PreparedInputs:
        """Turn files (image, .bin, .npy; by input name) into the joint's input bytes."""
        ...

    def run(self, models: Models, stage: Stage, inputs: Mapping[str, bytes]) -> Tensors:
        """Outputs of one form of the model for prepared inputs, every one of the description's outputs."""
        ...

    def own_errors(self, models: Models, inputs: Mapping[str, bytes]) -> Sequence[LayerError] | None:
        """Each compiled operator against the quantised model, fed with the latter's codes; None if not possible."""
        ...
