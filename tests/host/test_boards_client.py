"""The way to a board and back, against real agents with the toy runtime."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any, NoReturn

import agent_process
import grpc
import pytest
import toy_runtime
from axpair_host.boards.blobs import BlobStore
from axpair_host.boards.case import Case
from axpair_host.boards.client import Board, connect
from axpair_host.boards.connection import Connection, Patience
from axpair_host.boards.loaded import LoadedModel, LoadRefused
from axpair_host.boards.url import GrpcAddress
from axpair_host.errors import BoardError, UsageError
from axpair_host.probing import probe_input
from axpair_proto.v1 import blobs_pb2, blobs_pb2_grpc, handshake_pb2, handshake_pb2_grpc

from benchmarks.hostile.support.raw_http2 import SETTINGS, frame

GOAWAY = 7

MIB = 1 << 20


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[agent_process.AgentProcess]:
    """One agent for the tests that leave it alive."""
    with agent_process.started(tmp_path_factory.mktemp("agent")) as started:
        yield started


@pytest.fixture
def board(agent: agent_process.AgentProcess) -> Iterator[Board]:
    """A connection to it."""
    with connect(address_of(agent)) as board:
        yield board


def address_of(agent: agent_process.AgentProcess) -> GrpcAddress:
    target = f"127.0.0.1:{agent.port}"
    return GrpcAddress(f"grpc://{target}", target, token=agent.token)


def toy(folder: Path, inputs: list[tuple[str, str, int]], output_bytes: list[int], name: str = "toy.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"inputs": inputs, "output_bytes": output_bytes}))
    return path


def loaded(board: Board, path: Path) -> LoadedModel:
    model = board.load(path)
    assert isinstance(model, LoadedModel)
    return model


def ordinary(size: int, seed: int = 1) -> bytes:
    """Input bytes whose first element asks for no misdeed, also after rolling."""
    data = bytearray((index * seed) % 251 for index in range(size))
    data[0] = data[-(size // 2)] = 0
    return bytes(data)


def test_the_handshake_tells_who_is_there(board: Board) -> None:
    assert board.facts.runtime == "toy"
    assert board.facts.versions["runtime"] == "toy 1"
    assert "probe" in board.facts.capabilities


def test_a_model_is_sent_once(agent: agent_process.AgentProcess, tmp_path: Path) -> None:
    path = toy(tmp_path, [("x", "uint8", 11)], [3])
    sent = []
    for _ in range(2):
        with connect(address_of(agent)) as board:
            model = loaded(board, path)
            sent.append(model.sent_bytes)
            assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            model.unload()
    assert sent == [path.stat().st_size, 0]


def test_an_interrupted_upload_goes_on_where_it_ended(agent: agent_process.AgentProcess, tmp_path: Path) -> None:
    document = json.dumps({"inputs": [["x", "uint8", 4]], "output_bytes": [4]}).encode()
    data = document + b" " * (3 * MIB)
    path = tmp_path / "large.json"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    begin_upload_and_break_off(agent, data, digest)
    with agent.client() as client:
        committed = client.missing(digest)[digest]
    with connect(address_of(agent)) as board:
        model = loaded(board, path)
        model.unload()
    assert 0 < committed < len(data)
    assert model.sent_bytes == len(data) - committed


def begin_upload_and_break_off(agent: agent_process.AgentProcess, data: bytes, digest: str) -> None:
    from axpair_proto.v1 import blobs_pb2

    with agent.client() as client:

        def parts() -> Iterator[blobs_pb2.UploadRequest]:
            start = blobs_pb2.UploadStart(sha256=digest, size_bytes=len(data), offset_bytes=0)
            yield blobs_pb2.UploadRequest(start=start)
            yield blobs_pb2.UploadRequest(data=data[:MIB])
            yield blobs_pb2.UploadRequest(data=data[MIB : 2 * MIB])

        reply = client.blobs.Upload(parts(), metadata=client.metadata)
        assert not reply.complete


def test_rounds_come_in_order_with_digests_of_both_sides(board: Board, tmp_path: Path) -> None:
    model = loaded(board, toy(tmp_path, [("x", "int16", 9)], [18, 5]))
    data = ordinary(18)
    answers = list(model.run([Case("one", {"x": data}), Case("two", {"x": data}, repeat=1)]))
    model.unload()
    shown = [(one.case_id, one.facts.kind, one.facts.number, one.last) for one in answers]
    assert shown == [
        ("one", "probe", 0, False),
        ("one", "case", 1, False),
        ("one", "case", 2, True),
        ("two", "case", 1, True),
    ]
    for one in answers:
        fed = probe_input(data, "int16") if one.facts.kind == "probe" else data
        assert one.facts.sent == one.facts.delivered == {"x": hashlib.sha256(fed).hexdigest()}
        assert bytes(one.outputs["out/0"]) == toy_runtime.expected([fed], 18)
        for output in one.facts.outputs:
            assert output.sha256 == hashlib.sha256(one.outputs[output.name]).hexdigest()
            assert (output.poisoned, output.survivors) == (True, ())


def test_outputs_and_inputs_larger_than_a_message_are_put_together(board: Board, tmp_path: Path) -> None:
    size = 2 * MIB + 7
    model = loaded(board, toy(tmp_path, [("x", "uint8", size), ("small", "uint8", 3)], [size, 9]))
    inputs = {"x": ordinary(size), "small": b"\0\1\2"}
    (answer,) = model.run([Case("big", inputs, repeat=1, want_probe=False)])
    model.unload()
    assert bytes(answer.outputs["out/0"]) == toy_runtime.expected(list(inputs.values()), size)
    assert answer.facts.delivered == answer.facts.sent


def test_many_inputs_that_are_small_each_but_not_together_arrive(board: Board, tmp_path: Path) -> None:
    names = [f"x{index}" for index in range(5)]
    model = loaded(board, toy(tmp_path, [(name, "uint8", MIB) for name in names], [5]))
    inputs = {name: ordinary(MIB, seed=index + 1) for index, name in enumerate(names)}
    (answer,) = model.run([Case("many", inputs, repeat=1, want_probe=False)])
    model.unload()
    assert answer.facts.delivered == answer.facts.sent


def test_a_model_stays_loaded_from_one_stream_to_the_next(board: Board, tmp_path: Path) -> None:
    model = loaded(board, toy(tmp_path, [("x", "uint8", 8)], [8]))
    generations = [
        answer.facts.worker_generation
        for _ in range(3)
        for answer in model.run([Case("again", {"x": ordinary(8)}, repeat=1)])
    ]
    model.unload()
    assert generations == [1, 1, 1, 1]


def test_cases_are_asked_for_a_window_ahead_and_may_depend_on_answers(board: Board, tmp_path: Path) -> None:
    model = loaded(board, toy(tmp_path, [("x", "uint8", 8)], [8]))
    answered: list[str] = []
    lead: list[int] = []

    def cases() -> Iterator[Case]:
        for number in range(6):
            lead.append(number - len(answered))
            yield Case(str(number), {"x": ordinary(8)}, repeat=1, want_probe=False)
        assert answered == [str(number) for number in range(4)]
        yield Case("another", {"x": ordinary(8)}, repeat=1, want_probe=False)

    for answer in model.run(cases(), window=3):
        answered.append(answer.case_id)
    model.unload()
    assert answered == ["0", "1", "2", "3", "4", "5", "another"]
    assert max(lead) == 2


def test_a_crash_is_an_answer_and_the_next_case_runs_in_a_fresh_worker(board: Board, tmp_path: Path) -> None:
    model = loaded(board, toy(tmp_path, [("x", "uint8", 8)], [8]))
    bad = Case("bad", {"x": bytes([toy_runtime.SEGFAULT]) + bytes(7)}, want_probe=False)
    good = Case("good", {"x": ordinary(8)}, repeat=1, want_probe=False)
    crashed, answered = list(model.run([bad, good]))
    model.unload()
    assert crashed.last
    assert crashed.outputs == {}
    assert crashed.facts.failure is not None
    assert (crashed.facts.failure.kind, crashed.facts.failure.signal) == ("crash", "SIGSEGV")
    assert (answered.facts.failure, answered.facts.worker_generation) == (None, 2)


def test_surviving_poison_is_told_with_its_place(board: Board, tmp_path: Path) -> None:
    model = loaded(board, toy(tmp_path, [("x", "uint8", 64)], [64]))
    (answer,) = model.run([Case("half", {"x": bytes([toy_runtime.HALF_WRITTEN]) + bytes(63)}, 1, want_probe=False)])
    model.unload()
    assert answer.facts.outputs[0].survivors == ((32, 32),)


def test_a_model_that_the_runtime_refuses_is_an_answer(board: Board, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("no json")
    refused = board.load(tmp_path / "bad.json")
    assert isinstance(refused, LoadRefused)
    assert (refused.failure.kind, refused.failure.code) == ("error", 0x80061084)
    assert "malformed topology" in refused.failure.message


def test_an_input_that_the_host_mixed_up_is_refused_by_the_worker(board: Board, tmp_path: Path) -> None:
    model = loaded(board, toy(tmp_path, [("x", "uint8", 8)], [8]))
    (answer,) = model.run([Case("short", {"x": bytes(7)}, want_probe=False)])
    model.unload()
    assert answer.facts.failure is not None
    assert answer.facts.failure.kind == "input"


def test_a_wrong_token_is_a_board_error_that_names_the_variable(agent: agent_process.AgentProcess) -> None:
    target = f"127.0.0.1:{agent.port}"
    with (
        pytest.raises(BoardError) as caught,
        connect(GrpcAddress(f"grpc://{target}", target, token="wrong")),
    ):
        pass
    assert caught.value.side == "board"
    assert "AXPAIR_TOKEN" in str(caught.value.next_step)


def test_nobody_there_is_a_board_error() -> None:
    with (
        pytest.raises(BoardError, match="can't be reached"),
        connect(GrpcAddress("grpc://127.0.0.1:1", "127.0.0.1:1")),
    ):
        pass


def test_a_server_that_is_no_agent_is_named_as_such() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with (
            pytest.raises(BoardError, match="no axpair agent"),
            connect(GrpcAddress("grpc://x", f"127.0.0.1:{port}")),
        ):
            pass
    finally:
        server.stop(None).wait()


class OlderAgent(handshake_pb2_grpc.HandshakeServicer):
    """Speaks a protocol of before ours, and doesn't mind ours."""

    def Hello(self, request: handshake_pb2.HelloRequest, context: grpc.ServicerContext) -> handshake_pb2.HelloReply:
        return handshake_pb2.HelloReply(protocol_version=0, agent_version="0.0.9")


