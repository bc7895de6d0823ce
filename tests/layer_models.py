"""A small model of a dozen layers with branches and two outputs, built for the emulated board."""

from pathlib import Path

from axpair_proto.simulator import Models
from onnx_models import INPUT, Workspace, config_text, net, node, random_array

LAYERS = ("c1", "deep", "silu", "left", "right", "sum", "both", "c2", "map", "prob")
"""Layers after the input's, in the order of execution."""


def build_branching(folder: Path) -> Models:
    """A stem, a SiLU, two branches that meet in a sum and a Concat, and outputs "map" and "prob"."""
    workspace = Workspace(folder)
    workspace.write(
        net(
            [
                node("Conv", [INPUT, "w1"], ["c1/conv"], pads=[1, 1, 1, 1]),
                node("Relu", ["c1/conv"], ["c1"]),
                node("Conv", ["c1", "wd"], ["deep"], pads=[1, 1, 1, 1], group=4),
                node("Sigmoid", ["deep"], ["gate"]),
                node("Mul", ["deep", "gate"], ["silu"]),
                node("Conv", ["silu", "wl"], ["left"]),
                node("Conv", ["silu", "wr"], ["right"]),
                node("Add", ["left", "right"], ["sum"]),
                node("Concat", ["sum", "left"], ["both"], axis=1),
                node("Conv", ["both", "w2"], ["c2"]),
                node("Conv", ["c2", "w3"], ["map"]),
                node("GlobalAveragePool", ["c2"], ["pooled"]),
                node("Flatten", ["pooled"], ["flat"]),
                node("Softmax", ["flat"], ["prob"]),
            ],
            ["map", "prob"],
            {
                "w1": random_array(4, 3, 3, 3, seed=1),
                "wd": random_array(4, 1, 3, 3, seed=2),
                "wl": random_array(4, 4, 1, 1, seed=3, scale=0.6),
                "wr": random_array(4, 4, 1, 1, seed=4, scale=0.6),
                "w2": random_array(6, 8, 1, 1, seed=5, scale=0.5),
                "w3": random_array(2, 6, 1, 1, seed=6, scale=0.5),
            },
        ),
        config_text(),
    )
    result = workspace.build()
    return Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)
