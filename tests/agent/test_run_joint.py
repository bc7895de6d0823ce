"""The runtime that drives the vendor's command: what it makes of a good run and of each way in which one goes wrong."""

import hashlib
from pathlib import Path

import grpc
import pytest
from agent_process import Client, details_of, reason_of, started
from axpair_agent.worker.run_joint import RunJoint
from axpair_agent.worker.runtime import EndedFromOutside, OptionError, RuntimeFault
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.description import ModelDescription
from axpair_proto.simulator import Models
from axpair_proto.v1 import models_pb2, runs_pb2
from axpair_proto.v1.failures_pb2 import RuntimeFailure
from drop_in import run_joint, script
from tiny import INPUT, OUTPUTS, build_tiny

DATA = bytes(index % 251 for index in range(12 * 10 * 3))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


def loaded(program: Path, models: Models, **options: str) -> RunJoint:
    runtime = RunJoint({"command": str(program), **options})
    runtime.load(str(models.joint))
    return runtime


def right(models: Models) -> list[bytes]:
    tensors = EmulatorSimulator().run(models, "joint", {INPUT: DATA})
    return [tensors[name].tobytes() for name in OUTPUTS]


def test_it_describes_the_model_and_gives_its_answer(tiny: Models, tmp_path: Path) -> None:
    runtime = RunJoint({"command": str(run_joint(tmp_path))})
    described = ModelDescription.from_json(runtime.load(str(tiny.joint)))
    own = EmulatorSimulator().describe(tiny.joint)
    for here, there in ((described.inputs, own.inputs), (described.outputs, own.outputs)):
        seen = [(one.name, one.dtype, one.shape, one.layout, one.color_space, one.q, one.size_bytes) for one in here]
        assert seen == [
            (one.name, one.dtype, one.shape, one.layout, one.color_space, one.q, one.size_bytes) for one in there
        ]
    assert [bytes(one) for one in runtime.run([DATA])] == right(tiny)
    assert runtime.versions()["runtime"].startswith("run_joint 0.5.13")


def test_an_input_that_it_did_not_take_is_a_fault_though_it_exits_with_0(tiny: Models, tmp_path: Path) -> None:
    runtime = loaded(script(tmp_path, 'rm -f ./0.bin; exec "$REAL" "$@"'), tiny)
    with pytest.raises(RuntimeFault, match=r"without the input.*using random data"):
        runtime.run([DATA])


def test_an_output_that_is_not_there_is_a_fault(tiny: Models, tmp_path: Path) -> None:
    runtime = loaded(script(tmp_path, '"$REAL" "$@"; rm -f out/feat.bin'), tiny)
    with pytest.raises(RuntimeFault, match="left no output 'feat'"):
        runtime.run([DATA])


def test_an_output_cut_short_is_a_fault(tiny: Models, tmp_path: Path) -> None:
    runtime = loaded(script(tmp_path, '"$REAL" "$@"; if [ -d out ]; then printf abc > out/feat.bin; fi'), tiny)
    with pytest.raises(RuntimeFault, match="left 3 bytes of output 'feat'"):
        runtime.run([DATA])


def test_what_is_no_file_in_an_output_s_place_is_a_fault(tiny: Models, tmp_path: Path) -> None:
    leaving = "if [ -d out ]; then rm out/feat.bin; mkfifo out/feat.bin; fi"
    runtime = loaded(script(tmp_path, f'"$REAL" "$@"; {leaving}'), tiny)
    with pytest.raises(RuntimeFault, match=r"left no output 'feat': feat\.bin: is a pipe"):
        runtime.run([DATA])


def test_an_assertion_comes_back_with_its_exit_code_and_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.joint"
    broken.write_bytes(b"no joint")
    with pytest.raises(RuntimeFault, match=r"SIGABRT: .*CreateHandle") as caught:
        RunJoint({"command": str(run_joint(tmp_path))}).load(str(broken))
    assert caught.value.code == 134


def test_a_flag_that_it_does_not_know_is_named(tiny: Models, tmp_path: Path) -> None:
    program = script(tmp_path, "echo 'undefined option: --cache-mode' >&2; echo usage >&2; exit 1")
    with pytest.raises(RuntimeFault, match="exit status 1: undefined option"):
        loaded(program, tiny, **{"cache-mode": "CACHED"})


def test_one_that_never_ends_is_ended(tiny: Models, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match=r"no answer within 0\.2 s"):
        loaded(script(tmp_path, "exec sleep 600"), tiny, seconds="0.2")


def test_one_that_is_killed_by_others_is_told_apart(tiny: Models, tmp_path: Path) -> None:
    with pytest.raises(EndedFromOutside, match="SIGKILL: loading"):
        loaded(script(tmp_path, "echo loading; kill -KILL $$"), tiny)
    with started(tmp_path, "--run-joint", str(tmp_path / "run_joint")) as agent, agent.client() as client:
        reply = asked(client, tiny, runtime="run_joint")
    assert (reply.failure.kind, reply.workers_lost) == (RuntimeFailure.LOST, 3)
    assert "run_joint ended with SIGKILL" in reply.failure.message


def test_what_does_not_list_its_model_is_no_runtime(tiny: Models, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="doesn't list"):
        loaded(script(tmp_path, "echo hello"), tiny)


def test_a_program_that_is_not_there_lets_the_next_runtime_be_tried(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        RunJoint({"command": str(tmp_path / "nowhere")})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(OptionError, match="'fault'"):
        RunJoint({"fault": "race"})


def test_a_caller_may_ask_an_agent_of_another_runtime_for_it(tiny: Models, tmp_path: Path) -> None:
    with started(tmp_path, "--run-joint", str(run_joint(tmp_path))) as agent, agent.client() as client:
        reply = asked(client, tiny, runtime="run_joint", runtime_options={"cache-mode": "NONE-CACHED"})
        assert reply.model.versions["runtime"].startswith("run_joint")
        assert reply.model.versions["flags"] == "--cache-mode=NONE-CACHED"
        request = runs_pb2.RunRequest(
            handle=reply.model.handle, case_id="x", inputs=[runs_pb2.RunInput(name=INPUT, inline=DATA)], repeat=1
        )
        (done,) = client.run(request)
        assert done.outputs == right(tiny)
        assert any(line.startswith("run joint version: ") for line in done.outcome.log_lines)


@pytest.mark.parametrize(
    ("runtime", "options"),
    [("toy_runtime:ToyRuntime", {}), ("run_joint", {"command": "/bin/sh"}), ("", {"mode": "1_1"})],
)
def test_which_program_runs_is_not_for_callers_to_say(
    client: Client, tiny: Models, runtime: str, options: dict[str, str]
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        asked(client, tiny, runtime=runtime, runtime_options=options)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) == "OPTION"


def test_a_board_without_it_says_so(client: Client, tiny: Models) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        asked(client, tiny, runtime="run_joint")
    assert reason_of(caught.value) == "WORKER_START"
    assert "no program run_joint" in details_of(caught.value)


def asked(client: Client, models: Models, **more: object) -> models_pb2.LoadReply:
    joint = models.joint.read_bytes()
    client.upload(joint)
    request = models_pb2.LoadRequest(sha256=hashlib.sha256(joint).hexdigest(), **more)  # type: ignore[arg-type]
    reply: models_pb2.LoadReply = client.models.Load(request, metadata=client.metadata, timeout=120)
    if reply.WhichOneof("outcome") == "model":
        client.handles.append(reply.model.handle)
    return reply
