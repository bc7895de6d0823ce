"""The float leg: the ONNX model in onnxruntime, with the configuration applied at both ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from axpair_emulator.color.decode import picture
from axpair_emulator.config.build_config import InputConf
from axpair_emulator.errors import ModelError
from axpair_emulator.graph.session import first_line, open_session
from axpair_emulator.ports import input_planes, output_values
from axpair_emulator.program import Port

Array = np.ndarray[Any, Any]


class FloatModel:
    """Runs a pinned ONNX model on the joint's input bytes; one thread, so results don't depend on the machine."""

    def __init__(
        self,
        model: onnx.ModelProto,
        inputs: Sequence[InputConf],
        ports: Sequence[Port],
        extra_outputs: Sequence[str] = (),
    ) -> None:
        self.inputs = tuple(inputs)
        self._ports = {port.name: port for port in ports}
        self._session = open_session(model, extra_outputs=extra_outputs)
        self._types = {value.name: value.type for value in self._session.get_inputs()}

    def values(self, inputs: Mapping[str, bytes]) -> dict[str, Array]:
        """The model's outputs and the extra ones as onnxruntime gives them, for prepared input bytes."""
        feeds = self.fed(inputs)
        return feeds | self.run_fed(feeds)

    def fed(self, inputs: Mapping[str, bytes]) -> dict[str, Array]:
        """The ONNX model's own inputs by name: what the configuration makes of prepared input bytes."""
        return {
            conf.name: onnx_input(conf, self._ports[conf.name], inputs[conf.name], self._types[conf.name])
            for conf in self.inputs
        }

    def run_fed(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The model's outputs and the extra ones for its own inputs. Raises ModelError where it refuses them."""
        names = [value.name for value in self._session.get_outputs()]
        try:
            return dict(zip(names, self._session.run(names, dict(feeds)), strict=True))
        except Exception as error:  # onnxruntime's own exceptions share no public base
            beyond = "out of data bounds" in str(error)
            raise ModelError(
                f"onnxruntime failed on the float model: {first_line(error)}",
                next_step="check the input: its whole numbers go beyond a table of the model"
                if beyond
                else "check that the ONNX model is the one the joint was built from",
            ) from error


def onnx_input(conf: InputConf, port: Port, data: bytes, tensor_type: str = "tensor(float)") -> Array:
    """The ONNX model's own input for the joint's bytes: its colours, normalised, its channel order, its layout."""
    planes = picture(conf, input_planes(port, data))
    gain, offset = conf.gain_and_offset()
    if conf.modifications or conf.q:
        shape = (1, -1, 1, 1) if planes.ndim == 4 else (1,)
        planes = planes.astype(np.float64) * gain.reshape(shape) + offset.reshape(shape)
    if conf.reverses_channels:
        planes = planes[:, ::-1]
    if conf.src_layout == "NHWC":
        planes = planes.transpose(0, 2, 3, 1)
    wanted = {
        "tensor(float)": np.float32,
        "tensor(uint8)": np.uint8,
        "tensor(double)": np.float64,
        "tensor(int32)": np.int32,
        "tensor(int64)": np.int64,
    }
    return np.ascontiguousarray(planes, dtype=wanted.get(tensor_type, np.float32))


def joint_outputs(
    outputs: Sequence[Port], src_layouts: Mapping[str, str], values: Mapping[str, Array]
) -> dict[str, Array]:
    """The ONNX model's outputs in the joint's dtype, Q and layout."""
    results = {}
    for port in outputs:
        array = values[port.name]
        if src_layouts.get(port.name) == "NHWC":
            array = array.transpose(0, 3, 1, 2)
        results[port.name] = output_values(port, array)
    return results
