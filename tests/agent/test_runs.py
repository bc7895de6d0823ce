"""Cases through a loaded model, in order, with their evidence."""

from pathlib import Path

import grpc
import pytest
import toy_runtime
from agent_process import CHUNK, AgentProcess, Client, collected, details_of, reason_of, sha256_of
from axpair_proto.v1 import runs_pb2
from axpair_proto.v1.failures_pb2 import RuntimeFailure
from toy_models import INPUT_BYTES, LARGE_BYTES, SMALL_BYTES, case, data, load, toy_model


@pytest.fixture
def handle(client: Client) -> str:
    """A model with one small and one large output."""
    return load(client, toy_model(outputs=(SMALL_BYTES, LARGE_BYTES))).handle


def test_the_answer_is_the_models_and_its_digests_are_right(client: Client, handle: str) -> None:
    given = data()
    (done,) = client.run(case(handle, "only", given))
    assert (done.case_id, done.kind, done.round) == ("only", "CASE", 1)
    assert done.outputs == [toy_runtime.expected([given], size) for size in (SMALL_BYTES, LARGE_BYTES)]
    assert [output.sha256 for output in done.outcome.outputs] == [sha256_of(output) for output in done.outputs]
    assert [output.name for output in done.outcome.outputs] == ["out/0", "out/1"]
    assert [(given.name, given.sha256, given.size_bytes) for given in done.outcome.delivered] == [
        ("in", sha256_of(given), INPUT_BYTES)
    ]
    assert done.outcome.worker_generation == 1
    assert done.outcome.timings.agent_us >= done.outcome.timings.run_us
    assert not done.outcome.HasField("failure")


