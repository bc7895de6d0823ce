"""How a joint's outputs are to be read."""

import json
import re
from pathlib import Path

import onnx
import pytest
from axpair_host.errors import UsageError
from axpair_host.files import given_models
from axpair_host.modelinfo import ModelInfo, model_info, reading
from axpair_proto.description import TensorDescription
from axpair_proto.onnx_file import read_onnx
from axpair_proto.simulator import Models
from command_line import axpair
from tiny import build_tiny

from benchmarks.campaign.axmodels import GENERATIONS, write_generation


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (
            TensorDescription("a", "float32", (1, 120, 160, 10), "NHWC"),
            "value(n,h,w,c) = ((float *)out)[((n*120+h)*160+w)*10+c]",
        ),
        (
            TensorDescription("a", "int16", (1, 4, 2, 3), "NCHW", q=256),
            "value(n,c,h,w) = ((int16_t *)out)[((n*4+c)*2+h)*3+w] / 256",
        ),
        (TensorDescription("a", "uint8", (1, 1000)), "value(i0,i1) = ((uint8_t *)out)[i0*1000+i1]"),
        (TensorDescription("a", "float32", ()), "value() = ((float *)out)[0]"),
    ],
)
def test_an_output_is_read_by_one_line_of_c(tensor: TensorDescription, expected: str) -> None:
    assert reading(tensor) == expected


def test_the_line_of_c_names_the_element_that_numpy_does() -> None:
    import numpy as np

    shape = (2, 3, 4, 5)
    flat = np.arange(120)
    line = reading(TensorDescription("a", "float32", shape, "NHWC"))
    index = line[line.index("[") + 1 : line.index("]")]
    assert index == "((n*3+h)*4+w)*5+c"
    for n, h, w, c in np.ndindex(*shape):
        assert flat[((n * 3 + h) * 4 + w) * 5 + c] == flat.reshape(shape)[n, h, w, c]


def test_an_emulated_joint_is_described_whole(tiny: Models) -> None:
    found = model_info(tiny.joint)
    assert isinstance(found, ModelInfo)
    assert found.simulator == "emulator"
    assert found.output_names == ("prob/raw", "feat")
    document = found.document()
    assert document["outputs"][1]["step"] > 0
    assert document["outputs"][0]["reading"].startswith("value(n,")
    assert document["unknown"] is None


def test_the_command_prints_every_tensor_with_its_reading(tiny: Models) -> None:
    done = axpair("model", "info", tiny.joint)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("input  0  data  uint8  1x12x10x3  NHWC  BGR")
    assert lines[2].startswith("output 0  prob/raw  float32")
    assert lines[3].strip().startswith("value(")
    assert json.loads(axpair("model", "info", tiny.joint, "--json").stdout)["inputs"][0]["color_space"] == "BGR"


def test_a_missing_joint_is_named(tmp_path: Path) -> None:
    done = axpair("model", "info", tmp_path / "none.joint")
    assert done.returncode == 2
    assert "none.joint" in done.stderr


def test_a_lava_joint_of_the_emulator_is_not_the_real_toolchain_s(tiny: Models) -> None:
    assert tiny.lava_joint is not None
    assert "built by the emulated toolchain" in axpair("model", "info", tiny.lava_joint).stdout


def test_a_shape_that_the_file_does_not_say_is_unknown_and_none_at_all_is_a_scalar(tmp_path: Path) -> None:
    newest = write_generation(tmp_path / "m.axmodel", GENERATIONS[-1])
    model = onnx.load(newest)
    model.graph.input[0].type.tensor_type.ClearField("shape")
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    onnx.save(model, newest)
    found = json.loads(axpair("model", "info", newest, "--json").stdout)
    assert found["inputs"][0]["shape"] is None
    assert found["outputs"][0]["shape"] == []
    assert "p3  float32  scalar" in axpair("model", "info", newest).stdout
    assert "images  uint8  shape unknown  NHWC" in axpair("model", "info", newest).stdout


@pytest.mark.parametrize(
    ("content", "words", "step"),
    [
        (b"\x08\x0a\x12\x07Pulsar2\x1a\x031.9:\xff", "is a damaged .axmodel of pulsar2", "copy it again"),
        (b"<!doctype html><html>404</html>", "is an HTML page, and no model", "download the file itself"),
        (b'{"error": "not found"}', "is a JSON file, and no model", "download the model again"),
        (b"Access denied\n", "is a text, and no model", "download the model again"),
    ],
)
def test_what_lies_in_a_model_s_place_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, words: str, step: str
) -> None:
    (tmp_path / "m.joint").write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(words)) as refused:
        model_info(tmp_path / "m.joint")
    assert step in refused.value.next_step.one_line
    with pytest.raises(UsageError) as refused:
        given_models(tmp_path / "m.joint", None, None, None)
    assert step in refused.value.next_step.one_line


def test_damaged_extra_data_are_not_taken_for_none(tmp_path: Path) -> None:
    newest = write_generation(tmp_path / "m.axmodel", GENERATIONS[-1])
    model = onnx.load(newest)
    onnx.helper.set_model_props(model, {"extra_data": "!!"})
    onnx.save(model, newest)
    facts = read_onnx(newest).axmodel
    assert facts is not None
    assert (facts.has_extra_data, facts.extra_data_is_damaged) == (False, True)
    (line,) = (line for line in model_info(newest).lines() if "extra data" in line)
    assert line.startswith("its extra data can't be read: the file is damaged: colors, layouts")
