"""A user's folder with all that a report may speak of: models, configurations, sets, cases, programs, results."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, parser
from PIL import Image

from benchmarks.campaign.layer_loss import stretched
from benchmarks.fuzz.small_models import encoded, picture, write_archive

SIZE = (10, 12)
_HEAD = '<ir_version: 8, opset_import: ["" : 17]> net (float[{shape}] data) => '
_NET = """(float map, float twin, float prob) {
  c0 = Conv<pads = [1, 1, 1, 1]>(data, w0, b)
  r0 = Relu(c0)
  c = Conv<pads = [1, 1, 1, 1]>(r0, w, b)
  r = Relu(c)
  d = Conv<group = 4, pads = [1, 1, 1, 1]>(r, depthwise, b)
  s = Sigmoid(d)
  m = Mul(s, r)
  left = Conv(m, wl)
  right = Conv(m, wr)
  sum = Add(left, right)
  both = Concat<axis = 1>(sum, left)
  c2 = Conv(both, w2, b2)
  r2 = Relu(c2)
  map = Conv(r2, w3)
  twin = Conv(r2, w4)
  pooled = GlobalAveragePool(r2)
  flat = Flatten(pooled)
  prob = Softmax(flat)
}"""
_WEIGHTS: Mapping[str, tuple[int, ...]] = {
    **{
        "w0": (4, 3, 3, 3),
        "w": (4, 4, 3, 3),
        "b": (4,),
        "depthwise": (4, 1, 3, 3),
        "wl": (4, 4, 1, 1),
        "wr": (4, 4, 1, 1),
    },
    **{"w2": (6, 8, 1, 1), "b2": (6,), "w3": (2, 6, 1, 1), "w4": (2, 6, 1, 1)},
}
_MASKED = """(float y) {
  scores = MatMul(data, w)
  masked = Add(scores, mask)
  shares = Softmax<axis = -1>(masked)
  y = MatMul(shares, v)
}"""
CONFIG = """target_hardware: TARGET_HARDWARE_AX620
src_input_tensors {{ color_space: TENSOR_COLOR_SPACE_RGB }}
dst_input_tensors {{ color_space: TENSOR_COLOR_SPACE_RGB }}
neuwizard_conf {{
  operator_conf {{ input_conf_items {{ attributes {{ input_modifications {{
    input_normalization {{ mean: [{mean}] std: [60, 70, 80] }} }} }} }} }}
  dataset_conf_calibration {{ path: "{archive}" type: DATASET_TYPE_TAR }}
}}
"""
RIGHT, TURNED = "100, 120, 140", "140, 120, 100"
FLOATS = """target_hardware: TARGET_HARDWARE_AX620
neuwizard_conf {
  operator_conf { input_conf_items { attributes { type: FLOAT32 } } }
  dataset_conf_calibration { path: "floats.tar" type: DATASET_TYPE_TAR }
}
"""
_POST = '''"""What a user's product makes of the outputs."""

import numpy as np

CALLS = []


def top(outputs):
    """The class with the largest share."""
    return {"label": str(int(np.argmax(outputs["prob"])))}


def wrong(outputs):
    """Another class."""
    return {"label": str((int(np.argmax(outputs["prob"])) + 1) % 6)}


def planes(outputs):
    """Sums of the map's planes, read as NCHW."""
    tensor = np.ascontiguousarray(outputs["map"]).reshape(1, 2, 12, 10)
    return {"sums": [round(float(one), 3) for one in tensor.sum(axis=(0, 2, 3))]}


