"""Which simulator stands in for the toolchain: it follows the joint."""

from importlib.metadata import entry_points
from pathlib import Path

from axpair_proto.advice import UNKNOWN, Again, Next, calling, with_other
from axpair_proto.simulator import Simulator

from axpair_host.boards.client import AgentFacts
from axpair_host.errors import UsageError

GROUP = "axpair.simulators"
EMULATOR = "emulator"
"""Runtime and simulator of this name belong together, and to nothing else."""


def installed() -> dict[str, Simulator]:
    """Every simulator that is installed, by name. One whose extra isn't installed is left out."""
    found: dict[str, Simulator] = {}
    for point in entry_points(group=GROUP):
        try:
            found[point.name] = point.load()()
        except ModuleNotFoundError:
            continue
    return found


def simulator_for(joint: Path, named: str | None = None) -> Simulator:
    """The simulator of that name, or the one that accepts the joint.

    Raises UsageError when there is none: a joint of the real toolchain needs that toolchain's simulation, or its
    results in a gt folder.
    """
    simulators = installed()
    if named is not None:
        return _named(joint, named, simulators)
    for simulator in simulators.values():
        if simulator.accepts(joint):
            return simulator
    known = ", ".join(sorted(simulators)) or "none"
    raise UsageError(
        f"{joint}: no installed simulator runs this joint (installed: {known}; 'emulator' runs those from "
        "'axpair emulator build' only)",
        next_step=calling(
            *("pulsar", "run", UNKNOWN["onnx"], joint, "--input", UNKNOWN["input"], "--output_gt", "gt"),
            text="where the toolchain is; then give its folder with --gt:",
        ),
    )


def simulator_that(can: type[object], named: str | None = None) -> Simulator | None:
    """The simulator of that name, or the first installed that has a capability (axpair_proto.capabilities); None
    where none has. Raises UsageError when the one named isn't installed or hasn't."""
    simulators = installed()
    if named is not None and not isinstance(simulators.get(named), can):
        known = ", ".join(name for name, one in sorted(simulators.items()) if isinstance(one, can)) or "none"
        raise UsageError(f"--simulator {named!r}: not installed, or not able to do this; those that are: {known}")
    return simulators[named] if named else next((one for one in simulators.values() if isinstance(one, can)), None)


def check_pairing(simulated_by: str, agent: AgentFacts, url: str) -> None:
    """Raise UsageError where emulated results would be held against a real board, or the reverse.

    `simulated_by` is a simulator's name as in the record: its first word counts.
    """
    simulated = simulated_by.partition(" ")[0] == EMULATOR
    emulated = agent.runtime == EMULATOR
    if simulated and not emulated:
        raise UsageError(
            f"the joint is simulated by the emulator, but {url} runs models with {agent.runtime!r}: "
            "the emulator's arithmetic says nothing of a real board",
            next_step=with_other("--board", "emulator:", "on the emulated board:"),
        )


_FOLLOWS = Next("without it, the simulator follows the joint:", Again(without=("--simulator",)))


def _named(joint: Path, named: str, simulators: dict[str, Simulator]) -> Simulator:
    if named not in simulators:
        raise UsageError(
            f"--simulator {named!r}: not installed; installed: {', '.join(sorted(simulators)) or 'none'}",
            next_step=_FOLLOWS,
        )
    if not simulators[named].accepts(joint):
        raise UsageError(
            f"--simulator {named!r} doesn't run {joint}",
            next_step=_FOLLOWS,
        )
    return simulators[named]
