"""The wire contract: every rpc and field is documented, and every failure has one reason."""

import re
from pathlib import Path

import axpair_proto
import grpc
from axpair_proto.dtypes import ITEM_BYTES, JOINT_DTYPES, size_bytes
from axpair_proto.reasons import Reason

SCHEMAS = sorted((Path(axpair_proto.__file__).parent / "v1").glob("*.proto"))


def test_every_rpc_is_commented_and_names_only_known_reasons() -> None:
    named = set()
    for schema in SCHEMAS:
        text = schema.read_text()
        for match in re.finditer(r"((?:^ *//.*\n)*)^ *rpc (\w+)", text, re.MULTILINE):
            assert match.group(1), f"{schema.name}: {match.group(2)} has no comment"
        for status, reason in re.findall(r"([A-Z_]+), reason ([A-Z_]+):", text):
            assert Reason[reason].status is grpc.StatusCode[status]
            named.add(reason)
    assert named == {reason.name for reason in Reason}


def test_the_schemas_are_of_one_package() -> None:
    assert SCHEMAS
    for schema in SCHEMAS:
        assert "\npackage axpair.v1;\n" in schema.read_text()


def test_sizes_are_counted_in_bytes() -> None:
    assert size_bytes("int16", (1, 4, 2, 2)) == 32
    assert size_bytes("float32", ()) == 4
    assert set(JOINT_DTYPES.values()) <= set(ITEM_BYTES)
