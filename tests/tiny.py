"""A small model with two outputs, built for the emulated board, and a picture for it."""

from pathlib import Path

from axpair_proto.simulator import Models
from onnx_models import Workspace, config_text, net, node, picture, png, random_array

INPUT = "data"
OUTPUTS = ("prob/raw", "feat")


def build_tiny(folder: Path) -> Models:
    """Convolution and ReLU, then a second convolution: float32 outputs "prob/raw" and "feat" of 1x4x12x10."""
    workspace = Workspace(folder)
    constants = {"w1": random_array(4, 3, 3, 3, seed=1), "w2": random_array(4, 4, 1, 1, seed=2, scale=0.5)}
    nodes = [
        node("Conv", [INPUT, "w1"], ["c"], pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["feat"]),
        node("Conv", ["feat", "w2"], ["prob/raw"]),
    ]
    workspace.write(net(nodes, OUTPUTS, constants), config_text())
    result = workspace.build()
    assert result.output_config is not None
    return Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)


def write_picture(path: Path, seed: int = 7, width: int = 10, height: int = 12) -> Path:
    """A picture of the model's size unless said."""
    path.write_bytes(png(picture(width, height, seed=seed)))
    return path