def test_outputs_above_one_mebibyte_come_in_chunks_and_small_ones_do_not(client: Client, handle: str) -> None:
    (done,) = client.run(case(handle, "large", data()))
    assert done.chunks == -(-LARGE_BYTES // CHUNK)
    small, large = done.outcome.outputs
    assert (len(small.data), len(large.data)) == (SMALL_BYTES, 0)
    assert (small.size_bytes, large.size_bytes) == (SMALL_BYTES, LARGE_BYTES)


def test_an_output_of_exactly_one_mebibyte_is_not_chunked(client: Client) -> None:
    loaded = load(client, toy_model(outputs=(CHUNK,)))
    (done,) = client.run(case(loaded.handle, "edge", data()))
    assert (done.chunks, len(done.outcome.outputs[0].data)) == (0, CHUNK)


def test_cases_come_back_in_the_order_in_which_they_were_sent(client: Client, handle: str) -> None:
    cases = [case(handle, f"case {number}", data(fill=number), repeat=1 + number % 2) for number in range(8)]
    done = client.run(*cases)
    expected = [(f"case {number}", round_) for number in range(8) for round_ in range(1, 2 + number % 2)]
    assert [(one.case_id, one.round) for one in done] == expected
    assert all(one.outputs[0] == toy_runtime.expected([data(fill=int(one.case_id[5:]))], SMALL_BYTES) for one in done)


def test_a_probe_runs_once_after_loading_on_another_input(client: Client, handle: str) -> None:
    given = data()
    other = bytes(value ^ 0x55 for value in given[INPUT_BYTES // 2 :] + given[: INPUT_BYTES // 2])
    done = client.run(case(handle, "a", given, probe=True, repeat=2), case(handle, "b", given, probe=True))
    assert [(one.case_id, one.kind, one.round) for one in done] == [
        ("a", "PROBE", 0),
        ("a", "CASE", 1),
        ("a", "CASE", 2),
        ("b", "CASE", 1),
    ]
    assert done[0].outputs[0] == toy_runtime.expected([other], SMALL_BYTES)
    assert done[0].outcome.delivered[0].sha256 == sha256_of(other)
    assert done[1].outputs[0] == toy_runtime.expected([given], SMALL_BYTES)


def test_a_fresh_worker_is_another_process_and_is_probed_again(client: Client, handle: str) -> None:
    fresh = case(handle, "b", data(), probe=True)
    fresh.fresh_worker = True
    done = client.run(case(handle, "a", data(), probe=True), fresh)
    assert [(one.case_id, one.kind, one.outcome.worker_generation) for one in done] == [
        ("a", "PROBE", 1),
        ("a", "CASE", 1),
        ("b", "PROBE", 2),
        ("b", "CASE", 2),
    ]


def test_several_inputs_may_come_in_any_order_inline_or_by_digest(client: Client) -> None:
    loaded = load(client, toy_model(inputs=[("x", "uint8", 2 * CHUNK), ("y", "float32", 3)], outputs=(64,)))
    large, small = data(size=2 * CHUNK), bytes(range(12))
    client.upload(large)
    request = runs_pb2.RunRequest(
        handle=loaded.handle,
        case_id="two",
        inputs=[
            runs_pb2.RunInput(name="y", inline=small),
            runs_pb2.RunInput(name="x", sha256=sha256_of(large)),
        ],
    )
    (done,) = client.run(request)
    assert done.outputs == [toy_runtime.expected([large, small], 64)]
    assert [given.sha256 for given in done.outcome.delivered] == [sha256_of(large), sha256_of(small)]


def test_poison_shows_exactly_what_was_not_written(client: Client, handle: str) -> None:
    untouched, half, whole = client.run(
        case(handle, "untouched", data(toy_runtime.UNWRITTEN)),
        case(handle, "half", data(toy_runtime.HALF_WRITTEN)),
        case(handle, "whole", data()),
    )

    def ranges(output: runs_pb2.RunOutput) -> list[tuple[int, int]]:
        return [(found.offset_bytes, found.length_bytes) for found in output.survivors]

    assert [ranges(output) for output in untouched.outcome.outputs] == [[(0, SMALL_BYTES)], [(0, LARGE_BYTES)]]
    kept = LARGE_BYTES // 2
    assert [ranges(output) for output in half.outcome.outputs] == [
        [(SMALL_BYTES // 2, SMALL_BYTES // 2)],
        [(kept, LARGE_BYTES - kept)],
    ]
    assert [ranges(output) for output in whole.outcome.outputs] == [[], []]
    assert all(output.poisoned for done in (untouched, half, whole) for output in done.outcome.outputs)


def test_poison_is_fresh_in_every_round(client: Client, handle: str) -> None:
    first, second = client.run(case(handle, "untouched", data(toy_runtime.UNWRITTEN), repeat=2))
    assert first.outputs[0] != second.outputs[0]
    assert len(second.outcome.outputs[0].survivors) == 1


def test_an_input_that_never_reached_the_runtimes_buffer_shows_in_its_digest(client: Client, handle: str) -> None:
    given = data(toy_runtime.OTHER_INPUT)
    (done,) = client.run(case(handle, "other", given))
    assert done.outcome.delivered[0].sha256 == sha256_of(bytes([9]) * INPUT_BYTES) != sha256_of(given)


def test_log_lines_belong_to_the_round_that_printed_them(client: Client, handle: str) -> None:
    quiet, printing, unended, after = client.run(
        case(handle, "quiet", data()),
        case(handle, "printing", data(toy_runtime.PRINTING)),
        case(handle, "unended", data(toy_runtime.UNENDED_LINE)),
        case(handle, "after", data()),
    )
    assert list(quiet.outcome.log_lines) == list(after.outcome.log_lines) == []
    assert set(printing.outcome.log_lines) == {
        "python's stdout",
        "python's stderr",
        "C's stdio, not flushed",
        "fd 1 \N{REPLACEMENT CHARACTER}",
        "a child",
        "\N{REPLACEMENT CHARACTER}axpair forged-0\N{REPLACEMENT CHARACTER}",
    }
    assert list(unended.outcome.log_lines) == ["no end of line"]


def test_endless_printing_is_cut_in_the_middle_and_says_so(client: Client, handle: str) -> None:
    much, after = client.run(case(handle, "much", data(toy_runtime.MUCH_PRINTING)), case(handle, "after", data()))
    lines = list(much.outcome.log_lines)
    assert (lines[0], lines[-1]) == ("line 0", "line 99999")
    assert sum("bytes were left out here" in line for line in lines) == 1
    assert sum(map(len, lines)) < 1 << 19
    assert list(after.outcome.log_lines) == []


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("in", INPUT_BYTES - 1, "takes 1000 bytes (uint8 [1, 1000]), 999 came"),
        ("in", INPUT_BYTES * 4, "takes 1000 bytes (uint8 [1, 1000]), 4000 came"),
        ("other", INPUT_BYTES, "missing: 'in'; unknown: 'other'"),
    ],
)
def test_inputs_that_do_not_fit_are_an_answer_and_cost_no_worker(
    client: Client, handle: str, name: str, size: int, said: str
) -> None:
    unfit, after = client.run(case(handle, "unfit", data(size=size), name=name), case(handle, "after", data()))
    assert unfit.outcome.failure.kind == RuntimeFailure.INPUT
    assert said in unfit.outcome.failure.message
    assert after.outcome.worker_generation == 1
    assert not after.outcome.HasField("failure")


def test_a_deadline_of_a_day_is_kept(client: Client, handle: str) -> None:
    (done,) = client.run(case(handle, "a day", data(), deadline_ms=86_400_000))
    assert not done.outcome.HasField("failure")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"case_id": ""}, "CASE"),
        ({"repeat": 1001}, "CASE"),
        ({"deadline_ms": 86_400_001}, "CASE"),
        ({"deadline_ms": (1 << 32) - 1}, "CASE"),
        ({"handle": "nobody"}, "HANDLE"),
        ({"inputs": [runs_pb2.RunInput(name="in")]}, "CASE"),
        ({"inputs": [runs_pb2.RunInput(name="in", inline=b"1")] * 2}, "CASE"),
        ({"inputs": [runs_pb2.RunInput(name="in", inline=bytes(CHUNK + 1))]}, "CASE"),
        ({"inputs": [runs_pb2.RunInput(name="in", sha256=sha256_of(b"never sent"))]}, "BLOB"),
    ],
)
def test_a_malformed_case_ends_the_stream_after_those_before_it(
    client: Client, handle: str, change: dict[str, object], reason: str
) -> None:
    good = case(handle, "good", data())
    bad = case(handle, "bad", data())
    for field, value in change.items():
        bad.ClearField(field)  # type: ignore[arg-type]
        bad.MergeFrom(runs_pb2.RunRequest(**{field: value}))  # type: ignore[arg-type]
    replies = client.runs.Run(iter([good, bad]), metadata=client.metadata)
    found: list[str] = []
    with pytest.raises(grpc.RpcError) as caught:
        found.extend(one.case_id for one in collected(replies))
    assert reason_of(caught.value) == reason
    assert found == ["good"]
    assert [one.case_id for one in client.run(good)] == ["good"]


