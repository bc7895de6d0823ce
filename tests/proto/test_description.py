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


@pytest.mark.parametrize("document", [{}, {"inputs": [], "outputs": [{"name": "x"}]}, {"inputs": 3, "outputs": []}])
def test_a_malformed_description_is_a_contract_error(document: dict[str, object]) -> None:
    with pytest.raises(ContractError, match="malformed"):
        ModelDescription.from_json(document)


def test_a_worker_of_a_later_release_may_say_more() -> None:
    document = DESCRIPTION.to_json()
    document["inputs"][0]["later"] = 1
    document["more"] = 2
    assert ModelDescription.from_json(document) == DESCRIPTION
