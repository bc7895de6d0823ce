"""Nobody fills the agent's log, or has a terminal do things through it."""

import logging
import socket
from pathlib import Path

import grpc
import pytest
from agent_process import AgentProcess, details_of, started
from axpair_agent.logbook import FOREIGN_LINES, OWN_LINES, Logbook
from axpair_agent.recent import RecentLines
from axpair_proto.reasons import TOKEN_KEY
from axpair_proto.v1 import handshake_pb2

from benchmarks.hostile.support.raw_http2 import END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, frame, headers


class Written(logging.Handler):
    """Keeps lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Clock:
    """Seconds, as the test sets them."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(written: Written, clock: Clock) -> Logbook:
    return Logbook([written], clock)


def say(book: Logbook, name: str, template: str, *values: object, error: BaseException | None = None) -> None:
    """Log one record."""
    info = (type(error), error, error.__traceback__) if error else None
    book.handle(logging.LogRecord(name, logging.INFO, __file__, 1, template, values, info))


def test_what_repeats_is_counted_instead(book: Logbook, written: Written, clock: Clock) -> None:
    for number in range(OWN_LINES + 50):
        say(book, "axpair_agent.services", "refused: %s", number)
    assert written.lines == [f"refused: {number}" for number in range(OWN_LINES)]
    say(book, "axpair_agent.services", "another kind")
    assert written.lines[-1] == "another kind"
    clock.seconds = 6
    say(book, "axpair_agent.services", "refused: %s", "later")
    say(book, "axpair_agent.services", "refused: %s", "too soon")
    assert written.lines[-1] == "refused: later (50 more lines like it weren't written)"


def test_all_that_a_library_says_is_one_kind(book: Logbook, written: Written) -> None:
    for number in range(1000):
        say(book, f"grpc.part{number}", f"words {number}")
    assert len(written.lines) == FOREIGN_LINES


def test_lines_are_printable_and_short(book: Logbook, written: Written) -> None:
    try:
        raise ValueError("a secret")
    except ValueError as error:
        say(book, "grpc._cython.cygrpc", "Invalid %s \x1b[2J\n" + "x" * 5000, "what came", error=error)
    say(book, "axpair_agent.server", "from %s", "\x1b[31m\n" + "x" * 5000)
    assert [line for line in written.lines if not line.isprintable() or len(line) > 1600] == []
    assert f"grpc: ValueError in {__file__}" in written.lines[0]
    assert "what came" not in written.lines[0]
    assert "a secret" not in written.lines[0]
    assert r"from \x1b[31m\nxxx" in written.lines[1]


def test_other_handlers_keep_their_form(clock: Clock) -> None:
    recent = RecentLines()
    say(Logbook([recent], clock), "axpair_agent.x", "once")
    assert recent.lines()[0].endswith(" INFO once")


def test_strangers_with_undecodable_metadata_write_few_lines(agent_folder: Path) -> None:
    with started(agent_folder) as agent:
        with socket.create_connection(("127.0.0.1", agent.port), 60) as stranger:
            stranger.sendall(PREFACE + frame(SETTINGS, 0, 0))
            call = headers("/axpair.v1.Handshake/Hello", [(TOKEN_KEY, b"\x80\x1b[2J")])
            for number in range(40):
                stranger.sendall(frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, call))
            answered = bytearray()
            while answered.count(b"grpc-status") < 1 and (data := stranger.recv(1 << 16)):
                answered += data
            with agent.client() as client:
                # Connections are served by one thread: what came before was logged before this is answered.
                assert client.missing() == {}
        log = agent.log.read_text()
    assert "Traceback" not in log
    assert "x80" not in log
    assert 1 <= log.count("grpc: ") <= FOREIGN_LINES
    assert len(log) < 20 * 300
    assert log.replace("\n", "").isprintable()


def test_a_callers_words_are_spelled_out_in_log_and_status(fresh_agent: AgentProcess) -> None:
    request = handshake_pb2.HelloRequest(protocol_version=1, host_version="0.1.0\x1b[31mred\u202e\n")
    with fresh_agent.client() as client, pytest.raises(grpc.RpcError) as caught:
        client.handshake.Hello(request, metadata=client.metadata)
    said = r"the host 0.1.0\x1b[31mred\u202e\n speaks protocol 1"
    assert said in details_of(caught.value)
    assert said in fresh_agent.log.read_text()
