"""The emulator's errors.

EmulatorError
├── ConfigError          config.prototxt: a typo, an unknown value, a contradiction
├── ModelError           the ONNX file, or an operator in it that can't be placed
├── DatasetError         the calibration archive
├── InputError           an input file: not an image, wrong size, wrong dtype
├── JointError           a .joint or .lava_joint that isn't one, or isn't ours
└── FaultError           a fault asked for by a name or parameter that doesn't exist
"""

from axpair_proto.errors import AxpairError, OpenShape


class EmulatorError(AxpairError):
    """Root of the emulator's errors; all are on the user's side."""


class ConfigError(EmulatorError):
    """The configuration can't be read or contradicts itself or the model."""


class ModelError(EmulatorError):
    """The ONNX model can't be read, or holds something that can't be placed."""


class OpenShapeError(ModelError, OpenShape):
    """The model leaves a length of an input open."""


class DatasetError(EmulatorError):
    """The calibration archive is missing, unsafe, empty or holds other data than the model takes."""


class InputError(EmulatorError):
    """An input file doesn't fit the model's input."""


class JointError(EmulatorError):
    """Not a joint, a damaged one, or a real one: the emulator runs only those from `axpair emulator build`."""


class FaultError(EmulatorError):
    """No such fault, or no such parameter of it."""
