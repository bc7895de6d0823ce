"""Agents that go, come back, fall silent or lose workers: what a host does with the cases under way."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import agent_process
import grpc
import pytest
import toy_runtime
from axpair_host.boards import client, limits, loaded, running, stream
from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.client import Board, connect
from axpair_host.boards.connection import Patience
from axpair_host.boards.loaded import LoadedModel
from axpair_host.boards.url import GrpcAddress
from axpair_host.errors import AgentSilent, BoardError, ConnectionLost, WorkerLost
from axpair_host.gather.board_leg import RoundCollector
from axpair_proto.reasons import Reason
from axpair_proto.v1 import failures_pb2, models_pb2, runs_pb2, tensors_pb2
from toy_models import toy_model

from benchmarks.hostile.support.wrong_agent import Agent, Context, refuse, serve

TOKEN = "a-token-of-the-lab"


def described() -> tensors_pb2.ModelDescription:
    """One input and one output of four bytes."""
    tensor = tensors_pb2.TensorDescription(name="x", dtype="uint8", shape=[4], size_bytes=4)
    return tensors_pb2.ModelDescription(inputs=[tensor], outputs=[tensor])


@pytest.fixture
def agent() -> Agent:
    """One that answers rightly as long as the test doesn't change it."""
    return Agent(described())


@pytest.fixture
def board(agent: Agent) -> Iterator[Board]:
    """A connection to it."""
    server, port = serve(agent)
    with connect(GrpcAddress("grpc://x", f"127.0.0.1:{port}"), Patience(30.0)) as board:
        yield board
    server.stop(None).wait()


@pytest.fixture
def model(board: Board, tmp_path: Path) -> LoadedModel:
    """Whatever file it is of."""
    (tmp_path / "m.joint").write_bytes(b"model")
    found = board.load(tmp_path / "m.joint")
    assert isinstance(found, LoadedModel)
    return found


def cases(*names: str) -> list[Case]:
    return [Case(name, {"x": bytes(4)}, want_probe=False) for name in names]


def shown(answers: list[RoundAnswer]) -> list[tuple[str, int, int]]:
    """Case, round and attempt of each."""
    return [(one.case_id, one.facts.number, one.attempt) for one in answers]


def test_an_agent_that_is_started_again_runs_the_case_that_was_not_whole_from_its_first_round(tmp_path: Path) -> None:
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text(TOKEN)
    told: list[str] = []
    with agent_process.started(tmp_path, f"--token-file={tmp_path / 'token'}", ends=False) as first:
        target = f"127.0.0.1:{first.port}"
        address = GrpcAddress(f"grpc://{target}", target, token=TOKEN)
        with connect(address, Patience(60.0, told.append)) as board:
            (tmp_path / "toy.json").write_bytes(toy_model(inputs=[("x", "uint8", 8)]))
            model = board.load(tmp_path / "toy.json")
            assert isinstance(model, LoadedModel)
            hanging = Case("two", {"x": bytes([toy_runtime.HANG]) + bytes(7)}, want_probe=False)
            good = Case("one", {"x": bytes(8)}, want_probe=False)
            answers = model.run([good, hanging, good])
            seen = [next(answers), next(answers)]
            first.process.kill()
            first.process.wait()
            again = [f"--listen=127.0.0.1:{first.port}", f"--token-file={tmp_path / 'token'}", "--deadline-ms=100"]
            with agent_process.started(tmp_path, *again, ends=False):
                seen += list(answers)
                model.unload()
    assert shown(seen) == [("one", 1, 0), ("one", 2, 0), ("two", 1, 1), ("one", 1, 0), ("one", 2, 0)]
    assert seen[2].facts.failure is not None
    assert len(told) == 1
    assert "trying again for up to 60 s" in told[0]


