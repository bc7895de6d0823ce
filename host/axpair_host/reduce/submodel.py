"""The smallest part of a model that a board still computes otherwise than the simulator."""

from collections.abc import Iterator
from dataclasses import dataclass

from axpair_proto.capabilities import CutsModels, Node
from axpair_proto.sentences import say

from axpair_host.documents.layers import Trial
from axpair_host.layers.bisection import expected_trials
from axpair_host.layers.culprit import Culprit, find_culprit
from axpair_host.layers.prefixes import prefixes
from axpair_host.layers.trials import Bench
from axpair_host.reduce.parts import Graph, Part, graph_of
from axpair_host.reduce.shrinking import latest_start, most_trials


@dataclass(frozen=True)
class Reduced:
    """What a search came to. "reduced": a part that fails. "whole": only the whole model does.
    "refused": nothing fails repeatably."""

    outcome: str
    why: str
    operators: int
    """Of the whole model."""
    part: Part | None = None
    """None for the whole model."""
    rest: str = ""
    """What comes after the part, fed with the simulator's codes: "agrees", "differs", or "" where it wasn't tried."""


def reduce_model(bench: Bench) -> Reduced:
    """Shrink the model from both ends; says first how many trials it takes at most, and how long that will be.

    Raises UsageError where the simulator can't cut models; BoardError when the board goes away.
    """
    operators = len(_announced(bench))
    culprit = find_culprit(bench)
    if culprit.outcome not in ("found", "segment"):
        return Reduced("refused", culprit.why, operators)
    return _Search(bench, operators, culprit).reduced()


def _announced(bench: Bench) -> tuple[Node, ...]:
    if not isinstance(bench.simulator, CutsModels):
        return ()
    nodes = tuple(bench.simulator.nodes(bench.models))
    outputs = {one.name for one in bench.simulator.describe(bench.models.joint).outputs}
    most = expected_trials(prefixes(nodes, outputs)) + most_trials(len(nodes)) + 2
    bench.progress.note(
        f"at most {most} models of {len(nodes)} operators or fewer, {bench.repeat} runs each: first from the model's "
        "inputs on, to find where it ends at the earliest, then from within"
    )
    return nodes


class _Search:
    def __init__(self, bench: Bench, operators: int, culprit: Culprit) -> None:
        assert isinstance(bench.simulator, CutsModels)
        self._bench, self._operators, self._culprit = bench, operators, culprit
        wrong = {one.name for one in bench.whole().differs}
        own = {one.name for one in bench.simulator.describe(bench.models.joint).outputs}
        self._graph: Graph = graph_of(bench.simulator.nodes(bench.models), wrong, own)
        last = self._graph.nodes.index(culprit.nodes[-1])
        self._end = last + 1

    def reduced(self) -> Reduced:
        """The part, and what is to be said of it."""
        starts = self._graph.starts(self._end)
        left = min(most_trials(len(starts)), len(starts)) + 2
        self._bench.progress.note(
            f"it fails up to {self._graph.nodes[self._end - 1].name!r}; at most {left} more models, some "
            f"{left * self._bench.whole().seconds:.0f} s, to find where it begins"
        )
        start = latest_start(starts, self._fails) if starts else 0
        if start == 0 and self._end == len(self._graph.nodes):
            return Reduced("whole", self._why_whole(), self._operators)
        part = self._narrowed(start)
        rest = self._rest(self._end)
        return Reduced("reduced", self._why(part, rest), self._operators, part, rest)

    def _fails(self, start: int) -> bool:
        return start == 0 or _failed(self._try(self._graph.part(start, self._end)))

    def _try(self, part: Part) -> Trial:
        return self._bench.between(part.inner, part.outputs)

    def _narrowed(self, start: int) -> Part:
        """Without what the failing outputs don't need, where it still fails so."""
        part = self._graph.part(start, self._end)
        trial = self._culprit.difference if start == 0 else self._try(part)
        for smaller in self._narrower(part, trial):
            if _failed(self._try(smaller)):
                return smaller
        return part

    def _narrower(self, part: Part, trial: Trial | None) -> Iterator[Part]:
        narrow = [
            self._graph.behind(part, one.name) for one in (trial.differs if trial else ()) if one.name in part.outputs
        ]
        for smaller in sorted(narrow, key=lambda one: len(one.nodes)):
            if smaller.outputs != part.outputs:
                yield smaller

    def _rest(self, end: int) -> str:
        """Whether another fault lies behind: what comes after the part, rightly fed."""
        rest = self._graph.rest(end)
        if rest is None or not rest.inner:
            return ""
        trial = self._try(rest)
        return "" if trial.failure else "differs" if trial.differs else "agrees"

    def _why_whole(self) -> str:
        return say(
            "no smaller part of the {count} operators fails on the board: the fault shows in the whole model alone",
            count=self._operators,
        ) + (say(" ({how})", how=self._culprit.why) if self._culprit.outcome == "segment" else "")

    def _why(self, part: Part, rest: str) -> str:
        names = ", ".join(repr(node.name) for node in part.nodes[:3]) + (", ..." if len(part.nodes) > 3 else "")
        said = {
            "agrees": say("; all that comes after it, fed rightly, has the simulator's bytes"),
            "differs": say(
                "; what comes after it, fed rightly, fails as well: either there is another fault, or this "
                "one lies outside the operators (AX302 to AX305; 'axpair pair' tells them)"
            ),
        }.get(rest, "")
        share = say("{count} of {operators} operators", count=len(part.nodes), operators=self._operators)
        return say(
            "{share} still fail on the board, fed with the simulator's codes ({names}){said}",
            share=share,
            names=names,
            said=said,
        )


def _failed(trial: Trial) -> bool:
    return bool(trial.differs) and trial.repeatable and not trial.failure
