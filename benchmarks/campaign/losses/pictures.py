"""Nets whose output is a picture. A few loud features under one scale cost the others their steps: the picture gets
noise, and its mean keeps the cosine at .99."""

from collections.abc import Sequence

import numpy as np

from benchmarks.campaign.losses.net import Array, Both, Graph, Net, drawn, photo, weights

SIZE = 32
CASES = 3
SETTINGS = (140.0, 180.0, 240.0, 320.0)
"""How many times as large as the others two features of the residual branch are."""
HEALTHY = 1.0


def upscaling(loud: float, seed: int = 0) -> Net:
    """Twice the size by DepthToSpace, clipped to 0..255."""
    graph, random = Graph(), np.random.default_rng(seed)
    base = np.zeros((12, 3, 3, 3), np.float32)
    for color in range(3):
        base[color * 4 : color * 4 + 4, color, 1, 1] = 1
    graph.conv("x", base, "base")
    _residual(graph, random, "base", 12, "fine", loud, scale=0.2)
    graph.add("Add", ["base", "fine"], "sum")
    graph.add("Clip", ["sum", np.float32(0), np.float32(255)], "clipped")
    graph.add("DepthToSpace", ["clipped"], "y", blocksize=2, mode="CRD")
    return drawn(graph.model({"x": (1, 3, SIZE, SIZE)}, ["y"]), _photo, CASES, seed)


def denoising(loud: float, seed: int = 0) -> Net:
    """What was found to be noise is taken from the picture."""
    graph, random = Graph(), np.random.default_rng(seed)
    _residual(graph, random, "x", 3, "noise", loud)
    graph.add("Sub", ["x", "noise"], "clean")
    graph.add("Clip", ["clean", np.float32(0), np.float32(255)], "y")
    return drawn(graph.model({"x": (1, 3, SIZE, SIZE)}, ["y"]), _photo, CASES, seed)


def colorizing(loud: float, seed: int = 0) -> Net:
    """Gray in, three colors within 0..1 out."""
    graph, random = Graph(), np.random.default_rng(seed)
    graph.add("Mul", ["x", np.float32(1 / 255)], "gray")
    tint = np.zeros((3, 1, 1, 1), np.float32)
    tint[:, 0, 0, 0] = 0.9, 0.8, 0.7
    graph.conv("gray", tint, "tinted")
    _residual(graph, random, "gray", 3, "color", loud, scale=0.2)
    graph.add("Add", ["tinted", "color"], "sum")
    graph.add("Clip", ["sum", np.float32(0), np.float32(1)], "y")
    return drawn(graph.model({"x": (1, 1, SIZE, SIZE)}, ["y"]), _gray, CASES, seed)


def brightening(loud: float, seed: int = 0) -> Net:
    """A curve for each pixel: x + a (x - x^2), within 0..1."""
    graph, random = Graph(), np.random.default_rng(seed)
    graph.add("Mul", ["x", np.float32(1 / 255)], "dark")
    _residual(graph, random, "dark", 3, "curve", loud, scale=1.0)
    graph.add("Mul", ["dark", "dark"], "square")
    graph.add("Sub", ["dark", "square"], "bow")
    graph.add("Mul", ["curve", "bow"], "lift")
    graph.add("Add", ["dark", "lift"], "sum")
    graph.add("Clip", ["sum", np.float32(0), np.float32(1)], "y")
    return drawn(graph.model({"x": (1, 3, SIZE, SIZE)}, ["y"]), _photo, CASES, seed)


NETS = {"upscaling": upscaling, "denoising": denoising, "colorizing": colorizing, "brightening": brightening}


def is_small(made: Sequence[Both]) -> bool:
    """Whether the noise is less than 8 of 255, which people hardly see."""
    both = [one["y"] for one in made]
    peak = 255.0 if any(float(wanted.max()) > 1 for wanted, _ in both) else 1.0
    return all(float(np.sqrt(np.mean((wanted - got) ** 2))) < peak * 8 / 255 for wanted, got in both)


def _residual(
    graph: Graph, random: np.random.Generator, source: str, channels: int, output: str, loud: float, scale: float = 0.3
) -> None:
    """Two convolutions with 16 features between, two of them `loud` times as large; in float that changes nothing."""
    inside = {"base": 12, "gray": 1}.get(source, 3)
    stretch = np.ones(16, np.float32)
    stretch[14:] = loud
    first = weights(random, 16, inside, 3, 3) * stretch[:, None, None, None]
    graph.conv(source, first, f"{output}1")
    graph.add("Relu", [f"{output}1"], f"{output}1r")
    second = weights(random, channels, 16, 3, 3, scale=scale) / stretch[None, :, None, None]
    graph.conv(f"{output}1r", second, output)


def _photo(random: np.random.Generator) -> dict[str, Array]:
    return {"x": photo(random, SIZE)}


def _gray(random: np.random.Generator) -> dict[str, Array]:
    return {"x": photo(random, SIZE, channels=1)}