def test_an_agent_that_ends_in_order_while_it_loads_is_waited_for_as_one_that_is_cut_off(
    agent: Agent, board: Board, tmp_path: Path
) -> None:
    (tmp_path / "m.joint").write_bytes(b"model")
    calls = itertools.count()

    def load(request: models_pb2.LoadRequest, context: Context) -> models_pb2.LoadReply:
        if next(calls) == 0:
            refuse(context, Reason.ENDING, "the agent is ending")
        return agent.loaded(request.sha256, "handle")

    agent.load = load
    model = board.load(tmp_path / "m.joint")
    assert isinstance(model, LoadedModel)
    assert next(calls) == 2


def test_a_stream_that_breaks_begins_at_the_first_case_that_is_not_whole(agent: Agent, model: LoadedModel) -> None:
    streams = itertools.count()

    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        broken = next(streams) == 0
        for number, request in enumerate(requests):
            for reply in agent.case(request):
                yield reply
                if broken and number == 1:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "the line broke")

    agent.run = run
    answers = list(model.run(cases("one", "two", "three")))
    assert shown(answers) == [
        *(("one", 1, 0), ("one", 2, 0), ("two", 1, 0)),
        *(("two", 1, 1), ("two", 2, 1), ("three", 1, 0), ("three", 2, 0)),
    ]
    assert agent.calls["load"] == 2


def test_a_model_that_the_agent_let_go_is_loaded_again(agent: Agent, model: LoadedModel) -> None:
    handles = itertools.count()
    agent.load = lambda request, context: agent.loaded(request.sha256, f"handle {next(handles)}")

    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        for request in requests:
            if request.handle == "handle":
                refuse(context, Reason.HANDLE)
            yield from agent.case(request)

    agent.run = run
    assert shown(list(model.run(cases("one")))) == [("one", 1, 1), ("one", 2, 1)]
    assert model.handle == "handle 0"


def test_an_agent_that_has_no_place_for_a_stream_is_asked_again(agent: Agent, model: LoadedModel) -> None:
    streams = itertools.count()

    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        if next(streams) < 2:
            refuse(context, Reason.BUSY)
        for request in requests:
            yield from agent.case(request)

    agent.run = run
    assert [case_id for case_id, *_ in shown(list(model.run(cases("one", "two"))))] == ["one", "one", "two", "two"]
    assert agent.calls["load"] == 1


def test_a_model_that_is_another_one_when_loaded_again_ends_the_run(agent: Agent, model: LoadedModel) -> None:
    agent.description.outputs[0].size_bytes = 5
    agent.run = lambda requests, context: refuse(context, Reason.HANDLE)
    with pytest.raises(BoardError, match="describes itself otherwise"):
        list(model.run(cases("one")))


def test_a_case_at_which_the_stream_breaks_each_time_is_given_up(agent: Agent, model: LoadedModel) -> None:
    agent.run = lambda requests, context: refuse(context, Reason.HANDLE)
    with pytest.raises(BoardError, match="6 times at case 'one'"):
        list(model.run(cases("one")))


def lose(agent: Agent, name: str) -> None:
    """Have the workers of one case ended from outside at each attempt."""

    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        lost = failures_pb2.RuntimeFailure(kind=failures_pb2.RuntimeFailure.LOST, message="killed each time")
        for request in requests:
            if request.case_id == name:
                yield agent.reply(request, 1, 2, outcome=runs_pb2.RunOutcome(failure=lost, workers_lost=3))
            else:
                yield from agent.case(request)

    agent.run = run


def test_a_case_whose_workers_are_lost_is_no_answer(agent: Agent, model: LoadedModel) -> None:
    lose(agent, "two")
    lost: list[str] = []
    answers = list(model.run(cases("one", "two", "three"), lost=lambda case: lost.append(case.id)))
    assert {one.case_id for one in answers} == {"one", "three"}
    assert lost == ["two"]
    assert model.connection.lost.workers == 3
    with pytest.raises(WorkerLost, match="nothing is known of case 'two'"):
        list(model.run(cases("two")))


