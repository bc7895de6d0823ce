"""Nets with a huge constant, such as an attention mask of -1e9: it takes the range, and one step swallows the rest."""

from collections.abc import Sequence

import numpy as np

from benchmarks.campaign.losses.net import Array, Both, Graph, Net, drawn, weights

CASES = 3
SETTINGS = (-1e9, -65504.0, -3.4028235e38, -np.inf)
"""What is written where nothing should be looked at."""
SETTINGS_OF = {"vocabulary": (-1e9, -65504.0, -3.4028235e38, -1e4)}
"""No build takes an infinite constant where a model ends."""
HEALTHY = -30.0
_TOKENS, _WIDTH = 16, 32
PLACE = {"attention": "masked", "fed": "masked", "chosen": "masked", "vocabulary": "y"}
"""The layer that has to be named."""


def attention(mask: float, seed: int = 0) -> Net:
    """A causal mask as a constant, added."""
    graph, random = Graph(), np.random.default_rng(seed)
    _scores(graph, random)
    graph.add("Add", ["scaled", _causal(mask)], "masked")
    _read(graph)
    return drawn(graph.model({"x": (1, _TOKENS, _WIDTH)}, ["y"]), _tokens, CASES, seed)


def fed(mask: float, seed: int = 0) -> Net:
    """The same as an input."""
    graph, random = Graph(), np.random.default_rng(seed)
    _scores(graph, random)
    graph.add("Add", ["scaled", "mask"], "masked")
    _read(graph)
    shapes = {"x": (1, _TOKENS, _WIDTH), "mask": (1, _TOKENS, _TOKENS)}

    def draw(drawing: np.random.Generator) -> dict[str, Array]:
        return {**_tokens(drawing), "mask": _causal(mask)}

    return drawn(graph.model(shapes, ["y"]), draw, CASES, seed)


def chosen(mask: float, seed: int = 0) -> Net:
    """The mask as a factor and a summand: what is left out is multiplied by 0."""
    graph, random = Graph(), np.random.default_rng(seed)
    _scores(graph, random)
    graph.add("Mul", ["scaled", (_causal(-1.0) + 1).astype(np.float32)], "kept")
    graph.add("Add", ["kept", _causal(mask)], "masked")
    _read(graph)
    return drawn(graph.model({"x": (1, _TOKENS, _WIDTH)}, ["y"]), _tokens, CASES, seed)


def vocabulary(mask: float, seed: int = 0) -> Net:
    """Logits as they leave the model, with the words that may not come next at the constant."""
    graph, random = Graph(), np.random.default_rng(seed)
    graph.add("ReduceMean", ["x"], "mean", axes=[1], keepdims=0)
    graph.add("MatMul", ["mean", weights(random, 64, _WIDTH, scale=8.0).T.copy()], "hidden")
    graph.add("Relu", ["hidden"], "hidden_r")
    graph.add("MatMul", ["hidden_r", weights(random, 500, 64, scale=2.0).T.copy()], "logits")
    banned = np.where(random.random((1, 500)) < 0.4, np.float32(mask), np.float32(0)).astype(np.float32)
    graph.add("Add", ["logits", banned], "y")
    return drawn(graph.model({"x": (1, _TOKENS, _WIDTH)}, ["y"]), _tokens, CASES, seed)


NETS = {"attention": attention, "fed": fed, "chosen": chosen, "vocabulary": vocabulary}


def is_small(made: Sequence[Both]) -> bool:
    """Never: nothing of what stands beside the constant is left."""
    return False


def _scores(graph: Graph, random: np.random.Generator) -> None:
    for name in ("q", "k", "v"):
        graph.add("MatMul", ["x", weights(random, _WIDTH, _WIDTH).T.copy()], name)
    graph.add("Transpose", ["k"], "kt", perm=[0, 2, 1])
    graph.add("MatMul", ["q", "kt"], "s")
    graph.add("Mul", ["s", np.float32(_WIDTH**-0.5)], "scaled")


def _read(graph: Graph) -> None:
    graph.add("Softmax", ["masked"], "p", axis=-1)
    graph.add("MatMul", ["p", "v"], "o")
    graph.add("Add", ["o", "x"], "y")


def _causal(mask: float) -> Array:
    upper: Array = np.triu(np.full((1, _TOKENS, _TOKENS), mask, np.float32), 1)
    return upper


def _tokens(random: np.random.Generator) -> dict[str, Array]:
    return {"x": random.normal(0, 1, (1, _TOKENS, _WIDTH)).astype(np.float32)}
