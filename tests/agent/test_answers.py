"""What a worker's frame says is typed and within bounds, or it is refused with what was wrong."""

from typing import Any

import pytest
from axpair_agent.answers import Fault, Hello, LoadFacts, RoundFacts, read_answer
from axpair_agent.worker.frames import Frame, FrameError, Kind
from axpair_proto.description import ModelDescription, TensorDescription

DIGEST = "0" * 64
MODEL = ModelDescription((TensorDescription("in", "uint8", (4,)),), (TensorDescription("out", "uint8", (40,)),))


def output(**changed: Any) -> dict[str, Any]:
    """One output of forty bytes."""
    return {"sha256": DIGEST, "size_bytes": 40, "poisoned": True, "survivors": [[0, 16], [20, 20]], **changed}


def round_of(**changed: Any) -> dict[str, Any]:
    """A ROUND's header that makes sense."""
    return {
        "nonce": "a-0",
        "round": 0,
        "delivered": [{"sha256": DIGEST, "size_bytes": 4}],
        "outputs": [output()],
        "seed": "00",
        "run_us": 1,
        "worker_us": 2,
        **changed,
    }


def read(kind: Kind, header: dict[str, Any], payload: bytes = b"") -> object:
    return read_answer(Frame(kind, header, bytearray(payload)), MODEL)


def test_what_makes_sense_is_read() -> None:
    found = read(Kind.ROUND, round_of(later="more"), bytes(40))
    assert isinstance(found, RoundFacts)
    assert found.outputs[0].survivors == ((0, 16), (20, 20))
    loaded = {"description": MODEL.to_json(), "sha256": DIGEST, "load_us": 5, "versions": {"chip": "none"}}
    assert read(Kind.LOADED, loaded) == LoadFacts(MODEL, DIGEST, 5, {"chip": "none"})
    assert read(Kind.HELLO, {"runtime": "toy", "versions": {}, "pid": 7}) == Hello("toy", {}, 7)
    fault = {"round": 3, "kind": "ERROR", "message": "no", "code": -(1 << 63)}
    assert read(Kind.FAULT, fault) == Fault(3, "ERROR", "no", -(1 << 63))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (round_of(run_us="3"), "ROUND: run_us is '3', not a whole number"),
        (round_of(run_us=True), "ROUND: run_us is True, not a whole number"),
        (round_of(run_us=-1), "ROUND: run_us is -1, not from 0 to 9223372036854775807"),
        (round_of(worker_us=1 << 63), "not from 0"),
        (round_of(worker_us=1.5), "not a whole number"),
        (round_of(outputs=None), "ROUND has no 'outputs'|not a list"),
        (round_of(outputs=[output()] * 2), "2 outputs, the model has 1"),
        (round_of(outputs=[7]), r"ROUND: outputs\[0\] is 7, not an object"),
        (round_of(delivered=[]), "0 delivered inputs, the model has 1"),
        (round_of(outputs=[output(sha256="f" * 63)]), "no digest"),
        (round_of(outputs=[output(sha256="F" * 64)]), "no digest"),
        (round_of(outputs=[output(size_bytes=41)]), "outputs of 41 bytes together, 40 came"),
        (round_of(outputs=[output(poisoned=1)]), "not true or false"),
        (round_of(outputs=[output(poisoned=False)]), "without poison"),
        (round_of(outputs=[output(survivors=[[0, 41]])]), r"survivors 0\+41"),
        (round_of(outputs=[output(survivors=[[4, 8], [2, 4]])]), r"survivors 2\+4 after 12"),
        (round_of(outputs=[output(survivors=[[0, 0]])]), r"survivors 0\+0"),
        (round_of(outputs=[output(survivors=[[0]])]), "without length"),
        (round_of(outputs=[output(survivors=[[index, 1] for index in range(4097)])]), "4097 entries"),
    ],
)
def test_a_round_that_makes_no_sense_is_refused_with_what_was_wrong(header: dict[str, Any], said: str) -> None:
    with pytest.raises(FrameError, match=said):
        read(Kind.ROUND, header, bytes(40))


@pytest.mark.parametrize("key", ["round", "outputs", "delivered", "run_us", "worker_us"])
def test_a_round_that_lacks_something_is_refused(key: str) -> None:
    header = round_of()
    del header[key]
    with pytest.raises(FrameError, match=f"ROUND has no '{key}'"):
        read(Kind.ROUND, header, bytes(40))


@pytest.mark.parametrize(
    ("kind", "header", "said"),
    [
        (Kind.HELLO, {"runtime": 3, "versions": {}, "pid": 7}, "runtime is 3, not a text"),
        (Kind.HELLO, {"runtime": "x" * 9000, "versions": {}, "pid": 7}, "9000 characters"),
        (Kind.HELLO, {"runtime": "\ud800", "versions": {}, "pid": 7}, "halves of characters"),
        (Kind.HELLO, {"runtime": "toy", "versions": [], "pid": 7}, "not an object"),
        (Kind.HELLO, {"runtime": "toy", "versions": {"a": 1}, "pid": 7}, "versions: a is 1, not a text"),
        (Kind.HELLO, {"runtime": "toy", "versions": {}, "pid": 1 << 31}, "pid is 2147483648"),
        (Kind.NO_RUNTIME, {"message": "", "bad_option": "yes"}, "not true or false"),
        (Kind.HELD, {"held": 0}, "held is 0"),
        (Kind.LOADED, {"description": [], "sha256": DIGEST, "load_us": 0, "versions": {}}, "not an object"),
        (Kind.FAULT, {"round": 0, "kind": "WRONG", "message": "", "code": 0}, "kind is 'WRONG'"),
        (Kind.FAULT, {"round": 0, "kind": "ERROR", "message": "", "code": 1 << 63}, "code is"),
        (Kind.FAULT, {"round": 0, "kind": "ERROR", "message": [], "code": 0}, "not a text"),
        (Kind.RUN, {}, "RUN is a request"),
    ],
)
def test_other_answers_that_make_no_sense_are_refused(kind: Kind, header: dict[str, Any], said: str) -> None:
    with pytest.raises(FrameError, match=said):
        read(kind, header)


def test_only_rounds_have_a_payload_and_need_a_model() -> None:
    with pytest.raises(FrameError, match="HELD with 1 bytes behind it"):
        read(Kind.HELD, {"held": True}, b"x")
    with pytest.raises(FrameError, match="no model is loaded"):
        read_answer(Frame(Kind.ROUND, round_of(), bytearray(40)))
