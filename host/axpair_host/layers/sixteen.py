"""Tries what 16 bit in one layer brings back: the proof that the loss enters there."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from axpair_proto.advice import UNKNOWN, Again, Next, again
from axpair_proto.capabilities import BuildsModels, CutsModels
from axpair_proto.simulator import Models, Simulator, Stage

from axpair_host.documents.layers import LayerRow, LayerScores, SixteenTrial
from axpair_host.errors import UsageError
from axpair_host.layers.configuration import widen
from axpair_host.layers.outputs import in_words, output_scores
from axpair_host.progress import Progress

_WITHOUT = Next("without it:", Again(without_flags=("--try-int16",)))


def try_sixteen(
    simulator: Simulator,
    models: Models,
    inputs: Mapping[str, bytes],
    scores: LayerScores,
    row: LayerRow,
    line: float,
    progress: Progress,
) -> SixteenTrial:
    """Build the model again with that layer in 16 bit and run this case.

    Raises UsageError where the simulator can't build, or ONNX model or configuration are missing.
    """
    if models.onnx is None or models.config is None:
        files = (("onnx", models.onnx), ("config", models.config))
        lacking = [word for name, path in files if path is None for word in (f"--{name}", UNKNOWN[name])]
        raise UsageError("--try-int16 builds the model again", next_step=again("with what that takes:", *lacking))
    if not isinstance(simulator, BuildsModels):
        raise UsageError(f"the simulator {simulator.name!r} builds no models", next_step=_WITHOUT)
    operators = around(simulator, models, scores, row)
    with TemporaryDirectory(prefix="axpair-int16-") as folder:
        config = Path(folder) / "config.prototxt"
        widen(models.config, config, operators)
        with progress.task(f"build again with {row.name} in 16 bit"):
            built = simulator.build(models.onnx, config, Path(folder) / "model.joint", like=models.joint)
        stage: Stage = "lava_joint" if models.lava_joint is not None else "joint"
        with progress.task("run it"):
            wanted = simulator.run(models, "onnx", inputs)
            before, after = simulator.run(models, stage, inputs), simulator.run(built, stage, inputs)
    scores_of = [output_scores(simulator, models, wanted, leg, stage, line) for leg in (before, after)]
    first, second = ({one.name: one for one in some} for some in scores_of)
    lost = tuple(name for name, one in first.items() if one.is_short)
    return SixteenTrial(
        row.name,
        tuple(operators),
        {name: one.cosine for name, one in first.items()},
        {name: one.cosine for name, one in second.items()},
        lost,
        bool(lost) and not any(second[name].is_short for name in lost),
        {name: (in_words(one), in_words(second[name])) for name, one in first.items()},
    )


def around(simulator: Simulator, models: Models, scores: LayerScores, row: LayerRow) -> list[str]:
    """ONNX nodes whose features need 16 bit for that layer to have them: a tensor has as many bits as any operator
    that reads it asks for. Raises UsageError where none is known."""
    sources = {one.name: one.sources for one in scores.layers}
    names = list(row.sources)
    if isinstance(simulator, CutsModels):
        for node in simulator.nodes(models):
            if row.name in node.inputs:
                names += sources.get(node.output, ())
    if not names:
        raise UsageError(f"no ONNX operator of the layer {row.name!r} is known", next_step=_WITHOUT)
    return names
