"""Scores samples of the calibration set, as the guide says: if they are good and the case isn't, it's the set."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from axpair_proto.meanings import meanings, names_line
from axpair_proto.simulator import Models, Simulator

from axpair_host.compare.rows import compare_outputs
from axpair_host.documents.json_form import json_form
from axpair_host.documents.linted import ScoredInput
from axpair_host.lint.hint import Hint


def score(
    simulator: Simulator,
    models: Models,
    inputs: Sequence[tuple[str, bool, Mapping[str, Path]]],
    at: Callable[[int], None],
) -> list[ScoredInput]:
    """Cosine of each output, joint against float model, for inputs given as (name, whether the user's, files)."""
    scores = []
    for done, (name, case, files) in enumerate(inputs, start=1):
        data = simulator.prepare(models, files).data
        wanted, found = simulator.run(models, "onnx", data), simulator.run(models, "joint", data)
        known = meanings(models.onnx, list(wanted))
        compared = compare_outputs(wanted, found, known.ordered, naming=known.named)
        cosines = {one: each.cosine for one, each in compared.items() if not each.named_by}
        agreements = {one: each.agreement or 0.0 for one, each in compared.items() if each.named_by}
        measured = [one for one in cosines.values() if one is not None] or list(agreements.values())
        names_lost = tuple(one for one, share in agreements.items() if share < names_line(wanted[one].size))
        scores.append(ScoredInput(name, case, cosines, min(measured, default=-1.0), agreements, names_lost))
        at(done)
    return scores


def hints(scores: Sequence[ScoredInput], line: float) -> Iterator[Hint]:
    """What follows."""
    ours, cases = [one for one in scores if not one.case], [one for one in scores if one.case]
    low = [one for one in ours if one.is_low(line)]
    evidence = {"line": line, "scores": json_form(scores)}
    if ours and len(low) * 2 >= len(ours):
        worst = min(low, key=lambda one: one.worst)
        yield Hint(
            "set-scores-low",
            "AX201",
            f"{len(low)} of {len(ours)} samples of the calibration set itself are below {line:g}, the worst "
            f"({worst.name}) at {worst.worst:.4f}: another set won't mend that",
            "try strategies and 16 bit",
            evidence,
            "{tune} --int16 2",
        )
    elif ours:
        for one in cases:
            if one.is_low(line):
                yield Hint(
                    "set-scores-well",
                    "AX204",
                    f"{len(ours) - len(low)} of {len(ours)} samples of the calibration set score {line:g} or more, and "
                    f"{one.name} scores {one.worst:.4f}: the set doesn't stand for it",
                    "put pictures of its kind into the set, and build with that",
                    evidence,
                    "{tune} --set {set}",
                )
