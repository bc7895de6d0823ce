"""What an agent answers, held against the case and the model's description before memory is taken."""

from collections.abc import Callable

import pytest
from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.described import described
from axpair_host.boards.failures import failure_of
from axpair_host.boards.outputs import Nonsense
from axpair_host.boards.rounds import RoundAssembly
from axpair_host.digests import bytes_sha256
from axpair_host.errors import BoardError
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.v1 import failures_pb2, runs_pb2, tensors_pb2

SIZE = 3 << 20
"""Bytes of the output "y": three chunks."""
MODEL = ModelDescription(
    inputs=(TensorDescription("x", "uint8", (4,), size_bytes=4),),
    outputs=(
        TensorDescription("y", "uint8", (SIZE,), size_bytes=SIZE),
        TensorDescription("z", "uint8", (64,), size_bytes=64),
    ),
)
CASE = Case("one", {"x": bytes(4)}, repeat=2, want_probe=False)
BEHIND = Case("one", {"x": bytes(4)}, repeat=1, want_probe=False, before={"x": b"\1\2\3\4"})
PROBED = Case("one", {"x": bytes(4)}, repeat=1)


def reply(number: int, attempt: int = 0, **part: runs_pb2.OutputChunk | runs_pb2.RunOutcome) -> runs_pb2.RunReply:
    """A message of one round: chunk= or outcome=."""
    kind = runs_pb2.RunReply.CASE if number else runs_pb2.RunReply.PROBE
    made = runs_pb2.RunReply(case_id="one", kind=kind, round=number, attempt=attempt)
    for name, value in part.items():
        getattr(made, name).CopyFrom(value)
    return made


def outcome(generation: int = 1, data: bytes = b"\7" * SIZE) -> runs_pb2.RunOutcome:
    """What ends a right round; `data` is what came for "y" in chunks before."""
    digest = bytes_sha256(b"")
    return runs_pb2.RunOutcome(
        outputs=[
            runs_pb2.RunOutput(name="y", sha256=digest, size_bytes=len(data)),
            runs_pb2.RunOutput(name="z", sha256=digest, size_bytes=64, data=bytes(64), poisoned=True),
        ],
        delivered=[runs_pb2.DeliveredInput(name="x", sha256=digest, size_bytes=4)],
        worker_generation=generation,
    )


def whole(number: int, attempt: int = 0, generation: int = 1) -> list[runs_pb2.RunReply]:
    """All messages of one right round."""
    pieces = [
        runs_pb2.OutputChunk(output=0, offset_bytes=offset, data=b"\7" * (1 << 20))
        for offset in range(0, SIZE, 1 << 20)
    ]
    chunks = [reply(number, attempt, chunk=piece) for piece in pieces]
    return [*chunks, reply(number, attempt, outcome=outcome(generation))]


def failed(number: int, kind: failures_pb2.RuntimeFailure.Kind.ValueType, attempt: int = 0) -> runs_pb2.RunReply:
    """The end of a round that failed."""
    failure = failures_pb2.RuntimeFailure(kind=kind, message="so it was")
    return reply(number, attempt, outcome=runs_pb2.RunOutcome(failure=failure, worker_generation=1))


def taken(case: Case, *replies: runs_pb2.RunReply) -> list[RoundAnswer]:
    """The answers that come of them."""
    assembly = RoundAssembly(case, MODEL, "grpc://x")
    return [answer for each in replies if (answer := assembly.take(each)) is not None]


def test_rounds_are_put_together_of_chunks_and_outcomes() -> None:
    first, second = taken(CASE, *whole(1), *whole(2))
    assert (first.last, second.last, second.attempt) == (False, True, 0)
    assert bytes(second.outputs["y"]) == b"\7" * SIZE
    assert len(second.outputs["z"]) == 64


def test_what_runs_before_a_case_is_its_probe_with_its_own_digests() -> None:
    before, case = taken(BEHIND, *whole(0), *whole(1))
    assert (before.facts.kind, before.facts.number, before.last) == ("probe", 0, False)
    assert before.facts.sent == {"x": bytes_sha256(b"\1\2\3\4")}
    assert (case.facts.sent, case.last) == ({"x": bytes_sha256(bytes(4))}, True)


def test_a_new_attempt_begins_with_the_first_round_again() -> None:
    answers = taken(CASE, *whole(1), *whole(2)[:2], *whole(1, attempt=2, generation=5), *whole(2, 2, 5))
    assert [(one.attempt, one.facts.number, one.last) for one in answers] == [
        (0, 1, False),
        (2, 1, False),
        (2, 2, True),
    ]


def test_a_probe_that_fails_is_not_the_last_and_the_case_comes_from_another_worker() -> None:
    probe, case = taken(BEHIND, failed(0, failures_pb2.RuntimeFailure.CRASH), *whole(1, generation=2))
    assert (probe.last, case.last, case.facts.worker_generation) == (False, True, 2)


def test_a_case_may_fail_before_its_probe() -> None:
    (answer,) = taken(BEHIND, failed(1, failures_pb2.RuntimeFailure.INPUT))
    assert answer.last


