"""How a check asks for another run, and who answers."""

from dataclasses import dataclass
from typing import Literal, Protocol

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.finding import Finding, Open
from axpair_host.evidence.folder import Evidence

What = Literal[
    "layers",
    "own_errors",
    "layer_scores",
    "probe_joint",
    "fresh_round",
    "histories",
    "other_inputs",
    "input_trials",
    "config_trials",
    "imported_float",
    "readings",
    "second_opinion",
    "switches",
]
"""What can be asked for:

layers, own_errors: each compiled operator's own error, where it is needed and at leisure
layer_scores: each layer's own and accumulated loss of quantisation
probe_joint: what the simulator answers to the probe's input
fresh_round: more rounds of the case in a fresh worker
histories: the case behind another input, and alone, each in a fresh worker
other_inputs: other inputs on the board, and what the simulator answers to them
input_trials: what the simulator gives on the input misread
config_trials: the float model under other configurations
imported_float: the float model as the build imported it
readings: what the post-processor makes of the outputs under each way of misreading them
second_opinion: what the vendor's own command gives on that board
switches: the case under each switch of the board
"""


@dataclass(frozen=True)
class Wants:
    """A check's answer when it lacks evidence: what would settle it, and what it says without."""

    what: What
    lacking: str
    """What stays undecided without it, as a sentence."""
    otherwise: tuple[Finding | Open, ...] = ()
    steps: tuple[Step, ...] = ()
    """How it is had."""


class Asks(Protocol):
    """Fetches more evidence while simulator and board are at hand."""

    def get(self, what: str) -> Evidence | None:
        """The evidence with that in it, written before it is judged; None where it can't be had."""
        ...