def test_a_model_whose_workers_are_lost_in_loading_is_no_refusal(agent: Agent, board: Board, tmp_path: Path) -> None:
    lost = failures_pb2.RuntimeFailure(kind=failures_pb2.RuntimeFailure.LOST, message="killed each time")
    agent.load = lambda request, context: models_pb2.LoadReply(failure=lost, workers_lost=3)
    (tmp_path / "m.joint").write_bytes(b"model")
    with pytest.raises(WorkerLost, match="killed each time"):
        board.load(tmp_path / "m.joint")


def test_rounds_of_a_void_attempt_are_forgotten(agent: Agent, model: LoadedModel) -> None:
    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        for request in requests:
            void = agent.round(request, 1)
            void.outcome.outputs[0].data = b"void"
            yield void
            for number in (1, 2):
                yield agent.round(request, number, attempt=1, generation=2)

    agent.run = run
    collector = RoundCollector(model)
    for answer in model.run(cases("one")):
        collector.add(answer)
    leg = collector.leg()
    assert [(one.facts.number, one.facts.worker_generation) for one in leg.rounds] == [(1, 2), (2, 2)]
    outputs = leg.outputs()
    assert outputs is not None
    assert outputs["x"].tobytes() == bytes(4)
    assert leg.notes == ()


def test_patience_ends_with_what_was_cut(agent: Agent, model: LoadedModel) -> None:
    model.connection.patience = Patience(0.2)
    agent.run = lambda requests, context: context.abort(grpc.StatusCode.UNAVAILABLE, "the line broke")
    agent.hello = agent.unload = lambda request, context: context.abort(grpc.StatusCode.UNAVAILABLE, "still")
    with pytest.raises(ConnectionLost, match=r"while running case 'one'.*the line broke; in 0 s it was tried again"):
        list(model.run(cases("one")))


def test_an_agent_that_comes_back_unable_to_serve_is_quoted(agent: Agent, model: LoadedModel) -> None:
    model.connection.patience = Patience(0.2)
    agent.run = lambda requests, context: context.abort(grpc.StatusCode.UNAVAILABLE, "the line broke")
    agent.hello = lambda request, context: refuse(context, Reason.WORKER_START, "no program run_joint")
    with pytest.raises(ConnectionLost, match="no program run_joint; in 0 s it was tried again") as ended:
        list(model.run(cases("one")))
    assert "can't be reached" not in ended.value.message


def test_an_agent_of_ours_that_ended_is_not_waited_for(agent: Agent, model: LoadedModel) -> None:
    model.connection.patience = Patience(3600.0, ended=lambda: True)
    agent.run = lambda requests, context: context.abort(grpc.StatusCode.UNAVAILABLE, "the line broke")
    with pytest.raises(ConnectionLost, match="the line broke"):
        list(model.run(cases("one")))


def test_an_agent_that_answers_pings_alone_is_silent(
    agent: Agent, model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "round_seconds", lambda deadline_ms, output_bytes: 0.05)

    def silent(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        for _ in requests:
            pass
        yield from ()

    agent.run = silent
    with pytest.raises(AgentSilent, match="no answer in time while running case 'one'"):
        list(model.run(cases("one")))


def test_what_comes_after_the_last_result_holds_nobody_up(
    agent: Agent, model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PARTING_SECONDS", 0.05)
    monkeypatch.setattr(loaded, "PARTING_SECONDS", 0.05)

    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        yield from agent.case(next(requests))
        while context.is_active():
            next(requests, None)

    agent.run = run
    agent.unload = lambda request, context: context.abort(grpc.StatusCode.INTERNAL, "no")
    assert len(list(model.run(cases("one")))) == 2
    model.unload()


def test_agents_are_pinged_as_often_as_ours_allow() -> None:
    options = dict(client._CHANNEL_OPTIONS)
    assert options["grpc.keepalive_time_ms"] == limits.KEEPALIVE_SECONDS * 1000 == 20_000
    assert options["grpc.http2.max_pings_without_data"] == 0
