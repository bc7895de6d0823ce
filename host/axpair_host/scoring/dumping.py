"""Asks a simulator for its layers and scores them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from axpair_proto.advice import UNKNOWN, Next, again, calling, free_name
from axpair_proto.capabilities import CutsModels, DumpsLayers
from axpair_proto.simulator import LayerError, Models, Simulator, Stage

from axpair_host.documents.layers import CompiledError, LayerRow, LayerScores
from axpair_host.errors import UsageError
from axpair_host.evidence.record import layer_of
from axpair_host.progress import Progress
from axpair_host.scoring.compiled import at_fault
from axpair_host.scoring.rows import score_layers


def dumped_scores(
    simulator: Simulator, models: Models, inputs: Mapping[str, bytes], progress: Progress, *, joint: bool = True
) -> LayerScores:
    """Scores of every layer. The reference is the float model where it is given, else the quantised one.

    Without `joint` only quantisation is looked at, which takes a third less time.
    Raises UsageError where the simulator shows no layers, or where there is nothing to hold the joint against.
    """
    if not isinstance(simulator, DumpsLayers):
        raise UsageError(
            f"the simulator {simulator.name!r} shows no layers",
            next_step=turned_on(),
        )
    reference: Stage = "onnx" if models.onnx is not None else "lava_joint"
    if models.onnx is None and models.lava_joint is None:
        with_float = again("with the float model:", "--onnx", UNKNOWN["onnx"])
        raise UsageError("a joint alone has nothing to be compared with", next_step=with_float)
    stages: list[Stage] = ["lava_joint"] if models.onnx is not None and models.lava_joint is not None else []
    stages += ["joint"] if joint or not stages else []
    own: Stage | None = None
    if models.onnx is not None:
        own = "lava_joint" if models.lava_joint is not None else "joint"
    nodes = simulator.nodes(models) if isinstance(simulator, CutsModels) else ()
    inputs_of = {node.output: node.inputs for node in nodes}
    rows = score_layers(
        simulator.layers(models, reference, inputs),
        {stage: simulator.layers(models, stage, inputs) for stage in stages},
        simulator.own_layers(models, own, inputs) if own is not None else None,
        inputs_of,
    )
    with progress.task("score each layer", len(nodes), "layers") as task:
        found = tuple(_told(rows, task.at))
    if joint and models.lava_joint is not None:
        with progress.task("hold each compiled layer against the quantised one"):
            found = _with_compiled(found, simulator.own_errors(models, inputs) or ())
    return LayerScores(reference, own or "", found)


def _with_compiled(rows: Iterable[LayerRow], errors: Iterable[LayerError]) -> tuple[LayerRow, ...]:
    """Errors are of operators by name, and after them (kind "output") of what hands an output out."""
    by_node: dict[str, CompiledError] = {}
    by_output: dict[str, CompiledError] = {}
    for one in errors:
        layer = layer_of(one)
        wrong = at_fault(layer)
        error = CompiledError(layer.max_steps, layer.mean_steps, layer.differing, wrong)
        if one.kind != "output":
            by_node[one.name] = error
        elif wrong:
            by_output[one.name] = error
    return tuple(
        msgspec.structs.replace(row, compiled=by_output.get(row.name) or by_node.get(row.node)) for row in rows
    )


def _told(rows: Iterator[LayerRow], at: Callable[[int], None]) -> Iterator[LayerRow]:
    for done, row in enumerate(rows, start=1):
        yield row
        at(done)


def turned_on() -> Next:
    """How the table gets into a log."""
    return calling(
        *("axpair", "layers", "--config", UNKNOWN["config"], "--write-config", free_name(Path("measured.prototxt"))),
        text="turn the table on, build with what this writes, and give the log with --build-log:",
    )
