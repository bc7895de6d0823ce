"""The root of every error that axpair raises on purpose.

AxpairError
├── ContractError        (axpair_proto)     a name, file or message breaks the contract
├── AgentError           (axpair_agent)
├── EmulatorError        (axpair_emulator)
└── HostError            (axpair_host)

Each package has its own branch; the host maps any of them to an exit code by `side` alone.
What is not an AxpairError is a defect of ours and ends with exit 70.
"""

from typing import Literal

from axpair_proto.advice import Next

Side = Literal["input", "board"]
"""Whose side it is on: "input" = what the user gave (exit 2), "board" = board or agent unavailable (exit 3)."""


class AxpairError(Exception):
    """Says what happened with the values, whose side it is on, and what to do next."""

    side: Side = "input"

    def __init__(self, message: str, *, next_step: str | Next = "", side: Side | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step if isinstance(next_step, Next) else Next(next_step)
        if side is not None:
            self.side = side

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.next_step.one_line}" if self.next_step else self.message


class ContractError(AxpairError):
    """A name, file or message that breaks the contract of this package."""


class OpenShape(AxpairError):
    """A model leaves a length open that only its user knows: what it computes can't be looked at without it."""
