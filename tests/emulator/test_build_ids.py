"""Inputs of whole numbers that pick rows of a table are built; what computes with them is refused in its own words."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.errors import ConfigError, InputError, JointError, ModelError
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.consistency import check_program
from axpair_proto.config_files import read_config
from axpair_proto.simulator import Models
from emulator.id_models import IDS, INT32, INT64, ROWS, embedding, ids, model_of, workspace
from onnx_models import SIXTEEN_BITS, node, random_array

Array = np.ndarray[Any, Any]
SIMULATOR = EmulatorSimulator()


def models_of(folder: Path, result: BuildResult) -> Models:
    return Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)


def legs(models: Models, file: Path) -> dict[str, Array]:
    data = SIMULATOR.prepare(models, {"ids": file}).data
    return {stage: SIMULATOR.run(models, stage, data)["y"] for stage in ("onnx", "lava_joint", "joint")}


def stored(folder: Path, values: Array) -> Path:
    np.save(folder / "x.npy", values)
    return folder / "x.npy"


@pytest.mark.parametrize(
    ("dtype", "more"),
    [(INT64, {}), (INT32, {}), (INT32, {"cast": True}), (INT64, {"cast": True}), (INT64, {"second": True})],
)
@pytest.mark.parametrize("bits", [8, 16])
def test_ids_pick_rows_of_a_table_on_the_npu(tmp_path: Path, dtype: int, more: Mapping[str, bool], bits: int) -> None:
    space = workspace(tmp_path, embedding(dtype, **more), SIXTEEN_BITS if bits == 16 else "")
    result = space.build()
    assert [op.kind for op in result.program.ops].count("lookup") == 1 + bool(more.get("second"))
    assert result.program.cpu is None
    assert result.warnings == ()
    models = models_of(tmp_path, result)
    (given,) = SIMULATOR.describe(models.joint).inputs
    assert (given.dtype, given.shape, given.size_bytes) == ("int32", (1, IDS), 4 * IDS)
    found = legs(models, stored(tmp_path, ids()))
    error = np.linalg.norm(found["joint"] - found["onnx"]) / np.linalg.norm(found["onnx"])
    assert error < (0.03 if bits == 8 else 5e-3)
    assert np.abs(found["joint"] - found["lava_joint"]).max() <= 1.01 * SIMULATOR.describe(models.joint).outputs[0].step


def test_the_rows_are_those_of_the_table(tmp_path: Path) -> None:
    """Each id alone, so that a mixture can't hide which row came out."""
    model = model_of(
        [node("Gather", ["table", "ids"], ["y"])],
        {"ids": (INT64, (1, IDS))},
        ["y"],
        {"table": np.arange(ROWS * 3, dtype=np.float32).reshape(ROWS, 3)},
    )
    models = models_of(tmp_path, workspace(tmp_path, model).build())
    found = legs(models, stored(tmp_path, ids()))
    assert np.abs(found["joint"] - found["onnx"]).max() <= SIMULATOR.describe(models.joint).outputs[0].step
    assert (found["joint"] == found["lava_joint"]).all()


@pytest.mark.parametrize("dtype", [INT32, INT64])
def test_negative_ids_count_from_the_end_of_each_table(tmp_path: Path, dtype: int) -> None:
    models = models_of(tmp_path, workspace(tmp_path, embedding(dtype, second=True)).build())
    positive, negative = (legs(models, stored(tmp_path, one)) for one in (ids(), ids() - ROWS))
    for stage, found in negative.items():
        assert (found == positive[stage]).all(), stage


def test_the_configuration_that_is_written_builds_the_same(tmp_path: Path) -> None:
    space = workspace(tmp_path, embedding())
    result = space.build()
    assert result.output_config is not None
    read_config(result.output_config)
    again = replace(space)
    (tmp_path / "c.prototxt").write_bytes(result.output_config.read_bytes())
    assert again.build("again").joint.read_bytes() == result.joint.read_bytes()


def test_ids_of_sixteen_bits_are_taken_where_the_configuration_says_so(tmp_path: Path) -> None:
    space = workspace(tmp_path, embedding(), rest="dst_input_tensors { data_type: UINT16 }", dtype="<u2")
    models = models_of(tmp_path, space.build())
    assert SIMULATOR.describe(models.joint).inputs[0].dtype == "uint16"
    found = legs(models, stored(tmp_path, ids().astype(np.uint16)))
    assert np.abs(found["joint"] - found["onnx"]).max() < 0.1


