"""Nets that end in the best of many rows: which rows, or of which classes they are, is lost, and numbers that name
something have a high cosine whatever they name."""

from collections.abc import Sequence

import numpy as np

from benchmarks.campaign.losses.net import Array, Both, Graph, Net, drawn, photo, weights

CASES = 3
SETTINGS = (150.0, 300.0, 600.0, 1200.0)
"""How many times as large as the others two features of the head are that is lost."""
HEALTHY = 1.0
_SIZE, _PLACES, _BEST = 64, 64, 12


def places(loud: float, seed: int = 0) -> Net:
    """The best scores and where they stand, as TopK gives them."""
    graph, random = Graph(), np.random.default_rng(seed)
    _head(graph, random, _features(graph, random), "best", 1, loud)
    _top(graph, "best", "scores", "places")
    return _drawn(graph, ["scores", "places"], seed, ["places"])


def classes(loud: float, seed: int = 0) -> Net:
    """Scores, boxes and classes in three outputs; the head of the classes is lost."""
    graph, random = Graph(), np.random.default_rng(seed)
    _detector(graph, random, loud)
    return _drawn(graph, ["scores", "boxes", "classes"], seed, ["classes"])


def rows(loud: float, seed: int = 0) -> Net:
    """One row a detection: four corners, the score, the class as a number."""
    graph, random = Graph(), np.random.default_rng(seed)
    _detector(graph, random, loud)
    graph.add("Cast", ["classes"], "numbers", to=1)
    for name in ("scores", "numbers"):
        graph.add("Unsqueeze", [name, np.array([-1])], f"{name}_column")
    graph.add("Concat", ["boxes", "scores_column", "numbers_column"], "detections", axis=2)
    return _drawn(graph, ["detections"], seed)


def nearest(loud: float, seed: int = 0) -> Net:
    """A gallery of 200 features: the places of those that are most like the picture's."""
    graph, random = Graph(), np.random.default_rng(seed)
    graph.add("GlobalAveragePool", [_features(graph, random, loud)], "pooled")
    graph.add("Reshape", ["pooled", np.array([1, 16])], "flat")
    graph.add("MatMul", ["flat", weights(random, 200, 16, scale=4.0).T.copy()], "likeness")
    _top(graph, "likeness", "scores", "places")
    return _drawn(graph, ["scores", "places"], seed, ["places"])


NETS = {"places": places, "classes": classes, "rows": rows, "nearest": nearest}


def is_small(made: Sequence[Both]) -> bool:
    """Whether at most one of the best places is another; of nets that give classes, never."""
    both = [one["places"] for one in made if "places" in one]
    return bool(both) and all(len(np.setdiff1d(wanted, got)) <= 1 for wanted, got in both)


def _features(graph: Graph, random: np.random.Generator, loud: float = 1.0) -> str:
    stretch = _stretch(loud)
    graph.add("Mul", ["x", np.float32(1 / 128)], "scaled")
    graph.conv("scaled", weights(random, 16, 3, 8, 8, scale=4.0) * stretch[:, None, None, None], "stem", stride=8)
    graph.add("Relu", ["stem"], "stem_r")
    graph.conv("stem_r", weights(random, 16, 16, 1, 1, scale=1.4) / stretch[None, :, None, None], "features")
    return "features"


def _head(
    graph: Graph, random: np.random.Generator, source: str, output: str, channels: int, loud: float, scale: float = 1.0
) -> None:
    """1 x places x channels of a map: two layers, with two features between them `loud` times as large."""
    stretch = _stretch(loud)
    graph.conv(source, weights(random, 16, 16, 1, 1, scale=1.4) * stretch[:, None, None, None], f"{output}_1")
    graph.add("Relu", [f"{output}_1"], f"{output}_r")
    graph.conv(
        f"{output}_r", weights(random, channels, 16, 1, 1, scale=scale) / stretch[None, :, None, None], f"{output}_2"
    )
    shape = [1, _PLACES] if channels == 1 else [1, channels, _PLACES]
    graph.add("Reshape", [f"{output}_2", np.array(shape)], output if channels == 1 else f"{output}_3")
    if channels > 1:
        graph.add("Transpose", [f"{output}_3"], output, perm=[0, 2, 1])


def _detector(graph: Graph, random: np.random.Generator, loud: float) -> None:
    """Outputs scores, boxes in pixels and classes 40..79 of the best places."""
    source = _features(graph, random)
    _head(graph, random, source, "objectness", 1, 1.0)
    _head(graph, random, source, "corners", 4, 1.0, scale=8.0)
    _head(graph, random, source, "kinds", 40, loud)
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1).reshape(1, _PLACES, 2) * 40.0
    graph.add("Add", ["corners", np.concatenate([grid, grid + 60], axis=2).astype(np.float32)], "pixels")
    _top(graph, "objectness", "scores", "where")
    graph.add("Unsqueeze", ["where", np.array([-1])], "where_1")
    graph.add("Tile", ["where_1", np.array([1, 1, 4])], "where_4")
    graph.add("GatherElements", ["pixels", "where_4"], "boxes", axis=1)
    graph.add("ArgMax", ["kinds"], "kind", axis=2, keepdims=0)
    graph.add("GatherElements", ["kind", "where"], "kind_of", axis=1)
    graph.add("Add", ["kind_of", np.array(40)], "classes")


def _top(graph: Graph, source: str, scores: str, where: str) -> None:
    graph.add("TopK", [source, np.array([_BEST])], f"{scores},{where}", axis=-1)


def _stretch(loud: float) -> Array:
    stretch = np.ones(16, np.float32)
    stretch[:2] = loud
    return stretch


def _drawn(graph: Graph, outputs: list[str], seed: int, integers: list[str] | None = None) -> Net:
    model = graph.model({"x": (1, 3, _SIZE, _SIZE)}, outputs, integers or [])
    return drawn(model, lambda random: {"x": photo(random, _SIZE)}, CASES, seed)
