"""The model's outputs, judged by the lines that 'axpair pair' judges them by."""

from collections.abc import Mapping

from axpair_proto.meanings import meanings
from axpair_proto.simulator import Models, Simulator, Stage, Tensors

from axpair_host.compare.lines import METRICS, beside, shortfalls
from axpair_host.compare.rows import compare_outputs
from axpair_host.documents.layers import OutputScore


def in_words(score: OutputScore) -> str:
    """All values in words, the cosine first."""
    values = {**({} if score.cosine is None else {"cosine": score.cosine}), **score.beside}
    return ", ".join(METRICS[name].told(value) for name, value in values.items())


def output_scores(
    simulator: Simulator, models: Models, wanted: Tensors, found: Tensors, stage: Stage, line: float
) -> tuple[OutputScore, ...]:
    """Of each output that both legs have; rows in the order of a score are matched, and names have no cosine. `line` is
    the cosine's."""
    declared = {one.name: one for one in simulator.describe(models.joint).outputs}
    known = meanings(models.onnx, list(wanted))
    compared = compare_outputs(
        wanted,
        found,
        known.ordered,
        line,
        naming=known.named,
        layouts={name: one.layout for name, one in declared.items()},
        units={name: float(one.q or 1) for name, one in declared.items()},
    )
    scores = []
    for name, one in compared.items():
        short = shortfalls(one, line, {})
        certain = next((each for each in short if each.certain), None)
        doubt = next((each for each in short if not each.certain), None)
        scores.append(
            OutputScore(
                name,
                stage,
                None if one.named_by else one.cosine,
                certain.words if certain is not None else "",
                certain.metric if certain is not None else "",
                dict(beside(one)),
                doubt.words if doubt is not None else "",
            )
        )
    return tuple(scores)


def scored_outputs(
    simulator: Simulator, models: Models, inputs: Mapping[str, bytes], line: float
) -> tuple[OutputScore, ...]:
    """Of the joint, against the float model; none without that."""
    if models.onnx is None:
        return ()
    wanted, found = (simulator.run(models, stage, inputs) for stage in ("onnx", "joint"))
    return output_scores(simulator, models, wanted, found, "joint", line)