def test_files_of_int64_are_taken_and_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    models = models_of(tmp_path, workspace(tmp_path, embedding()).build())
    short, wide = (
        SIMULATOR.prepare(models, {"ids": stored(tmp_path, ids().astype(kind))}).data for kind in ("i4", "i8")
    )
    assert short == wide
    far = ids().astype(np.int64)
    far[0, 3] = 1 << 40
    with pytest.raises(InputError, match="takes int32"):
        SIMULATOR.prepare(models, {"ids": stored(tmp_path, far)})
    ids().astype("<i8").tofile(tmp_path / "x.bin")
    with pytest.raises(InputError, match=r"has 64 bytes; input 'ids' takes 32 \(int32 1x8\)") as refused:
        SIMULATOR.prepare(models, {"ids": tmp_path / "x.bin"})
    assert "astype('<i4')" in refused.value.next_step.one_line


def test_an_id_beyond_the_table_is_the_input_s_and_the_joint_takes_the_last_row(tmp_path: Path) -> None:
    models = models_of(tmp_path, workspace(tmp_path, embedding()).build())
    last = np.full((1, IDS), ROWS - 1, np.int32)
    data = [SIMULATOR.prepare(models, {"ids": stored(tmp_path, last + more)}).data for more in (0, 7)]
    with pytest.raises(ModelError, match="out of data bounds") as refused:
        SIMULATOR.run(models, "onnx", data[1])
    assert "check the input" in refused.value.next_step.one_line
    joint = [SIMULATOR.run(models, "joint", one)["y"] for one in data]
    assert (joint[0] == joint[1]).all()


MASK = model_of(
    [
        node("Cast", ["mask"], ["numbers"], to=1),
        node("Gather", ["table", "ids"], ["rows"]),
        node("Unsqueeze", ["numbers", "last"], ["column"]),
        node("Mul", ["rows", "column"], ["y"]),
    ],
    {"ids": (INT64, (1, IDS)), "mask": (INT64, (1, IDS))},
    ["y"],
    {"table": random_array(ROWS, 4), "last": np.array([-1])},
)
ACROSS = model_of(
    [node("Gather", ["table", "ids"], ["y"], axis=1)],
    {"ids": (INT64, (1, IDS))},
    ["y"],
    {"table": random_array(4, ROWS)},
)
COUNTED = model_of(
    [node("Add", ["ids", "one"], ["next"]), node("Gather", ["table", "next"], ["y"])],
    {"ids": (INT64, (1, IDS))},
    ["y"],
    {"table": random_array(ROWS + 1, 4), "one": np.array(1)},
)


@pytest.mark.parametrize(
    ("model", "node_type", "name"), [(MASK, "Cast", "mask"), (ACROSS, "Gather", "ids"), (COUNTED, "Add", "ids")]
)
def test_what_computes_with_whole_numbers_of_an_input_is_refused_by_its_name(
    tmp_path: Path, model: Any, node_type: str, name: str
) -> None:
    space = workspace(tmp_path, model)
    for one in ("ids", "mask"):
        (tmp_path / f"{one}.tar").write_bytes((tmp_path / "c.tar").read_bytes())
    with pytest.raises(ModelError) as refused:
        space.build()
    assert f"{node_type} " in refused.value.message
    assert f"{name!r} is an input of int64; the NPU only takes rows of a constant table" in refused.value.message
    assert f"export the model so that {name!r} is float32" in refused.value.next_step.one_line
    assert "computed at run time" not in refused.value.message


@pytest.mark.parametrize(
    ("operators", "rest", "said"),
    [
        (
            "",
            "dst_input_tensors { data_type: FLOAT32 }",
            "FLOAT32 in the configuration, and the ONNX model takes whole",
        ),
        ("", "dst_input_tensors { data_type: INT16 quantization_value: 8 }", "nothing of them is normalised"),
        (
            "input_conf_items { attributes { input_modifications { affine_preprocess { slope: 2 } } } }",
            "",
            "nothing of them is normalised",
        ),
    ],
)
def test_a_configuration_that_makes_no_ids_of_them_is_refused(
    tmp_path: Path, operators: str, rest: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        workspace(tmp_path, embedding(), operators, rest).build()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table[:, :3], "gives 24 elements"),
        (lambda table: table[:0], "its table is uint8"),
        (lambda table: table.ravel(), "its table is uint8"),
        (lambda table: table.astype(np.uint16), "its table is uint16"),
        (lambda table: table.astype(np.float32), "its table is float32"),
    ],
)
def test_a_damaged_table_is_refused_before_it_runs(tmp_path: Path, change: Any, said: str) -> None:
    program = workspace(tmp_path, embedding()).build().program
    (key,) = next(op for op in program.ops if op.kind == "lookup").arrays.values()
    check_program(program)
    with pytest.raises(JointError, match=said):
        check_program(replace(program, arrays={**program.arrays, key: change(program.arrays[key])}))


def test_a_table_that_reads_no_input_of_whole_numbers_is_refused(tmp_path: Path) -> None:
    program = workspace(tmp_path, embedding()).build().program
    (port,) = program.inputs
    with pytest.raises(JointError, match="doesn't read an input of whole numbers"):
        check_program(replace(program, inputs=(replace(port, dtype="float32"),)))
