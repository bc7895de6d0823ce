"""One way of being a wrong agent, and how a host may end that meets it."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.hostile.support.wrong_agent import Agent, serve

DEADLINE = 2
"""Seconds of --deadline in every attack."""
PATIENCE = 5
"""Seconds of --patience, where the host has it."""
QUICK = 90.0
"""Seconds within which a host must end that needn't wait for anything, on a busy machine."""
HELLO, BRIEF, LOAD, RUN = 60.0, 60.0, 930.0, 936.0
"""The host's own limits for a handshake, brief calls, a loading, and a round with DEADLINE."""
REFUSED = frozenset((2, 3))
JUDGED = frozenset((0, 1, 3))
"""Exit codes where what came is evidence."""

_SERVING: list[object] = []
"""gRPC ends a server that nobody refers to."""

Change = Callable[[Agent], None]


@dataclass(frozen=True)
class Scenario:
    """A wrong agent and what must come of it."""

    name: str
    command: str
    """"pair", "replay" or "info"."""
    change: Change | None = None
    """Makes the agent wrong; None where nothing like an agent listens."""
    port: Callable[[], int] | None = None
    """Listens, where that is no agent."""
    scheme: str = "grpc"
    seconds: float = QUICK
    codes: frozenset[int] = REFUSED

    @property
    def waits(self) -> bool:
        """Whether the host does nothing but wait for long."""
        return self.seconds > QUICK

    def start(self, agent: Agent) -> int:
        """Listen; returns the port."""
        if self.port is not None:
            return self.port()
        assert self.change is not None
        self.change(agent)
        server, port = serve(agent)
        _SERVING.append(server)
        return port
