"""What to do next, as every document says it."""

from msgspec import UNSET, Struct, UnsetType


class NextStep(Struct, frozen=True):
    """Something to do, as `axpair_proto.advice.Next` documents it."""

    text: str
    """A sentence that says what, or what the command is for."""
    command: str | None
    """The command as it is pasted into a shell; None without one."""
    placeholders: dict[str, str]
    """What each word in capitals of the command stands for; empty where everything in it is known."""


class StepTemplate(Struct, frozen=True):
    """The same as it is stored for good: paths are those of who reads it then."""

    text: str
    """A sentence that says what, or what the command is for."""
    template: str | UnsetType = UNSET
    """The command with fields in braces, as `axpair_host.advice.commands` fills them; left out without one."""