def test_a_peer_that_sends_every_connection_away_is_not_tried_without_end() -> None:
    # The library's own retries connect again at once, thousands of times a second.
    goodbye = frame(SETTINGS, 0, 0) + frame(GOAWAY, 0, 0, struct.pack(">II", 0, 11) + b"too_many_pings")
    taken = 0
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            nonlocal taken
            while not over.is_set():
                with contextlib.suppress(OSError):
                    peer, _ = listener.accept()
                    with peer:
                        taken += 1
                        peer.sendall(goodbye)
                        peer.recv(1 << 16)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        with pytest.raises(BoardError), connect(GrpcAddress(f"grpc://127.0.0.1:{port}", f"127.0.0.1:{port}")):
            pass
        over.set()
    assert 1 <= taken <= 20


class TakesNoUpload(blobs_pb2_grpc.BlobsServicer):
    """Says what it lacks, and refuses each upload as if it were just going away."""

    def FindMissing(self, request: Any, context: grpc.ServicerContext) -> blobs_pb2.FindMissingReply:
        return blobs_pb2.FindMissingReply(missing=[blobs_pb2.MissingBlob(sha256=request.sha256[0])])

    def Upload(self, request_iterator: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNAVAILABLE, "not now")


def test_an_upload_that_is_refused_for_ever_ends_with_patience_though_other_calls_are_answered() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    blobs_pb2_grpc.add_BlobsServicer_to_server(TakesNoUpload(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            store = BlobStore(Connection(channel, "grpc://x", (), Patience(1.0)))
            with pytest.raises(BoardError, match="in 1 s it was tried again"):
                store.hold(b"data")
    finally:
        server.stop(None).wait()


def test_an_agent_of_another_protocol_is_refused_with_both_versions() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    handshake_pb2_grpc.add_HandshakeServicer_to_server(OlderAgent(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with (
            pytest.raises(BoardError, match=r"speaks protocol 0, this host .* speaks 2"),
            connect(GrpcAddress("grpc://x", f"127.0.0.1:{port}")),
        ):
            pass
    finally:
        server.stop(None).wait()


def test_an_agent_killed_in_mid_run_is_a_board_error_after_what_had_come(tmp_path: Path) -> None:
    patience = Patience(0.1)
    with agent_process.started(tmp_path, ends=False) as agent, connect(address_of(agent), patience) as board:
        model = loaded(board, toy(tmp_path, [("x", "uint8", 8)], [8]))
        hanging = Case("hangs", {"x": bytes([toy_runtime.HANG]) + bytes(7)}, want_probe=False)
        answers = model.run([Case("first", {"x": ordinary(8)}, want_probe=False), hanging])
        received = [next(answers), next(answers)]
        agent.process.send_signal(signal.SIGKILL)
        with pytest.raises(BoardError, match="went away while running case 'hangs'") as caught:
            next(answers)
        assert [one.facts.number for one in received] == [1, 2]
        assert caught.value.side == "board"


def test_a_host_that_is_killed_leaves_no_agent_and_no_worker(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from axpair_host.boards.opening import open_address\n"
        "from axpair_host.boards.url import EmulatorAddress\n"
        "with open_address(EmulatorAddress('emulator:')) as board:\n"
        "    board.diagnostics()\n"
        "    children = open(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read()\n"
        "    print(children, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    agent = int(process.stdout.readline().split()[0])
    workers = children_of(agent)
    assert workers
    process.kill()
    process.communicate()
    assert agent_process.gone(agent)
    assert all(agent_process.gone(worker) for worker in workers)


def children_of(pid: int) -> list[int]:
    """Of every thread of a process."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


def test_a_joint_that_vanished_is_bad_input(board: Board, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        board.load(tmp_path / "none.joint")


@pytest.mark.parametrize(("dtype", "items"), [("uint8", 7), ("int16", 5), ("float32", 6), ("uint8", 1)])
def test_the_probe_is_rolled_as_numpy_rolls(dtype: str, items: int) -> None:
    import numpy as np

    array = np.arange(items, dtype=dtype)
    moved = np.roll(array, items // 2)
    assert probe_input(array.tobytes(), dtype) == (moved ^ 0x55 if dtype == "uint8" else moved).tobytes()
