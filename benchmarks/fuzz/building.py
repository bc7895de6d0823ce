"""Builds whatever files lie in a folder, and uses the result as far as it goes."""

from pathlib import Path

from axpair_emulator.build import build
from axpair_emulator.build_paths import BuildPaths
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.dtypes import size_bytes
from axpair_proto.errors import AxpairError
from axpair_proto.simulator import Models

MADE = ("m.joint", "m.lava_joint", "oc.prototxt")
GIVEN = ("m.onnx", "c.prototxt", "c.tar")
LARGEST_INPUT = 1 << 26


class LeftBehindError(Exception):
    """A build that failed left something."""


def build_and_run(folder: Path) -> None:
    """Build m.onnx with c.prototxt and c.tar, and run all legs on zeros. Raises AxpairError where it is refused."""
    for name in MADE:
        (folder / name).unlink(missing_ok=True)
    models = Models(*(folder / name for name in ("m.joint", "m.onnx", "m.lava_joint", "oc.prototxt")))
    try:
        _find_paths(folder)
        build(folder / "m.onnx", folder / "c.prototxt", models.joint, output_config=models.config)
    except AxpairError:
        _require_clean(folder, GIVEN)
        raise
    _require_clean(folder, (*GIVEN, *MADE))
    run_all(models)


def run_all(models: Models) -> None:
    """Run every leg that there is a file for on zeros. Raises AxpairError where a file is refused."""
    simulator = EmulatorSimulator()
    described = simulator.describe(models.joint)
    sizes = {port.name: size_bytes(port.dtype, port.shape) for port in described.inputs}
    if sum(sizes.values()) > LARGEST_INPUT:
        return
    inputs = {name: bytes(size) for name, size in sizes.items()}
    simulator.run(models, "joint", inputs)
    if models.lava_joint:
        simulator.run(models, "lava_joint", inputs)
        simulator.own_errors(models, inputs)
    if models.onnx:
        simulator.run(models, "onnx", inputs)


def _find_paths(folder: Path) -> None:
    """The paths that the configuration itself names have to be found, or refused; the build uses others."""
    try:
        BuildPaths.of(folder / "c.prototxt", None, None, None, None)
    except AxpairError:
        return


def _require_clean(folder: Path, expected: tuple[str, ...]) -> None:
    names = sorted(path.name for path in folder.iterdir())
    if names != sorted(expected):
        raise LeftBehindError(f"{', '.join(names)} instead of {', '.join(sorted(expected))}")
