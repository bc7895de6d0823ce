"""Finds the first layer after which a board's bytes aren't the simulator's, on parts that the simulator cuts."""

from dataclasses import dataclass, field

from axpair_proto.capabilities import CutsModels, Node
from axpair_proto.sentences import say

from axpair_host.documents.layers import Bisection, NamedOperator, Trial
from axpair_host.errors import UsageError
from axpair_host.layers.bisection import expected_trials, search
from axpair_host.layers.prefixes import Prefixes, prefixes
from axpair_host.layers.trials import Bench, TrialFailed


@dataclass
class Culprit:
    """What a bisection found. "agrees": nothing differs. "found": one operator. "segment": only this far.
    "refused": this board can't be bisected."""

    outcome: str
    why: str
    expected_trials: int = 0
    nodes: tuple[Node, ...] = ()
    """The operators among which the fault lies: one where it was found."""
    difference: Trial | None = None
    """The part at whose end the difference shows first."""
    last_equal: tuple[str, ...] = ()
    """Tensors before it that have the simulator's bytes."""
    trials: list[Trial] = field(default_factory=list)

    @property
    def bisection(self) -> Bisection:
        """As the document has it."""
        return Bisection(
            self.outcome,
            self.why,
            self.expected_trials,
            tuple(NamedOperator(one.name, one.kind, one.output) for one in self.nodes),
            self.difference.differs if self.difference else (),
            self.last_equal,
            tuple(self.trials),
        )


def find_culprit(bench: Bench) -> Culprit:
    """Bisect. Says first how many trials it takes at most, and how long that will be.

    Raises UsageError where the simulator can't cut models; BoardError when the board goes away.
    """
    if not isinstance(bench.simulator, CutsModels):
        raise UsageError(f"the simulator {bench.simulator.name!r} can't make parts of a model")
    nodes = bench.simulator.nodes(bench.models)
    before = len(bench.log.trials)
    whole = bench.whole()
    culprit = _judge_whole(whole)
    if culprit is None:
        parts = prefixes(nodes, {one.name for one in whole.differs})
        culprit = Culprit("found", "", expected_trials(parts))
        left = culprit.expected_trials - max(1, before)
        bench.progress.note(
            f"at most {culprit.expected_trials} models, {bench.repeat} runs each, of which {before} are in the log; "
            f"some {max(0, left) * whole.seconds:.0f} s ({len(parts.nodes)} operators, "
            f"{len(parts.dominators)} tensors that all that follows depends on)"
        )
        _search(bench, parts, culprit)
    culprit.trials = list(bench.log.trials.values())
    return culprit


def _judge_whole(whole: Trial) -> Culprit | None:
    if whole.failure:
        return Culprit("refused", say("the board gave no answer for the whole model: {failure}", failure=whole.failure))
    if not whole.repeatable:
        return Culprit(
            "refused",
            say(
                "the board gives other bytes in every round: what differs in one part of the model says "
                "nothing of the next (AX301; 'axpair pair' says more)"
            ),
        )
    if not whole.differs:
        return Culprit("agrees", say("the board gives the simulator's bytes: there is nothing to look for"))
    return None


def _search(bench: Bench, parts: Prefixes, culprit: Culprit) -> None:
    """Fill in what the trials show, as far as they go."""
    seen = {0: None, len(parts.nodes): bench.whole()}
    sound, unsound = 0, len(parts.nodes)

    def differs(length: int, outputs: tuple[str, ...]) -> bool:
        nonlocal sound, unsound
        trial = bench.part(length, outputs)
        seen[length] = trial
        if trial.differs:
            unsound = length
        else:
            sound = length
        return bool(trial.differs)

    try:
        search(parts, differs)
    except TrialFailed as error:
        culprit.outcome, culprit.why = "segment", error.message
    culprit.nodes = parts.nodes[sound:unsound]
    culprit.last_equal = parts.frontiers[sound]
    culprit.difference = seen[unsound]
    if culprit.outcome == "found":
        (node,) = culprit.nodes
        culprit.why = say(
            "the first operator whose result differs is {name!r} ({kind}): all that it reads has the simulator's bytes",
            name=node.name,
            kind=node.kind,
        )
        if sound == 0:
            culprit.why += say(
                "; since even the shortest part differs, the fault may as well lie outside all operators: in the "
                "input's delivery or the output's transfer (AX101, AX302 to AX305; 'axpair pair' tells them)"
            )
