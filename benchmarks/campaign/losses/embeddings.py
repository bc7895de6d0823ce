"""Nets whose output is an embedding. What all cases have in common fills it, or a few loud features take its scale:
each case's own cosine stays high, and what sets two cases apart is lost."""

from collections.abc import Sequence

import numpy as np

from benchmarks.campaign.losses.net import Array, Both, Graph, Net, drawn, photo, weights

CASES = 8
SETTINGS = (100.0, 140.0, 180.0, 240.0)
"""How many times as large as the others a few features are that share their scale."""
HEALTHY = 1.0
_COMMON = 60.0
"""How many times as large as a weight's share the part is that all cases have in common."""
_SIZE, _WIDTH = 32, 128


def projected(loud: float, seed: int = 0) -> Net:
    """Convolutions, their average, a linear layer with a bias."""
    graph, random = Graph(), np.random.default_rng(seed)
    _projection(graph, random, _pooled(graph, random, loud), "y")
    return drawn(graph.model({"x": (1, 3, _SIZE, _SIZE)}, ["y"]), _photo, CASES, seed)


def normalized(loud: float, seed: int = 0) -> Net:
    """The same, brought to length 1, as those of faces and texts are."""
    graph, random = Graph(), np.random.default_rng(seed)
    _projection(graph, random, _pooled(graph, random, loud), "raw")
    graph.add("ReduceL2", ["raw"], "length", axes=[1], keepdims=1)
    graph.add("Div", ["raw", "length"], "y")
    return drawn(graph.model({"x": (1, 3, _SIZE, _SIZE)}, ["y"]), _photo, CASES, seed)


def rectified(loud: float, seed: int = 0) -> Net:
    """Features behind a Relu, as at the end of a classifier without its head: a large mean in common."""
    graph, random = Graph(), np.random.default_rng(seed)
    bias = np.abs(random.normal(0.0, 1.0, _WIDTH)) + 1.0
    _projection(graph, random, _pooled(graph, random, loud), "raw", bias)
    graph.add("Relu", ["raw"], "y")
    return drawn(graph.model({"x": (1, 3, _SIZE, _SIZE)}, ["y"]), _photo, CASES, seed)


def tokens(loud: float, seed: int = 0) -> Net:
    """The average of sixteen tokens behind a layer of each, as a text's."""
    graph, random = Graph(), np.random.default_rng(seed)
    stretch = _stretch(64, loud)
    graph.add("MatMul", ["x", (weights(random, 64, 64) * stretch[:, None]).T.copy()], "hidden")
    graph.add("Relu", ["hidden"], "rectified")
    graph.add("MatMul", ["rectified", (weights(random, 48, 64) / stretch).T.copy()], "quiet")
    graph.add("ReduceMean", ["quiet"], "mean", axes=[1], keepdims=0)
    _projection(graph, random, "mean", "y", inside=48)
    return drawn(graph.model({"x": (1, 16, 64)}, ["y"]), _tokens, CASES, seed)


NETS = {"projected": projected, "normalized": normalized, "rectified": rectified, "tokens": tokens}


def is_small(made: Sequence[Both]) -> bool:
    """Whether every case keeps the case that is most like it."""
    return bool((_most_like([one["y"][0] for one in made]) == _most_like([one["y"][1] for one in made])).all())


def _most_like(vectors: Sequence[Array]) -> Array:
    rows = np.stack([vector.reshape(-1).astype(np.float64) for vector in vectors])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    likeness: Array = rows @ rows.T
    np.fill_diagonal(likeness, -2)
    nearest: Array = likeness.argmax(axis=1)
    return nearest


def _pooled(graph: Graph, random: np.random.Generator, loud: float) -> str:
    stretch = _stretch(32, loud)
    graph.add("Mul", ["x", np.float32(1 / 128)], "scaled")
    graph.conv("scaled", weights(random, 32, 3, 4, 4) * stretch[:, None, None, None], "c1", stride=4)
    graph.add("Relu", ["c1"], "c1r")
    graph.conv("c1r", weights(random, 64, 32, 3, 3, scale=1.5) / stretch[None, :, None, None], "c2")
    graph.add("Relu", ["c2"], "c2r")
    graph.add("GlobalAveragePool", ["c2r"], "pooled")
    graph.add("Reshape", ["pooled", np.array([1, 64])], "flat")
    return "flat"


def _stretch(features: int, loud: float) -> Array:
    stretch = np.ones(features, np.float32)
    stretch[:2] = loud
    return stretch


def _projection(
    graph: Graph,
    random: np.random.Generator,
    source: str,
    output: str,
    bias: Array | None = None,
    inside: int = 64,
) -> None:
    """A linear layer with a bias, which all cases have in common."""
    drawn_bias = random.standard_normal(_WIDTH) if bias is None else bias
    graph.add(
        "Gemm",
        [source, weights(random, _WIDTH, inside, scale=2.0), (drawn_bias * 0.1 * _COMMON).astype(np.float32)],
        output,
        transB=1,
    )


def _photo(random: np.random.Generator) -> dict[str, Array]:
    return {"x": photo(random, _SIZE)}


def _tokens(random: np.random.Generator) -> dict[str, Array]:
    topic = random.normal(0, 1, (1, 1, 64))
    return {"x": (topic + random.normal(0, 1, (1, 16, 64))).astype(np.float32)}
