"""Small models whose input is ids: they pick rows of a table, as the words of a text do."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx_models import Workspace, node, pack, random_array

Array = np.ndarray[Any, Any]
ROWS, WIDTH, IDS = 50, 16, 8
INT32, INT64 = TensorProto.INT32, TensorProto.INT64


def ids(seed: int = 0) -> Array:
    """1 x IDS of them, int32."""
    drawn: Array = np.random.default_rng(seed).integers(0, ROWS, (1, IDS)).astype(np.int32)
    return drawn


def embedding(dtype: int = INT64, *, cast: bool = False, second: bool = False) -> onnx.ModelProto:
    """Rows of a table, positions added, one layer, the average. `cast`: to the other integer type first; `second`: a
    table of another width is read by the same ids and joined behind it."""
    nodes, picks = [], "ids"
    if cast:
        nodes.append(node("Cast", ["ids"], ["cast"], to=INT64 if dtype == INT32 else INT32))
        picks = "cast"
    nodes.append(node("Gather", ["table", picks], ["rows"]))
    tables = {"table": random_array(ROWS, WIDTH, seed=1, scale=1.0)}
    width, behind = WIDTH, "rows"
    if second:
        nodes += [node("Gather", ["other", picks], ["more"]), node("Concat", ["rows", "more"], ["joined"], axis=2)]
        tables["other"] = random_array(ROWS, 4, seed=2, scale=1.0)
        width, behind = WIDTH + 4, "joined"
    nodes += [
        node("Add", [behind, "places"], ["placed"]),
        node("MatMul", ["placed", "weight"], ["product"]),
        node("Relu", ["product"], ["features"]),
        node("ReduceMean", ["features"], ["y"], axes=[1], keepdims=0),
    ]
    constants = {"places": random_array(IDS, width, seed=3), "weight": random_array(width, 24, seed=4)}
    return model_of(nodes, {"ids": (dtype, (1, IDS))}, ["y"], {**tables, **constants})


def model_of(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int, tuple[int, ...]]],
    outputs: list[str],
    constants: dict[str, Array],
) -> onnx.ModelProto:
    """A model with inputs of any type."""
    graph = helper.make_graph(
        nodes,
        "ids",
        [helper.make_tensor_value_info(name, dtype, shape) for name, (dtype, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model


def workspace(
    folder: Path, model: onnx.ModelProto, operators: str = "", rest: str = "", dtype: str = "<i4"
) -> Workspace:
    """The model with a configuration that says nothing of its input's type unless asked, and a set of eight samples."""
    pack(folder / "c.tar", {f"{seed}.bin": ids(seed).astype(dtype).tobytes() for seed in range(1, 9)})
    space = Workspace(folder)
    space.write(
        model,
        f"""target_hardware: TARGET_HARDWARE_AX620
neuwizard_conf {{ operator_conf {{ {operators} }} dataset_conf_calibration {{ path: "c.tar" type: DATASET_TYPE_TAR }} }}
{rest}
""",
    )
    return space
