"""Damaged operators of a joint's input side end in a sentence, before anything is computed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_emulator.errors import JointError
from axpair_emulator.program import Op, Program, Tensor
from axpair_emulator.storage.consistency import check_program
from onnx_models import INPUT, Workspace, config_text, net, node, random_array


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """yuv_planes, color_matrix, ..."""
    return built(tmp_path_factory.mktemp("camera"), "color_space: TENSOR_COLOR_SPACE_NV12")


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """affine, ..."""
    return built(tmp_path_factory.mktemp("numbers"), "data_type: INT16")


def built(folder: Path, joint: str) -> Program:
    space = Workspace(folder)
    model = net([node("Conv", [INPUT, "w"], ["y"])], ["y"], {"w": random_array(2, 3, 1, 1)})
    space.write(model, config_text(rest=f"dst_input_tensors {{ {joint} }}"))
    return space.build().program


def changed(program: Program, kind: str, **attrs: Any) -> Program:
    """The program with other attributes in its operator of this kind."""
    ops = tuple(dataclasses.replace(op, attrs={**op.attrs, **attrs}) if op.kind == kind else op for op in program.ops)
    return dataclasses.replace(program, ops=ops)


def with_array(program: Program, role: str, array: np.ndarray) -> Program:
    op = program.ops[0]
    return dataclasses.replace(program, arrays={**program.arrays, op.arrays[role]: array})


def test_what_was_built_is_sound(camera: Program, numbers: Program) -> None:
    check_program(camera)
    check_program(numbers)


@pytest.mark.parametrize(
    ("kind", "attrs", "message"),
    [
        ("yuv_planes", {"v_first": 2}, "v_first is 2"),
        ("yuv_planes", {"v_first": None}, "v_first is None"),
        ("color_matrix", {"matrix": [1] * 8}, "matrix has 8 numbers and 3 offsets for 3 to 3 channels"),
        ("color_matrix", {"offsets": [0]}, "9 numbers and 1 offsets"),
        ("color_matrix", {"matrix": "123456789"}, "its shapes"),
        ("color_matrix", {"matrix": [1.5] * 9}, "aren't whole numbers"),
        ("color_matrix", {"matrix": [1 << 20] * 9}, "its sums leave 2"),
        ("color_matrix", {"offsets": [-(1 << 30)] * 3}, "its sums leave 2"),
        ("color_matrix", {"shift": 0}, "aren't whole numbers"),
        ("color_matrix", {"shift": 60}, "aren't whole numbers"),
        ("affine", {"shift": 0}, "its shift is 0"),
        ("affine", {"shift": True}, "its shift is True"),
    ],
)
def test_a_damaged_attribute_is_named(
    camera: Program, numbers: Program, kind: str, attrs: dict[str, Any], message: str
) -> None:
    program = numbers if kind == "affine" else camera
    with pytest.raises(JointError, match=message):
        check_program(changed(program, kind, **attrs))


def test_a_damaged_array_of_affine_is_named(numbers: Program) -> None:
    for array, message in (
        (np.zeros(2, np.int64), "haven't 3 numbers"),
        (np.full(3, 1 << 23), "multiplier is out of bounds"),
        (np.zeros(3, np.int32), "multiplier is out of bounds"),
    ):
        with pytest.raises(JointError, match=message):
            check_program(with_array(numbers, "multiplier", array))
    with pytest.raises(JointError, match="offset is out of bounds"):
        check_program(with_array(numbers, "offset", np.full(3, -(1 << 60))))


def test_shapes_that_do_not_fit_are_refused(camera: Program) -> None:
    program = camera
    for op in program.ops[:2]:
        tensors = {**program.tensors, op.output: Tensor(op.output, (1, 3, 14, 10), 1.0, 0)}
        with pytest.raises(JointError, match="its shapes are"):
            check_program(dataclasses.replace(program, tensors=tensors))
        wide = {**program.tensors, op.output: dataclasses.replace(program.tensors[op.output], bits=16)}
        with pytest.raises(JointError, match="two tensors of bytes"):
            check_program(dataclasses.replace(program, tensors=wide))
        two = Op(op.kind, op.name, (op.inputs[0], op.inputs[0]), op.output, op.attrs)
        ops = tuple(two if one is op else one for one in program.ops)
        with pytest.raises(JointError, match="two tensors of bytes"):
            check_program(dataclasses.replace(program, ops=ops))
