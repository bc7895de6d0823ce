"""What every kind of hostile input has: how it is made from a seed, and where it is fed."""

from importlib import import_module
from pathlib import Path
from random import Random
from typing import Protocol

KINDS = {
    "prototxt": "benchmarks.fuzz.prototxt:Prototxt",
    "onnx": "benchmarks.fuzz.onnx_file:OnnxFile",
    "joint": "benchmarks.fuzz.joint:Joint",
    "tar": "benchmarks.fuzz.tar:Tar",
}
"""Name to module and class."""


class Kind(Protocol):
    """Makes inputs of one kind and feeds them to the code that users feed theirs to."""

    def __init__(self, folder: Path) -> None:
        """`folder` is empty and its own."""

    def mutant(self, random: Random) -> bytes:
        """A file's content; the same for the same random numbers."""

    def feed(self, data: bytes) -> None:
        """Let the emulator read it and all that follows. Raises AxpairError where it is refused in clear words."""


def kind(name: str, folder: Path) -> Kind:
    """The kind of that name, or of that "module:Class"."""
    module, _, attribute = KINDS.get(name, name).partition(":")
    made: Kind = getattr(import_module(module), attribute)(folder)
    return made


def random_of(name: str, seed: int, index: int) -> Random:
    """The random numbers of one input."""
    return Random(f"{name} {seed} {index}")