def test_blobs_that_do_not_fit_are_not_read(agent: AgentProcess, client: Client, handle: str) -> None:
    client.upload(bytes(30 << 20))
    before = resident_bytes(agent)
    many = runs_pb2.RunRequest(handle=handle, case_id="many")
    for number in range(60):
        many.inputs.add(name=f"in{number}", sha256=sha256_of(bytes(30 << 20)))
    (done,) = client.run(many)
    assert done.outcome.failure.kind == RuntimeFailure.INPUT
    large = runs_pb2.RunRequest(handle=handle, case_id="large")
    large.inputs.add(name="in", sha256=sha256_of(bytes(30 << 20)))
    (done,) = client.run(large)
    assert done.outcome.failure.kind == RuntimeFailure.INPUT
    assert f"takes {INPUT_BYTES} bytes (uint8 [1, 1000]), {30 << 20} came" in done.outcome.failure.message
    assert resident_bytes(agent) - before < 16 << 20


@pytest.mark.parametrize(("case_id", "name"), [("c" * 1001, "in"), ("c", "i" * 1_000_000)])
def test_names_without_end_are_refused_and_cut(client: Client, handle: str, case_id: str, name: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.run(case(handle, case_id, data(), name=name))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) == "CASE"
    assert len(details_of(caught.value)) < 200


def resident_bytes(agent: AgentProcess) -> int:
    """The most that the agent ever held."""
    status = Path(f"/proc/{agent.process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc on this system")
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) << 10
