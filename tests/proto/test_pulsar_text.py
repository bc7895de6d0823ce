"""Reading config.prototxt: strict where it matters, tolerant where published samples need it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from axpair_proto.config_files import read_config, store_config
from axpair_proto.errors import ContractError
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.text import parse_config, write_config
from axpair_proto.pulsar.tokens import ConfigTextError
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

SAMPLE = """
# a comment with ünïcode
input_path: "a" 'b'   # adjacent strings join
output_path: "\\344\\270" '\\255\\xe5\\x9b\\xbe\\u4e2d\\'' "\\6" "1"
target_hardware: TARGET_HARDWARE_AX620
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors { color_space: 2 }
dst_input_tensors: < tensor_name: "x\\n\\x41\\102"; quantization_value: -12 >
neuwizard_conf {
  operator_conf {
    input_conf_items {
      attributes {
        input_modifications { input_normalization { mean: [0.485, .456, 4e-1] std: 1 std: 2.5f, std: -inf } }
      }
    }
  }
  dataset_conf_calibration { path: "c.tar" size: 0x20 batch_size: 010 }
}
pulsar_conf { debug: true batch_size: [] }
"""


def test_valid_text_reads_like_protobufs_own_reader() -> None:
    config, warnings = parse_config(SAMPLE)
    assert config == text_format.Parse(SAMPLE, pb.Config())
    assert warnings == ()
    assert config.dst_input_tensors[1].tensor_name == "x\nAB"


def test_written_text_reads_back_the_same() -> None:
    config, _ = parse_config(SAMPLE)
    assert parse_config(write_config(config))[0] == config


def test_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "c.prototxt"
    path.write_text("output_path: 'x'", encoding="utf-8-sig")
    assert read_config(path)[0].output_path == "x"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_texts_of_a_chinese_windows_are_read_and_it_is_said(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "c.prototxt"
    path.write_bytes("# 量化配置\noutput_path: 'x'\n".encode(encoding))
    config, warnings = read_config(path)
    assert config.output_path == "x"
    assert ["save it as UTF-8" in one for one in warnings] == [True]


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_lines_of_other_systems_end_comments_too(tmp_path: Path, end: str) -> None:
    path = tmp_path / "c.prototxt"
    path.write_bytes(f"# comment{end}output_path: 'x'{end}".encode())
    assert read_config(path)[0].output_path == "x"


def test_near_miss_of_a_field_is_an_error_with_line_and_suggestion() -> None:
    with pytest.raises(ConfigTextError) as caught:
        parse_config("\n\n  src_input_tensor { }", "c.prototxt")
    assert caught.value.message.startswith("c.prototxt:3:3: ")
    assert "'src_input_tensors'" in str(caught.value.next_step)


def test_near_miss_counts_within_its_message_only() -> None:
    # "means" is near input_normalization's "mean", not near any field of Config.
    _, warnings = parse_config("means: 1")
    assert len(warnings) == 1


@pytest.mark.parametrize(
    "value",
    [
        ": 1",
        ": -1.5e3",
        ": 'a' \"b\"",
        ": WORD",
        "{ a: 1 b { c: [1, {d: 2}] } }",
        "< a: 1 >",
        ": [ 1, 2, 'x' ]",
        ": []",
        ": { '}' : 1 }",
    ],
)
def test_other_unknown_field_is_a_warning_and_its_value_is_passed_over(value: str) -> None:
    config, warnings = parse_config(f"input_path: 'a'\nfrobnication {value}\noutput_path: 'b'", "c")
    assert (config.input_path, config.output_path) == ("a", "b")
    assert warnings == ("c:2: unknown field 'frobnication' in Config: ignored",)


def test_unknown_enum_value_lists_those_allowed() -> None:
    with pytest.raises(ConfigTextError, match="1:18: target_hardware: 'AX620' is not one of") as caught:
        parse_config("target_hardware: AX620")
    assert "TARGET_HARDWARE_AX620" in caught.value.message


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("input_path: 5", "1:13", "quoted string"),
        ("input_path 'x'", "1:12", "expected ':'"),
        ("input_path: 'x", "1:13", "never ends"),
        ("neuwizard_conf: 3", "1:17", "is a message"),
        ("neuwizard_conf {", "1:17", "expected a field's name, found the end"),
        ("neuwizard_conf { ]", "1:18", "found ']'"),
        ("}", "1:1", "found '}'"),
        ("input_path:", "1:12", "ends too early"),
        ("unknowable: {", "1:14", "ends inside"),
        ("unknowable: }", "1:13", "closes nothing"),
        ("pulsar_conf { batch_size: [1 2] }", "1:30", "expected ',' or ']'"),
        ("pulsar_conf { batch_size: [1, 2,] }", "1:33", "found ']'"),
        ("input_path: 'D:\\data'", "1:13", "the escape \\d, which there isn't; a backslash itself is written \\\\"),
        ("input_path: '\\xff'", "1:13", "make no UTF-8"),
        ("input_path: '\\U00110000'", "1:13", "no character"),
        ("target_hardware: 77", "1:18", "'77' is not one of"),
        ("pulsar_conf { batch_size: 1.5 }", "1:27", "whole number"),
        ("pulsar_conf { batch_size: 99999999999 }", "1:27", "batch_size"),
        ("pulsar_conf { debug: yes }", "1:22", "true or false"),
        ("input_path: 'a' input_path: 'b'", "1:17", "contradicts input_path in line 1"),
        ("pulsar_conf {} pulsar_conf {}", "1:16", "contradicts"),
        ("input_path: 'a' % 3", "1:17", "character '%'"),
    ],
)
def test_broken_text_is_an_error_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(ConfigTextError) as caught:
        parse_config(text, "c")
    assert caught.value.message.startswith(f"c:{where}: "), caught.value.message
    assert what in caught.value.message


def test_two_members_of_one_selector_contradict() -> None:
    text = 'neuwizard_conf { operator_conf { operator_conf_items { selector { op_name: "a" op_name_regex: "b" } } } }'
    with pytest.raises(ConfigTextError, match="contradicts op_name"):
        parse_config(text)


def test_file_that_is_no_text_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "c.prototxt"
    path.write_bytes(b"input_path: 'a'\n\xff\xfe")
    with pytest.raises(ConfigTextError, match=r"c\.prototxt:2: byte 0xff"):
        read_config(path)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigTextError, match="can't be read"):
        read_config(tmp_path / "none")


@given(st.text(alphabet="{}<>[]:,;'\"#-. \nabc019_\\", max_size=60) | st.text(max_size=60))
def test_any_text_ends_in_a_configuration_or_one_clear_error(text: str) -> None:
    with contextlib.suppress(ConfigTextError):
        config, _ = parse_config(text)
        assert parse_config(write_config(config))[0] == config


FLOATS = st.lists(st.floats(width=32, allow_nan=False), max_size=3)
TENSORS = st.builds(
    pb.TensorConf,
    tensor_name=st.text(max_size=5),
    color_space=st.sampled_from(pb.ColorSpace.values()),
    quantization_value=st.integers(-(1 << 31), (1 << 31) - 1),
)
NORMALIZATIONS = st.builds(pb.InputNormalization, mean=FLOATS, std=FLOATS)


@given(st.lists(TENSORS, max_size=3), NORMALIZATIONS, st.booleans())
def test_whatever_protobuf_writes_is_read_the_same(
    tensors: list[pb.TensorConf], normalization: pb.InputNormalization, short: bool
) -> None:
    config = pb.Config(dst_input_tensors=tensors)
    item = config.neuwizard_conf.operator_conf.input_conf_items.add()
    item.attributes.input_modifications.add(input_normalization=normalization)
    text = text_format.MessageToString(config, as_one_line=short, use_short_repeated_primitives=short)
    assert parse_config(text) == (config, ())


def test_a_configuration_of_ours_is_replaced_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "best.prototxt"
    config, _ = parse_config("target_hardware: TARGET_HARDWARE_AX620")
    for _ in range(2):
        store_config(path, config)
    assert read_config(path)[0] == config
    by_hand = path.read_text() + "# mine\n"
    for text in (by_hand, write_config(config), "mine"):
        path.write_text(text)
        with pytest.raises(ContractError, match="axpair didn't write that"):
            store_config(path, config)
        assert path.read_text() == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("target_hardware: TARGET_HARDWARE_AX650", ""),
        ("target_hardware: AX620", "TARGET_HARDWARE_AX620"),
        ("src_input_tensors { color_space: TENSOR_COLOR_SPACE_RBG }", ""),
        ("src_input_tensors { color_space: TENSOR_COLOR_SPACE_GREY }", ""),
        ("src_input_tensors { color_space: gray }", "TENSOR_COLOR_SPACE_GRAY"),
        ("neuwizard_conf { evaluation_conf { ir_types: IR_TYPE_NATIV } }", "IR_TYPE_NATIVE"),
        ("neuwizard_conf { evaluation_conf { ir_types: IR_TYPE_TORCH } }", ""),
        ("pulsar_conf { virtual_npu: VIRTUAL_NPU_MODE_111 }", ""),
    ],
)
def test_no_value_is_suggested_where_two_could_be_meant(text: str, meant: str) -> None:
    with pytest.raises(ConfigTextError) as caught:
        parse_config(text)
    assert caught.value.message.partition("did you mean ")[2].rstrip("?") == meant