Wrong = list[runs_pb2.RunReply]
WRONG: dict[str, tuple[Case, Wrong]] = {
    "a round is missing": (CASE, whole(2)),
    "a round comes twice": (CASE, [*whole(1), *whole(1)]),
    "a probe that nobody wanted": (CASE, whole(0)),
    "no probe of what runs before": (BEHIND, whole(1)),
    "two probes": (PROBED, [*whole(0), *whole(0)]),
    "rounds of two workers": (CASE, [*whole(1), *whole(2, generation=2)]),
    "a case of another worker than what ran before it": (BEHIND, [*whole(0), *whole(1, generation=2)]),
    "an attempt before the present one": (CASE, [*whole(1, attempt=1), *whole(2)]),
    "a fourth attempt": (CASE, whole(1, attempt=3)),
    "a chunk without data": (CASE, [reply(1, chunk=runs_pb2.OutputChunk())]),
    "a chunk behind a gap": (CASE, [reply(1, chunk=runs_pb2.OutputChunk(offset_bytes=1, data=b"x"))]),
    "a chunk of no output": (CASE, [reply(1, chunk=runs_pb2.OutputChunk(output=2, data=b"x"))]),
    "a chunk of 2 MiB": (CASE, [reply(1, chunk=runs_pb2.OutputChunk(data=bytes(2 << 20)))]),
    "more than is said of it": (CASE, [*whole(1)[:2], reply(1, outcome=outcome())]),
    "a kind of no name": (CASE, [runs_pb2.RunReply(case_id="one", kind=runs_pb2.RunReply.KIND_UNSPECIFIED)]),
    "another case": (CASE, [runs_pb2.RunReply(case_id="two", kind=runs_pb2.RunReply.CASE, round=1)]),
    "nothing in it": (CASE, [reply(1)]),
}


@pytest.mark.parametrize("name", WRONG)
def test_replies_out_of_order_are_a_broken_agents(name: str) -> None:
    case, replies = WRONG[name]
    with pytest.raises(BoardError, match="makes no sense"):
        taken(case, *replies)


def test_an_output_far_larger_than_declared_ends_at_the_first_chunk_that_is_too_much() -> None:
    small = ModelDescription(MODEL.inputs, (TensorDescription("y", "uint8", (4096,), size_bytes=4096),))
    assembly = RoundAssembly(CASE, small, "grpc://x")
    piece = bytes(1 << 20)
    assert assembly.take(reply(1, chunk=runs_pb2.OutputChunk(data=piece))) is None
    with pytest.raises(BoardError, match="declared are 4096"):
        assembly.take(reply(1, chunk=runs_pb2.OutputChunk(offset_bytes=len(piece), data=piece)))


Change = Callable[[runs_pb2.RunOutcome], None]


def spans(*ranges: tuple[int, int]) -> Change:
    def change(made: runs_pb2.RunOutcome) -> None:
        made.outputs[1].survivors.extend(
            runs_pb2.ByteRange(offset_bytes=offset, length_bytes=length) for offset, length in ranges
        )

    return change


OUTCOMES: dict[str, Change] = {
    "an output is missing": lambda made: made.outputs.__delitem__(0),
    "an output has another name": lambda made: setattr(made.outputs[1], "name", "other"),
    "an output's digest is none": lambda made: setattr(made.outputs[1], "sha256", "none"),
    "more bytes are said of an output": lambda made: setattr(made.outputs[1], "size_bytes", 2**64 - 1),
    "a range beyond the output": spans((60, 16)),
    "a range of no bytes": spans((0, 0)),
    "ranges that overlap": spans((0, 32), (16, 32)),
    "5000 ranges": lambda made: made.outputs[1].survivors.extend([runs_pb2.ByteRange(length_bytes=1)] * 5000),
    "an input that the model lacks": lambda made: setattr(made.delivered[0], "name", "other"),
    "an input twice": lambda made: made.delivered.append(made.delivered[0]),
    "a million log lines": lambda made: made.log_lines.extend([""] * 1_000_000),
    "log lines of 10 MB": lambda made: made.log_lines.extend(["x" * 1000] * 10_000),
    "outputs of a failed round": lambda made: made.failure.CopyFrom(failures_pb2.RuntimeFailure(message="failed")),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_that_no_right_agent_sends_is_refused(name: str) -> None:
    made = outcome()
    OUTCOMES[name](made)
    with pytest.raises(BoardError, match="makes no sense"):
        taken(CASE, *whole(1)[:-1], reply(1, outcome=made))


def message(**output: object) -> tensors_pb2.ModelDescription:
    """A right description but for some fields of its first output."""
    made = MODEL.to_message()
    for name, value in output.items():
        setattr(made.outputs[0], name, value)
    return made


def test_a_right_description_is_taken_as_it_is() -> None:
    assert described(message()) == MODEL


@pytest.mark.parametrize(
    "output",
    [
        {"name": "n" * 5000},
        {"name": ""},
        {"name": "a\0b"},
        {"name": "z"},
        {"dtype": "d" * 1000},
        {"size_bytes": 1 << 40},
        {"size_bytes": 2**64 - 1},
        {"step": float("nan")},
        {"step": float("inf")},
    ],
)
def test_a_description_that_can_not_be_is_refused(output: dict[str, object]) -> None:
    with pytest.raises(Nonsense):
        described(message(**output))


@pytest.mark.parametrize("shape", [[-1, 4], [1] * 1000])
def test_a_shape_that_can_not_be_is_refused(shape: list[int]) -> None:
    made = message()
    made.outputs[0].ClearField("shape")
    made.outputs[0].shape.extend(shape)
    with pytest.raises(Nonsense, match="shape"):
        described(made)


def test_a_model_of_no_or_too_many_outputs_is_refused() -> None:
    none, many = message(), message()
    none.ClearField("outputs")
    many.outputs.extend([many.outputs[0]] * 5000)
    for made in (none, many):
        with pytest.raises(Nonsense, match="outputs"):
            described(made)


def test_endless_words_of_a_failure_are_cut() -> None:
    failure = failure_of(failures_pb2.RuntimeFailure(message="m" * 1_000_000, signal="S" * 1000))
    assert len(failure.message) < 10_000
    assert "992000 more characters" in failure.message
    assert len(failure.signal) < 100
