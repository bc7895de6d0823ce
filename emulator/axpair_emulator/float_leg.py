"""Opens the float leg of a joint: the ONNX model that it was built from, and the configuration that goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
from axpair_proto.capabilities import FrontEnd
from axpair_proto.config_files import read_config

from axpair_emulator.batch import first_item, one_item, run_items
from axpair_emulator.config.build_config import BuildConfig, InputConf, OutputConf
from axpair_emulator.config.inputs import resolve_inputs
from axpair_emulator.config.outputs import resolve_outputs
from axpair_emulator.config.signature import signature_of_build
from axpair_emulator.errors import ConfigError, JointError, ModelError
from axpair_emulator.faults.importing import damaged_import
from axpair_emulator.float_model import Array, FloatModel, joint_outputs
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import model_inputs, pin_shapes
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.program import Port
from axpair_emulator.storage.joint_file import Edges, load_edges


class FloatLeg:
    """The float model between the joint's input bytes and outputs in the joint's form."""

    def __init__(
        self, model: FloatModel, inputs: Sequence[Port], outputs: Sequence[Port], layouts: Mapping[str, str]
    ) -> None:
        self._model = model
        self._inputs = tuple(inputs)
        self._outputs = one_item(outputs)
        self._layouts = layouts

    def run(self, inputs: Mapping[str, bytes]) -> dict[str, Array]:
        """The outputs by name, configuration applied; item by item where there is a batch."""
        return run_items(
            self._inputs,
            inputs,
            lambda given: joint_outputs(self._outputs, self._layouts, self._model.values(given)),
        )

    def front_ends(self) -> dict[str, FrontEnd]:
        """What the configuration does to each input that is a picture."""
        return {conf.name: front_end(conf) for conf in self._model.inputs if conf.dst_color}

    def fed(self, inputs: Mapping[str, bytes]) -> dict[str, Array]:
        """The ONNX model's own inputs for prepared input bytes, of a batch the first item's."""
        return self._model.fed(first_item(self._inputs, inputs))

    def run_fed(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name for the ONNX model's own inputs, no configuration applied before them.

        Raises ModelError for other names or shapes than the model's.
        """
        return joint_outputs(self._outputs, self._layouts, dict(feeds) | self._model.run_fed(feeds))


def open_float_leg(onnx_path: Path, config_path: Path | None, joint: Path, *, imported: bool = False) -> FloatLeg:
    """The leg for a joint, with the configuration given, else with the one that the joint was built with.

    Raises ModelError when the model's inputs or outputs aren't the joint's, ConfigError when the configuration
    describes another joint.
    """
    return float_leg(onnx_path, config_path, load_edges(joint), imported=imported)


def float_leg(onnx_path: Path, config_path: Path | None, edges: Edges, *, imported: bool = False) -> FloatLeg:
    """The leg between the edges of a build; raises as `open_float_leg` does.

    `imported` runs the model as the build simplified it, instead of as it lies in the file.
    """
    stored = edges.config
    inputs, outputs = stored.inputs, stored.outputs
    if config_path is not None:
        inputs, outputs = _configured(config_path, stored)
    for ports, confs in ((edges.inputs, inputs), (edges.outputs, outputs)):
        if [port.name for port in ports] != [conf.name for conf in confs]:
            raise JointError(
                f"the joint has {', '.join(repr(port.name) for port in ports) or 'nothing'}; its configuration "
                f"describes {', '.join(repr(conf.name) for conf in confs) or 'nothing'}",
                next_step="the joint is damaged: build it again",
            )
    model = load_onnx(onnx_path)
    _check_model(onnx_path, [value.name for value in model_inputs(model)], [conf.name for conf in inputs], "input")
    _check_model(onnx_path, [value.name for value in model.graph.output], [conf.name for conf in outputs], "output")
    pinned = pin_shapes(model, {conf.name: conf.shape for conf in inputs})
    layouts = {conf.name: conf.src_layout for conf in outputs}
    shown = imported_model(pinned, stored.import_fault) if imported else pinned
    return FloatLeg(FloatModel(shown, inputs, one_item(edges.inputs)), edges.inputs, edges.outputs, layouts)


def imported_model(pinned: onnx.ModelProto, fault: str) -> onnx.ModelProto:
    """A pinned model as a build reads it, its fault of importing included."""
    simplified = simplify(pinned)
    return damaged_import(simplified, fault) if fault else simplified


def simplified_model(onnx_path: Path, joint: Path) -> onnx.ModelProto:
    """The float model as the joint's build simplified it; its inner tensors have the names that the joint's have."""
    shapes = {conf.name: conf.shape for conf in load_edges(joint).config.inputs}
    return simplify(pin_shapes(load_onnx(onnx_path), shapes))


def front_end(conf: InputConf) -> FrontEnd:
    """What an input's configuration does to a picture's pixels, 0 to 255, in the colours that it is converted to."""
    gain, offset = conf.gain_and_offset()
    return FrontEnd(
        gain=tuple((gain * (conf.q or 1)).tolist()),
        offset=tuple(offset.tolist()),
        reverses_channels=conf.reverses_channels,
        channel_axis=3 if conf.src_layout == "NHWC" else 1,
    )


def yuv_notes(ports: Sequence[Port]) -> tuple[str, ...]:
    """What to know of the float leg of a joint that takes YUV."""
    return tuple(
        f"input {port.name!r}: the float model is fed with the {port.color_space} bytes, converted in real numbers; "
        "`pulsar run` fails to load it there and compares without it"
        for port in ports
        if port.color_standard
    )


def _configured(path: Path, stored: BuildConfig) -> tuple[tuple[InputConf, ...], tuple[OutputConf, ...]]:
    message, _ = read_config(path)
    signature = signature_of_build(stored)
    inputs = resolve_inputs(message, signature, [])
    outputs = resolve_outputs(message, signature, [])
    for given, built in zip(inputs, stored.inputs, strict=True):
        mine = (given.dst_dtype, given.dst_layout, given.dst_color, f"Q={given.q}" if given.q else "")
        theirs = (built.dst_dtype, built.dst_layout, built.dst_color, f"Q={built.q}" if built.q else "")
        if mine != theirs:
            raise ConfigError(
                f"{path} says that the joint's input {given.name!r} is {' '.join(filter(None, mine))}; "
                f"the joint takes {' '.join(filter(None, theirs))}",
                next_step="give the output_config.prototxt that the build of this joint wrote",
            )
    return inputs, outputs


def _check_model(path: Path, found: list[str], wanted: list[str], side: str) -> None:
    missing = [name for name in wanted if name not in found]
    if missing or (side == "input" and len(found) != len(wanted)):
        raise ModelError(
            f"{path} has the {side}s {', '.join(map(repr, found))}; the joint has {', '.join(map(repr, wanted))}",
            next_step="give the ONNX model that the joint was built from",
        )
