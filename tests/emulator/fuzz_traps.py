"""Kinds that misbehave on purpose, to show that the campaign sees it."""

import os
import time
from pathlib import Path
from random import Random


class Trap:
    """Behaves as the input says, which is its number."""

    def __init__(self, folder: Path) -> None:
        self._started = False

    def mutant(self, random: Random) -> bytes:
        return random.choice((b"accept", b"crash", b"hang", b"traceback", b"memory"))

    def feed(self, data: bytes) -> None:
        if data == b"crash":
            os.abort()
        if data == b"hang":
            time.sleep(600)
        if data == b"traceback":
            raise KeyError("unforeseen")
        if data == b"memory":
            self.taken = b"x" * (64 << 20)
