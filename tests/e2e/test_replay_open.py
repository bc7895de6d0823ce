"""Cases of which nothing is known, because their workers were ended from outside each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axpair_emulator.simulator import EmulatorSimulator
from axpair_host.replay.store import open_run
from axpair_proto.v1 import failures_pb2, runs_pb2
from command_line import axpair, said_once
from tiny import build_tiny, write_picture

from benchmarks.hostile.support.wrong_agent import Agent, Context, serve


@pytest.fixture
def lost() -> set[str]:
    """Numbers of the cases, within a stream, whose workers are lost."""
    return set()


@pytest.fixture
def flags(tmp_path: Path, lost: set[str]) -> Iterator[list[str | Path]]:
    """A replay of five pictures on an agent that loses workers."""
    (tmp_path / "model").mkdir()
    (tmp_path / "cases").mkdir()
    models = build_tiny(tmp_path / "model")
    for seed in range(5):
        write_picture(tmp_path / "cases" / f"{seed}.png", seed)
    agent = Agent(EmulatorSimulator().describe(models.joint).to_message())

    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Iterator[runs_pb2.RunReply]:
        failure = failures_pb2.RuntimeFailure(kind=failures_pb2.RuntimeFailure.LOST, message="killed each time")
        for request in requests:
            if request.case_id.partition(":")[2].removesuffix(".png") in lost:
                yield agent.round(request, 0)
                yield agent.reply(request, 1, 2, outcome=runs_pb2.RunOutcome(failure=failure, workers_lost=3))
            else:
                yield from agent.case(request)

    agent.run = run
    server, port = serve(agent)
    board = f"grpc://127.0.0.1:{port}"
    yield ["replay", tmp_path / "cases", "--run", tmp_path / "run", "--joint", models.joint, "--board", board]
    server.stop(None).wait()


def rows(run: Path) -> list[str]:
    with open_run(run) as opened:
        return sorted(opened.done())


def test_the_rest_goes_on_the_open_ones_are_named_and_taken_up_by_the_next_call(
    flags: list[str | Path], lost: set[str], tmp_path: Path
) -> None:
    lost.update(("1", "3"))
    said = said_once(axpair(*flags), 3)
    assert "2 cases stay open: 1.png, 3.png" in said
    assert "call the same command again" in said
    assert rows(tmp_path / "run") == ["0.png", "2.png", "4.png"]
    lost.clear()
    done = axpair(*flags)
    assert done.returncode == 1, done.stderr
    assert rows(tmp_path / "run") == [f"{number}.png" for number in range(5)]
    assert "workers lost from outside: 6; what they ran, ran again" in done.stdout


def test_a_board_of_which_nothing_comes_ends_the_replay(
    flags: list[str | Path], lost: set[str], tmp_path: Path
) -> None:
    lost.update(("0", "1", "2", "3", "4"))
    said = said_once(axpair(*flags), 3)
    assert "3 cases stay open: 0.png, 1.png, 2.png" in said
    assert rows(tmp_path / "run") == []