def prepare(path):
    """The picture as the product prepares it: in gray bars."""
    from PIL import Image

    shown = Image.open(path).convert("RGB")
    shown.thumbnail((10, 12))
    whole = Image.new("RGB", (10, 12), (114, 114, 114))
    whole.paste(shown, ((10 - shown.width) // 2, (12 - shown.height) // 2))
    return np.asarray(whole)[None]


def as_floats(path):
    """The picture as floats, where bytes are taken."""
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB").resize((10, 12)), np.float32)[None]
'''


PUT = {
    "MODEL.joint": "m.joint",
    "MODEL.onnx": "m.onnx",
    "MODEL.lava_joint": "m.lava_joint",
    "OUTPUT_CONFIG.prototxt": "oc.prototxt",
    "CONFIG.prototxt": "c.prototxt",
    "INPUT.bin": "good/input/data.bin",
    "INPUT": "a.png",
    "GOOD_GT": "good",
    "GOOD.joint": "m.joint",
    "GT": "good",
    "GOLDEN": "golden",
    "OTHER.tar": "other.tar",
    "OTHER": "rk3588,int8,mAP=0.48,float=0.60",
    "TRAIN": "train",
    "BOARD": "emulator:",
    "MODULE:FUNCTION": "post:top",
    "MODULE:PREPROCESS": "post:as_floats",
    "PRODUCT_INPUT": "product_input",
    "PRODUCT_OUTPUT": "product_output",
    "RUN.log": "run.log",
    "OUT": "out",
    "CASES": "cases",
    "FOLDER": "written",
}
"""What the folder has for each word in capitals."""


def lay_out(folder: Path) -> None:
    """Write everything, and build m.joint and what lies beside it; takes some seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_model(_NET, "1, 3, 12, 10", _weights(0)), folder / "m.onnx")
    onnx.save(_model(_NET, "1, 3, 12, 10", _weights(9)), folder / "other.onnx")
    onnx.save(stretched(_model(_NET, "1, 3, 12, 10", _weights(2)))[0], folder / "lossy.onnx")
    onnx.save(_model(_NET, "N, 3, H, W", _weights(0)), folder / "open.onnx")
    onnx.save(_masked(), folder / "mask.onnx")
    for name, mean, archive in (("c", RIGHT, "c.tar"), ("turned", TURNED, "c.tar"), ("dark", RIGHT, "dark.tar")):
        (folder / f"{name}.prototxt").write_text(CONFIG.format(mean=mean, archive=archive))
    (folder / "floats.prototxt").write_text(FLOATS)
    (folder / "post.py").write_text(_POST)
    for name, seeds in (("c", range(8)), ("other", range(20, 30))):
        write_archive(folder / f"{name}.tar", {f"{seed}.png": encoded(_shown(seed)) for seed in seeds})
    dark = {f"{seed}.png": encoded(_shown(seed).point(lambda value: value // 12)) for seed in range(8)}
    write_archive(folder / "dark.tar", dark)
    random = np.random.default_rng(5)
    np.save(folder / "x.npy", random.standard_normal((1, 16, 16)).astype(np.float32))
    members = {f"{seed}.npy": _npy(random.standard_normal((1, 16, 16)).astype(np.float32)) for seed in range(8)}
    write_archive(folder / "floats.tar", members)
    for place, seeds in (("cases", range(40, 42)), ("train", range(50, 58))):
        (folder / place).mkdir()
        for seed in seeds:
            _shown(seed).save(folder / place / f"{seed}.png")
    _shown(40).save(folder / "a.png")
    _shown(41).save(folder / "b.png")
    _shown(42).resize((30, 12)).save(folder / "wide.png")
    two = np.stack([np.asarray(_shown(seed)) for seed in (40, 41)])
    (folder / "two.bin").write_bytes(two.tobytes())
    build = ("axpair", "emulator", "build", "--input", "m.onnx", "--config", "c.prototxt")
    run(folder, *build, "--output", "m.joint", "--output_config", "oc.prototxt")
    run(folder, "axpair", "emulator", "tools", "bin")
    given = ("--onnx", "m.onnx", "--joint", "m.joint", "--lava-joint", "m.lava_joint", "--config", "oc.prototxt")
    run(folder, "axpair", "pair", *given, "--input", "a.png", "--out", "good")
    (folder / "golden").mkdir()
    for name in ("map", "twin", "prob"):
        shutil.copy(folder / "good" / "onnx" / f"{name}.npy", folder / "golden")
    for name, leg in (("product_input", "input"), ("product_output", "board")):
        shutil.copytree(folder / "good" / leg, folder / name)
    run(folder, "axpair", "pair", *given, "--input", "b.png", "--out", "second")
    (folder / "golden_of_two").mkdir()
    for name in ("map", "twin", "prob"):
        items = [np.load(folder / of / "onnx" / f"{name}.npy") for of in ("good", "second")]
        np.save(folder / "golden_of_two" / f"{name}.npy", np.concatenate(items))
    shutil.rmtree(folder / "second")


def environment(folder: Path) -> dict[str, str]:
    """Of a user's shell: our commands and the drop-in ones on PATH, a terminal of 100 columns, no colors."""
    here = Path(sys.executable).parent
    path = os.pathsep.join(map(str, (folder / "bin", here, os.environ.get("PATH", ""))))
    return {**os.environ, "PATH": path, "PYTHONPATH": str(folder), "NO_COLOR": "1"}


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run it there. Raises RuntimeError where it fails: what is laid out has to work."""
    done = subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def _shown(seed: int) -> Image.Image:
    """A gradient of its own color under noise."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, SIZE[0])[None, :, None] * random.integers(60, 200, 3)
    noise = np.asarray(picture(seed, size=SIZE), np.float64) * 0.2
    return Image.fromarray(np.clip(ramp + noise, 0, 255).astype(np.uint8))


def _weights(seed: int) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    return {name: (random.standard_normal(shape) * 0.4).astype(np.float32) for name, shape in _WEIGHTS.items()}


def _model(graph: str, shape: str, weights: Mapping[str, np.ndarray[Any, Any]]) -> onnx.ModelProto:
    model = parser.parse_model(_HEAD.format(shape=shape) + graph)
    model.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in weights.items())
    for node in model.graph.node:
        node.name = node.output[0]
    return model


def _masked() -> onnx.ModelProto:
    """One attention with a causal mask of -30000, a constant that swallows the range."""
    random = np.random.default_rng(3)
    scale = {"w": 1.0, "v": 1.0}
    weights = {name: (random.standard_normal((16, 16)) * one).astype(np.float32) for name, one in scale.items()}
    mask = np.triu(np.full((1, 16, 16), -30000.0, np.float32), 1)
    return _model(_MASKED, "1, 16, 16", {**weights, "mask": mask})


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()
