"""A crowd that takes places and sends nothing, or far too much; meanwhile another host's `pair`, and its time."""

import socket
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.raw_http2 import LargeMessage
from benchmarks.hostile.support.served import METHODS, Served, served
from benchmarks.hostile.support.small_case import SmallCase, small_case

USUAL = 3
SHORT = 1

WITHOUT, WITH, BARE, LARGE = 100, 40, 100, 32
MESSAGE_BYTES = 60 << 20
MEMORY_BYTES = 300 << 20
TIMES = 2.0
"""So much longer may `pair` take in the crowd."""
PAIR_SECONDS = 75.0
"""When a pair is given up: the host's own limit for the first call is a minute."""
STANDING = "STANDING"
SILENT_SECONDS = 20.0
"""A call without its message is over within ten, and the ending may be late on a busy machine."""


def attack(setting: Setting, tally: Tally) -> None:
    """Pair in peace and in the crowd, one after the other, `count` times."""
    case = small_case(setting.folder / "case", pictures=1)
    quiet, crowded = [], []
    with served(setting, "agent") as agent:
        if setting.count > 1:
            _pair(setting, agent, case, setting.folder / "warm")
        for turn in range(setting.count):
            quiet.append(_pair(setting, agent, case, setting.folder / f"quiet{turn}"))
            with crowd(agent) as around:
                crowded.append(_pair(setting, agent, case, setting.folder / f"crowded{turn}"))
                # Ten seconds more, which CI hasn't: tests/agent/test_places.py shows there that they end.
                patient = setting.count > 1
                around.wait(SILENT_SECONDS, patient)
                _judge(around, tally, patient)
        for seconds, code in (*quiet, *crowded):
            tally.check(
                code == quiet[0][1] in (0, 1), f"pair ended with {code} after {seconds:.1f} s, without a verdict"
            )
        usual, meanwhile = (statistics.median(seconds for seconds, _ in times) for times in (quiet, crowded))
        tally.figures.update({"quiet s": usual, "crowded s": meanwhile, "times": meanwhile / usual})
        tally.check(
            meanwhile <= TIMES * usual, f"pair took {meanwhile:.1f} s in the crowd, {usual:.1f} s without: > {TIMES:g}"
        )
        memory = agent.most_memory()
        tally.figures["agent MiB"] = memory >> 20
        tally.check(memory <= MEMORY_BYTES, f"the agent took {memory >> 20} MiB, not {MEMORY_BYTES >> 20} at most")
        tally.check(agent.alive, "the agent ended")


@dataclass
class Crowd:
    """What stands around an agent."""

    without: list[Any] = field(default_factory=list)
    silent: list[Any] = field(default_factory=list)
    large: list[LargeMessage] = field(default_factory=list)

    def wait(self, seconds: float, patient: bool) -> None:
        """Until the agent has ended every silent call and large message, for that time at most; with `patient` the
        silent calls with the token too."""
        give_up = time.monotonic() + seconds
        for call in (*self.without, *(self.silent if patient else ())):
            while not call.done() and time.monotonic() < give_up:
                time.sleep(0.02)
        for message in self.large:
            while not message.ended and time.monotonic() < give_up:
                time.sleep(0.02)


@contextmanager
def crowd(agent: Served) -> Iterator[Crowd]:
    """All at once: silent calls of every method, bare connections, large messages; they go with the block."""
    over = threading.Event()
    around = Crowd()

    def nothing() -> Iterator[bytes]:
        over.wait()
        yield from ()

    with ExitStack() as held:
        # Whatever else goes, the generators that gRPC waits for must be let go first.
        channels = [held.enter_context(agent.channel()) for _ in range(10)]
        for number in range(WITHOUT + WITH):
            call: Any = channels[number % len(channels)].stream_unary(METHODS[number % len(METHODS)])
            metadata = agent.metadata if number < WITH else ()
            (around.silent if metadata else around.without).append(call.future(nothing(), metadata=metadata))
        for _ in range(BARE):
            held.enter_context(socket.create_connection(("127.0.0.1", agent.port), 10))
        for number in range(2 * LARGE):
            path = METHODS[number % len(METHODS)]
            message = LargeMessage(agent.port, path, agent.metadata if number % 2 else (), MESSAGE_BYTES)
            held.callback(message.close)
            around.large.append(message)
        sender = threading.Thread(target=_send, args=(around.large, over))
        sender.start()
        try:
            yield around
        finally:
            over.set()
            sender.join()


def _send(messages: list[LargeMessage], over: threading.Event) -> None:
    while not over.is_set() and not all(message.ended for message in messages):
        for message in messages:
            if not message.ended:
                message.go_on()


def _judge(around: Crowd, tally: Tally, patient: bool) -> None:
    refused, ended = (Counter(map(_code, calls)) for calls in (around.without, around.silent))
    tally.count("refused", refused["UNAUTHENTICATED"])
    if patient:
        tally.count("ended", WITH - ended[STANDING])
        tally.check(not ended[STANDING], f"silent calls with the token, ends after {SILENT_SECONDS:g} s: {dict(ended)}")
    tally.count("large sent MiB", sum(message.sent for message in around.large) >> 20)
    large = sum(not message.ended for message in around.large)
    found = dict(refused)
    tally.check(found == {"UNAUTHENTICATED": WITHOUT}, f"silent calls without the token, ends: {found}")
    tally.check(not large, f"{large} of {2 * LARGE} messages of 60 MiB were not refused")


def _code(call: Any) -> str:
    if not call.done():
        return STANDING
    return str(call.code().name)


def _pair(setting: Setting, agent: Served, case: SmallCase, gt: Path) -> tuple[float, int | None]:
    """How long `axpair pair` took and how it ended."""
    board = f"grpc://127.0.0.1:{agent.port}"
    started = time.monotonic()
    process = setting.axpair(
        "pair", *case.flags, "--input", case.pictures[0], "--board", board, "--out", gt, AXPAIR_TOKEN=agent.token
    )
    try:
        process.communicate(timeout=PAIR_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return time.monotonic() - started, None
    return time.monotonic() - started, process.returncode
