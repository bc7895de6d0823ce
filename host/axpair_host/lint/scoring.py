"""Scores samples of the calibration set, as the guide says: if they are good and the case isn't, it's the set."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_proto.simulator import Models, Simulator

from axpair_host.compare.rows import compare_outputs
from axpair_host.lint.hint import Hint
from axpair_host.ordering import ordered_outputs


@dataclass(frozen=True)
class Score:
    """One input through float model and joint."""

    name: str
    case: bool
    """Whether it is the user's own input, not one of the set."""
    cosines: Mapping[str, float | None]

    @property
    def worst(self) -> float:
        """The output that is worst off; -1 where none can be said."""
        known = [one for one in self.cosines.values() if one is not None]
        return min(known) if known else -1.0

    def document(self) -> dict[str, Any]:
        """JSON form."""
        return {"name": self.name, "case": self.case, "cosines": dict(self.cosines), "worst": self.worst}


def score(
    simulator: Simulator,
    models: Models,
    inputs: Sequence[tuple[str, bool, Mapping[str, Path]]],
    at: Callable[[int], None],
) -> list[Score]:
    """Cosine of each output, joint against float model, for inputs given as (name, whether the user's, files)."""
    scores = []
    for done, (name, case, files) in enumerate(inputs, start=1):
        data = simulator.prepare(models, files).data
        wanted, found = simulator.run(models, "onnx", data), simulator.run(models, "joint", data)
        compared = compare_outputs(wanted, found, ordered_outputs(models.onnx, list(wanted)))
        scores.append(Score(name, case, {one: each.cosine for one, each in compared.items()}))
        at(done)
    return scores


def hints(scores: Sequence[Score], line: float) -> Iterator[Hint]:
    """What follows."""
    ours, cases = [one for one in scores if not one.case], [one for one in scores if one.case]
    low = [one for one in ours if one.worst < line]
    evidence = {"line": line, "scores": [one.document() for one in scores]}
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
            if one.worst < line:
                yield Hint(
                    "set-scores-well",
                    "AX204",
                    f"{len(ours) - len(low)} of {len(ours)} samples of the calibration set score {line:g} or more, and "
                    f"{one.name} scores {one.worst:.4f}: the set doesn't stand for it",
                    "put pictures of its kind into the set, and build with that",
                    evidence,
                    "{tune} --set {set}",
                )
