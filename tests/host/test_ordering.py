"""Which outputs stand in the order of a score, read from the float model alone."""

from pathlib import Path

import onnx
import pytest
from axpair_host.ordering import ordered_outputs
from onnx import TensorProto, helper


def written(path: Path, nodes: list[onnx.NodeProto], outputs: list[str]) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
    )
    onnx.save(helper.make_model(graph), path)
    return path


@pytest.mark.parametrize("operator", ["TopK", "NonMaxSuppression", "EfficientNMS_TRT", "ArgSort"])
def test_all_that_comes_behind_such_an_operator_is_ordered(tmp_path: Path, operator: str) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["plain.1"]),
        helper.make_node(operator, ["plain.1"], ["best", "at"]),
        helper.make_node("Gather", ["plain.1", "at"], ["boxes.1"]),
    ]
    path = written(tmp_path / "m.onnx", nodes, ["plain.1", "boxes.1", "best"])
    # A joint has ':' for '.'.
    assert ordered_outputs(path, ["plain:1", "boxes:1", "best"]) == {"boxes:1": operator, "best": operator}


def test_nothing_is_known_without_a_model_that_can_be_read(tmp_path: Path) -> None:
    assert ordered_outputs(None, ["y"]) == {}
    (tmp_path / "m.onnx").write_bytes(b"no model")
    assert ordered_outputs(tmp_path / "m.onnx", ["y"]) == {}
    path = written(tmp_path / "n.onnx", [helper.make_node("TopKernel", ["x"], ["y"])], ["y"])
    assert ordered_outputs(path, ["y"]) == {}
