"""The emulator as the host's simulator: what `pulsar run` does for real joints, for those built here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import axpair_proto
from axpair_proto.advice import UNKNOWN, again
from axpair_proto.capabilities import Fitting, FrontEnd, LayerTensor, ModelFacts, ModelSignature, Node, Observed, Spread
from axpair_proto.description import ModelDescription
from axpair_proto.names import find_name, joint_name
from axpair_proto.regular import FileState, file_state
from axpair_proto.simulator import LayerError, Models, PreparedInputs, Stage, Tensors

from axpair_emulator.errors import EmulatorError, InputError, JointError

if TYPE_CHECKING:
    import onnx

    from axpair_emulator.cmodel.execute import Executor
    from axpair_emulator.float_leg import FloatLeg
    from axpair_emulator.layer_dumps import CompiledStage, QuantisedStage
    from axpair_emulator.program import Port, Program
    from axpair_emulator.reference.engine import Reference

Made = TypeVar("Made")
Given = TypeVar("Given")
_KEPT = 8
_Key = tuple[str | FileState | None, ...]
"""What is kept, and the state of each file that it was made of."""


class EmulatorSimulator:
    """Simulates joints from `axpair emulator build`. Keeps prepared models as long as their files stay as they are."""

    name = "emulator"

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, object] = OrderedDict()

    def version(self) -> str:
        """Release and the libraries that decide bits of the float legs."""
        import numpy as np
        import onnxruntime

        return (
            f"{axpair_proto.__version__} (onnxruntime {onnxruntime.__version__}, numpy {np.__version__}, "
            "float legs on one thread, reference unoptimised)"
        )

    def accepts(self, joint: Path) -> bool:
        """Whether `axpair emulator build` wrote the file."""
        from axpair_emulator.storage.joint_file import is_ours

        return is_ours(joint)

    def describe(self, joint: Path) -> ModelDescription:
        """The joint's inputs and outputs, with each output's quantisation step."""
        from axpair_emulator.ports import describe, output_steps

        program = self._program(joint)
        steps = output_steps(program)
        return describe(
            program.inputs,
            program.outputs,
            steps,
            program.tools_version,
            program.max_batch,
            program.dynamic_batch,
            program.vnpu_mode,
        )

    def prepare(self, models: Models, files: Mapping[str, Path]) -> PreparedInputs:
        """The joint's input bytes from images, .bin or .npy; a resize is noted with both sizes."""
        return self.prepare_fitted(models, files, "stretch")

    def prepare_fitted(self, models: Models, files: Mapping[str, Path], fitting: Fitting) -> PreparedInputs:
        """The same, with pictures of another shape brought to the input's in that way."""
        from axpair_emulator.float_leg import yuv_notes
        from axpair_emulator.prepare import prepare_files

        ports = self._program(models.joint).inputs
        prepared = prepare_files(ports, _by_own_names(ports, files), fitting=fitting)
        data = {port.joint_name: prepared.data[port.name] for port in ports}
        return PreparedInputs(data, (*prepared.notes, *(yuv_notes(ports) if models.onnx else ())))

    def run(self, models: Models, stage: Stage, inputs: Mapping[str, bytes]) -> Tensors:
        """The outputs of one form of the model, each in the joint's dtype, shape and layout."""
        given = self._own_inputs(models.joint, inputs)
        if stage == "onnx":
            return _as_in_joint(self._float_leg(models).run(given))
        if stage == "lava_joint":
            return _as_in_joint(self._reference(models).run(given))
        return _as_in_joint(self._executor(models.joint).run(given))

    def own_errors(self, models: Models, inputs: Mapping[str, bytes]) -> Sequence[LayerError] | None:
        """Each of the joint's operators fed with the .lava_joint's codes; None without a .lava_joint.

        Of a batch the first item is looked at.
        """
        from axpair_emulator.batch import first_item
        from axpair_emulator.own_error import own_errors

        if models.lava_joint is None:
            return None
        own = self._own_inputs(models.joint, inputs)
        program = self._program(models.joint)
        names = [name for name in program.tensors if name not in program.arrays]
        names += [port.tensor for port in program.inputs if port.tensor not in program.tensors]
        reference, given = self._reference(models), first_item(program.inputs, own)
        codes = reference.codes(given, names)
        return own_errors(program, codes, self._executor(models.joint), reference.run(given))

    def front_ends(self, models: Models) -> Mapping[str, FrontEnd]:
        """What the configuration does to each input that is a picture."""
        return {joint_name(name): one for name, one in self._float_leg(models).front_ends().items()}

    def float_inputs(self, models: Models, inputs: Mapping[str, bytes]) -> Tensors:
        """What the ONNX model is fed with for the joint's input bytes, by the joint's names."""
        return _as_in_joint(self._float_leg(models).fed(self._own_inputs(models.joint, inputs)))

    def run_imported(self, models: Models, inputs: Mapping[str, bytes]) -> Tensors:
        """The ONNX model as the build simplified it, configuration applied."""
        given = self._own_inputs(models.joint, inputs)
        return _as_in_joint(self._float_leg(models, imported=True).run(given))

    def run_float(self, models: Models, tensors: Tensors) -> Tensors:
        """The plain ONNX model on its own inputs, by the joint's names; outputs in the joint's form."""
        own = _by_own_names(self._program(models.joint).inputs, tensors)
        return _as_in_joint(self._float_leg(models).run_fed(own))

    def layers(self, models: Models, stage: Stage, inputs: Mapping[str, bytes]) -> Iterator[LayerTensor]:
        """Every layer's output in one form of the model; memory doesn't grow with the number of layers."""
        from axpair_emulator.layer_dumps import seeds, shown, walk

        program = self._program(models.joint)
        if stage == "onnx":
            yield from (layer for layer in self._float_layers(models, inputs) if layer is not None)
            return
        for op, codes, _ in walk(program, self._stage(models, stage), seeds(program, self._first(models, inputs))):
            yield shown(program, op, codes)

    def own_layers(self, models: Models, stage: Stage, inputs: Mapping[str, bytes]) -> Iterator[LayerTensor]:
        """Every layer alone, fed with the float model's tensors."""
        from axpair_emulator.layer_dumps import own_layers, seeds

        program = self._program(models.joint)
        given = seeds(program, self._first(models, inputs))
        return own_layers(program, self._stage(models, stage), given, self._float_layers(models, inputs))

    def nodes(self, models: Models) -> Sequence[Node]:
        """The NPU's operators; a CPU part isn't among them."""
        from axpair_emulator.cutting import nodes_of

        return nodes_of(self._program(models.joint))

    def cut(self, models: Models, inputs: Sequence[str], outputs: Sequence[str], folder: Path) -> Models:
        """A part of the model as a model of its own. The emulated board's faults stay where they are in the whole."""
        from axpair_emulator.cutting import cut_models

        return cut_models(models, self._simplified(models) if models.onnx else None, inputs, outputs, folder)

    def build(
        self,
        onnx: Path,
        config: Path,
        joint: Path,
        like: Path | None = None,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
    ) -> Models:
        """Build under a configuration, as `axpair emulator build` does; its output_config.prototxt lies beside it."""
        from axpair_emulator.build import build
        from axpair_emulator.config.flags import BuildFlags
        from axpair_emulator.storage.joint_file import load_edges

        inputs = load_edges(like).config.inputs if like else ()
        flags = BuildFlags(input_shapes={conf.name: conf.shape for conf in inputs} | dict(shapes or {}))
        done = build(onnx, config, joint, output_config=joint.with_name("output_config.prototxt"), flags=flags)
        return Models(done.joint, onnx, done.lava_joint, done.output_config)

    def signature(self, onnx: Path) -> ModelSignature:
        """What the float model's file declares."""
        from axpair_emulator.inspecting import signature

        return signature(onnx)

    def inspect(self, onnx: Path, shapes: Mapping[str, tuple[int, ...]]) -> ModelFacts:
        """What the float model is made of."""
        from axpair_emulator.inspecting import inspect

        return inspect(onnx, shapes)

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
        """Ranges of the float model's tensors over a data set."""
        from axpair_emulator.observing import observe

        return observe(onnx, config, shapes, archives=archives, limit=limit, against=against)

    def config_differences(self, models: Models) -> Sequence[str]:
        """What the configuration given says otherwise than the one that the joint was built with."""
        from axpair_emulator.config.differences import config_differences
        from axpair_emulator.storage.joint_file import load_edges

        return config_differences(models.config, load_edges(models.joint).config) if models.config else ()

    def _stage(self, models: Models, stage: Stage) -> CompiledStage | QuantisedStage:
        from axpair_emulator.layer_dumps import CompiledStage, QuantisedStage

        if stage == "joint":
            return CompiledStage(self._executor(models.joint))
        return QuantisedStage(self._reference(models).model, self._program(models.joint))

    def _float_layers(self, models: Models, inputs: Mapping[str, bytes]) -> Iterator[LayerTensor | None]:
        from axpair_emulator.layer_dumps import float_layers

        feeds = self._float_leg(models).fed(self._own_inputs(models.joint, inputs))
        return float_layers(self._program(models.joint), self._simplified(models), feeds)

    def _simplified(self, models: Models) -> onnx.ModelProto:
        from axpair_emulator.float_leg import simplified_model

        path = models.onnx
        if path is None:
            raise EmulatorError("no ONNX model is given", next_step=again("with it:", "--onnx", UNKNOWN["onnx"]))
        key = ("simplified", _state(path), _state(models.joint))
        return self._keep(key, lambda: simplified_model(path, models.joint))

    def _first(self, models: Models, inputs: Mapping[str, bytes]) -> dict[str, bytes]:
        """The inputs of a batch's first item."""
        from axpair_emulator.batch import first_item

        return first_item(self._program(models.joint).inputs, self._own_inputs(models.joint, inputs))

    def _own_inputs(self, joint: Path, inputs: Mapping[str, bytes]) -> dict[str, bytes]:
        """The inputs under the ONNX model's names, each checked; both spellings are taken."""
        from axpair_emulator.batch import items_in

        program = self._program(joint)
        own = _by_own_names(program.inputs, inputs)
        if len(own) != len(program.inputs) or len(own) != len(inputs):
            raise InputError(
                f"inputs given: {', '.join(map(repr, inputs)) or 'none'}; "
                f"the joint takes {', '.join(repr(port.joint_name) for port in program.inputs)}",
                next_step="prepare the inputs with this joint",
            )
        for port in program.inputs:
            if not program.dynamic_batch and items_in(port, len(own[port.name])) != port.items:
                raise InputError(
                    f"input {port.joint_name!r} has {len(own[port.name])} bytes: fewer than the {port.items} items "
                    "that this joint takes, and its batch is static",
                    next_step="prepare the inputs with this joint",
                )
        return own

    def _program(self, joint: Path) -> Program:
        from axpair_emulator.storage.joint_file import load_program

        return self._keep(("program", _state(joint)), lambda: load_program(joint))

    def _executor(self, joint: Path) -> Executor:
        from axpair_emulator.cmodel.execute import Executor

        program = self._program(joint)
        return self._keep(("executor", _state(joint)), lambda: Executor(program))

    def _reference(self, models: Models) -> Reference:
        from axpair_emulator.ports import alike
        from axpair_emulator.reference.engine import Reference
        from axpair_emulator.storage.joint_file import load_reference

        path = models.lava_joint
        if path is None:
            with_it = again("with it:", "--lava-joint", UNKNOWN["lava_joint"])
            raise JointError("no .lava_joint is given", next_step=with_it)
        program = self._program(models.joint)

        def make() -> Reference:
            stored = load_reference(path)
            if not alike(stored.inputs, program.inputs) or not alike(stored.outputs, program.outputs):
                raise JointError(
                    f"{path} and {models.joint} are of different models: their inputs or outputs differ",
                    next_step="give the two files of one build",
                )
            return Reference(stored.model, stored.inputs, stored.outputs)

        return self._keep(("reference", _state(path), _state(models.joint)), make)

    def _float_leg(self, models: Models, *, imported: bool = False) -> FloatLeg:
        from axpair_emulator.float_leg import open_float_leg

        onnx, config = models.onnx, models.config
        if onnx is None:
            raise EmulatorError("no ONNX model is given", next_step=again("with it:", "--onnx", UNKNOWN["onnx"]))
        kind = "imported" if imported else "onnx"
        key = (kind, _state(onnx), _state(config), _state(models.joint))
        return self._keep(key, lambda: open_float_leg(onnx, config, models.joint, imported=imported))

    def _keep(self, key: _Key, make: Callable[[], Made]) -> Made:
        if key not in self._kept:
            self._kept[key] = make()
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return cast(Made, self._kept[key])


def _by_own_names(ports: Sequence[Port], given: Mapping[str, Given]) -> dict[str, Given]:
    """What is given for the inputs under the ONNX model's names; what is given for none of them is left out."""
    known = {port.joint_name: port.name for port in ports}
    found = {find_name(name, known): one for name, one in given.items()}
    return {known[name]: one for name, one in found.items() if name is not None}


def _as_in_joint(tensors: Tensors) -> Tensors:
    """Outputs under the names that the joint gives them."""
    return {joint_name(name): tensor for name, tensor in tensors.items()}


def _state(path: Path | None) -> FileState | None:
    try:
        return file_state(path) if path is not None else None
    except OSError as error:
        raise EmulatorError(f"{path} can't be read: {error.strerror or error}", next_step="check the path") from error
