"""The seam to whatever runs models: the vendor's libraries, their command lines, or the emulator.

A runtime is a class that is called with its options (texts, from `--option key=value`) and then used by one thread
for one model: load, then any number of runs, then close. The worker finds runtimes by the entry point group
`axpair.runtimes`, or by `module:Class`.
"""

from typing import Any, Dict, List, Optional, Protocol, Sequence, Union, runtime_checkable

Buffer = Union[bytes, bytearray, memoryview]


class OptionError(Exception):
    """The runtime doesn't take an option, or not with that value; the text says which there are."""


class RuntimeFault(Exception):
    """An error that the runtime itself returned: its own code (0 where it has none) and its own words."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class EndedFromOutside(RuntimeFault):
    """A program that the runtime uses was ended by a SIGKILL that the runtime didn't send (out of memory, an operator).

    Says nothing of the model: its case is tried again.
    """


class Runtime(Protocol):
    """One loaded model. `__init__(options: Mapping[str, str])` raises RuntimeFault on options that it can't use.

    An `ImportError` or `OSError` from the constructor says that the runtime isn't there (library missing): the next
    one is tried where none was named. Everything printed, also by libraries, becomes log lines.
    """

    name: str
    """Short, as in `--runtime`: "emulator", "joint", "engine"."""

    def versions(self) -> Dict[str, str]:
        """What it is and runs on; known keys: runtime, chip, toolchain, driver. May be called before `load`."""
        ...

    def load(self, path: str) -> Dict[str, Any]:
        """Load the model file at `path` and keep it; called once.

        Returns the JSON form of `axpair_proto.description.ModelDescription`. The worker itself reads of each input
        and output: name, dtype, size_bytes. Raises RuntimeFault where the runtime refuses the model, OptionError
        where an option doesn't go with it: that is the user's to mend, not evidence of the board.
        """
        ...

    def outputs(self) -> Optional[List[memoryview]]:
        """Writable byte views of the buffers into which the next run will write, in the model's order.

        The worker fills them with poison before each run. None where the runtime has no buffers of its own.
        """
        ...

    def run(self, inputs: Sequence[bytes]) -> Sequence[Buffer]:
        """Run once; `inputs` in the model's order, each of its declared size (checked by the worker before).

        Returns the outputs in the model's order; views stay valid until the next call only.
        Raises RuntimeFault where the runtime reports an error.
        """
        ...

    def close(self) -> None:
        """Let the model and its memory go. Called once, also after a failed load."""
        ...


@runtime_checkable
class ReportsDelivery(Protocol):
    """What a runtime offers besides, where it can show its own input buffers."""

    def delivered(self) -> Optional[List[memoryview]]:
        """Views of the input buffers as the last run used them, in the model's order; None where not known.

        The worker digests these after the run instead of the bytes that it handed over, so that an input that never
        reached the runtime's own buffer shows.
        """
        ...
