"""A model's description is the same value in JSON, on the wire and in Python."""

import json

import pytest
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.errors import ContractError
from axpair_proto.v1 import tensors_pb2

DESCRIPTION = ModelDescription(
    inputs=(TensorDescription("data", "uint8", (1, 8, 8, 3), "NHWC", "BGR", size_bytes=192),),
    outputs=(
        TensorDescription("prob/raw", "float32", (1, 10), step=0.5, size_bytes=40),
        TensorDescription("feat", "int16", (1, 4, 2, 2), "NCHW", q=256, cpu_part=True, size_bytes=32),
    ),
    tools_version="0.6.1.14 59588c54",
    max_batch=4,
    dynamic_batch=True,
    vnpu_mode="1_1",
)


def test_json_brings_it_back() -> None:
    assert ModelDescription.from_json(json.loads(json.dumps(DESCRIPTION.to_json()))) == DESCRIPTION


def test_the_wire_brings_it_back() -> None:
    message = tensors_pb2.ModelDescription.FromString(DESCRIPTION.to_message().SerializeToString())
    assert ModelDescription.from_message(message) == DESCRIPTION


def test_every_field_of_the_message_is_carried() -> None:
    message = DESCRIPTION.to_message()
    assert {field.name for field, _ in message.ListFields()} == {field.name for field in message.DESCRIPTOR.fields}
    carried = {field.name for tensor in message.outputs for field, _ in tensor.ListFields()}
    assert carried | {"color_space"} == {field.name for field in tensors_pb2.TensorDescription.DESCRIPTOR.fields}


def described(**changed: object) -> dict[str, object]:
    """A model with one output."""
    return {"inputs": [], "outputs": [{"name": "x", "dtype": "uint8", "shape": [4], "size_bytes": 4, **changed}]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "the model's description has no 'inputs'"),
        ({"inputs": [], "outputs": [{"name": "x"}]}, r"outputs\[0\] has no 'dtype'"),
        ({"inputs": 3, "outputs": []}, "inputs is 3, not a list"),
        ({"inputs": [{}] * 1025, "outputs": []}, "inputs has 1025 entries, at most 1024"),
        (described(name=7), "name is 7, not a text"),
        (described(name="n" * 1025), "name has 1025 characters, at most 1024"),
        (described(name="\udc80"), "halves of characters"),
        (described(dtype="d" * 1_000_000), "dtype has 1000000 characters, at most 64 are taken: 'd{40}'"),
        (described(shape=[[[]]]), "not a whole number"),
        (described(shape=[-1]), "a shape's length is -1"),
        (described(shape=[1] * 33), "shape has 33 entries"),
        (described(shape=[10**4000]), "a number of 13288 bits"),
        (described(size_bytes=-4), "size_bytes is -4"),
        (described(size_bytes=1 << 63), "size_bytes is a number of 64 bits"),
        (described(size_bytes=True), "size_bytes is True"),
        (described(q=1 << 32), "q is 4294967296"),
        (described(step=float("nan")), "step is nan, not a finite number"),
        (described(step="1"), "step is '1', not a finite number"),
        (described(cpu_part=1), "cpu_part is 1, not true or false"),
        ({**described(), "max_batch": 1.0}, "max_batch is 1.0, not a whole number"),
        ({**described(), "tools_version": []}, r"tools_version is \[\], not a text"),
    ],
)
def test_a_description_out_of_bounds_is_refused_with_what_is_wrong(document: dict[str, object], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        ModelDescription.from_json(document)


def test_a_worker_of_a_later_release_may_say_more() -> None:
    document = DESCRIPTION.to_json()
    document["inputs"][0]["later"] = 1
    document["more"] = 2
    assert ModelDescription.from_json(document) == DESCRIPTION
