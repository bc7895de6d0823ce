"""The files of the second story: a face detector whose boxes are right in simulation and shifted on the board."""

import io
import tarfile
from pathlib import Path

import onnx
from axpair_emulator.zoo import fetch
from PIL import Image

CONFIG = """\
# The customer's configuration: RGB in, bytes as they are; 16 bit, since small boxes suffered at 8.
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors { color_space: TENSOR_COLOR_SPACE_BGR }
neuwizard_conf {
  operator_conf { operator_conf_items { attributes { input_feature_type: UINT16 } } }
  dataset_conf_calibration {
    path: "calibration.tar"
    type: DATASET_TYPE_TAR
    size: 4
    batch_size: 1
    calibration_strategy: CALIB_STRATEGY_PER_CHANNEL
  }
}
"""

POST = '''\
"""Faces from the maps: peaks of the heat, boxes from sizes and offsets, the weaker of two that overlap dropped."""

import numpy as np

STRIDE = 4


def faces(outputs):
    """Boxes in pixels, best first."""
    heat, sizes, offsets = (outputs[name][0] for name in ("537", "538", "539"))
    found = []
    for row, column in np.argwhere(heat[0] > 0.5):
        high, wide = np.exp(sizes[:, row, column]) * STRIDE
        y, x = (np.array([row, column]) + offsets[:, row, column] + 0.5) * STRIDE
        found.append((heat[0, row, column], [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]))
    kept = []
    for score, box in sorted(found, key=lambda one: -one[0]):
        if all(overlap(box, other) < 0.3 for _, other in kept):
            kept.append((score, box))
    return [{"label": "face", "score": score, "box": box} for score, box in kept]


def overlap(one, other):
    """Intersection over union."""
    wide, high = (min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
    shared = max(wide, 0) * max(high, 0)
    return shared / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared)
'''

PRODUCT = '''\
"""What runs in the product: frame after frame through the (emulated, faulty) board; prints the last one's faces."""

import sys
from pathlib import Path

import numpy as np
import post
from axpair_emulator.device.driver import Device
from axpair_emulator.faults.catalogue import chosen
from axpair_emulator.storage.joint_file import load_program
from PIL import Image

program = load_program(Path("faces.joint"))
device = Device(program, chosen({"fault": "stale-lines", "lines": "64", "seed": "6"}))
for frame in sys.argv[1:]:
    views = device.run([np.asarray(Image.open(frame))[..., ::-1].tobytes()])
outputs = {
    port.name: np.frombuffer(view, np.float32).reshape(port.shape)
    for port, view in zip(program.outputs, views, strict=True)
}
for face in post.faces(outputs):
    corners = ", ".join(f"{edge:.0f}" for edge in face["box"])
    print(f"0: {100 * face['score']:.0f}%, [{corners}], face")
'''

SIZE = (320, 256)
FACES = ((20, 30, 72), (130, 60, 96), (190, 160, 80))
"""Left, top and edge of each face in the picture, in pixels."""


def lay_out(folder: Path) -> None:
    """Write model, configuration, calibration archive, two frames of a video, post.py and product.py."""
    onnx.save(onnx.load(fetch("centerface")), folder / "faces.onnx")
    (folder / "config.prototxt").write_text(CONFIG)
    (folder / "post.py").write_text(POST)
    (folder / "product.py").write_text(PRODUCT)
    _frame(0).save(folder / "frame-1041.png")
    _frame(24).save(folder / "frame-1042.png")
    with tarfile.open(folder / "calibration.tar", "w") as archive:
        for index in range(4):
            data = io.BytesIO()
            _frame(25 * index - 40).save(data, "PNG")
            member = tarfile.TarInfo(f"{index}.png")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)


def _frame(moved: int) -> Image.Image:
    """One face at several places and sizes before a street, so many pixels further to the right."""
    frame = Image.open(fetch("china")).convert("RGB").resize(SIZE)
    face = Image.open(fetch("astronaut")).convert("RGB").crop((165, 55, 295, 185))
    for left, top, edge in FACES:
        frame.paste(face.resize((edge, edge)), (left + moved, top))
    return frame
