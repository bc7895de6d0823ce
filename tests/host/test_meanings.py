"""Which outputs stand in the order of a score, read from the float model alone."""

from pathlib import Path

import onnx
import pytest
from axpair_proto.meanings import Meanings, meanings
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
    assert meanings(path, ["plain:1", "boxes:1", "best"]).ordered == {"boxes:1": operator, "best": operator}


def test_nothing_is_known_without_a_model_that_can_be_read(tmp_path: Path) -> None:
    assert meanings(None, ["y"]) == Meanings()
    (tmp_path / "m.onnx").write_bytes(b"no model")
    assert meanings(tmp_path / "m.onnx", ["y"]) == Meanings()
    path = written(tmp_path / "n.onnx", [helper.make_node("TopKernel", ["x"], ["y"])], ["y"])
    assert meanings(path, ["y"]) == Meanings()


def test_what_comes_of_an_argmax_by_moving_and_looking_up_is_named(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ArgMax", ["x"], ["places"]),
        helper.make_node("Resize", ["places", "", "scales"], ["larger"], mode="nearest"),
        helper.make_node("Resize", ["places", "", "scales"], ["mixed"], mode="linear"),
        helper.make_node("Gather", ["ids", "larger"], ["looked_up"]),
        helper.make_node("Cast", ["looked_up"], ["cast"], to=1),
        helper.make_node("Gather", ["vectors", "places"], ["embedded"]),
        helper.make_node("Add", ["places", "one"], ["summed"]),
        helper.make_node("Mul", ["places", "twelve"], ["gray"]),
        helper.make_node("Mul", ["places", "vectors"], ["weighed"]),
    ]
    outputs = ["places", "mixed", "cast", "embedded", "summed", "gray", "weighed"]
    path = written(tmp_path / "m.onnx", nodes, outputs)
    model = onnx.load(path)
    model.graph.initializer.append(helper.make_tensor("ids", TensorProto.INT32, [2], [7, 9]))
    model.graph.initializer.append(helper.make_tensor("vectors", TensorProto.FLOAT, [2], [0.5, 1.5]))
    model.graph.initializer.append(helper.make_tensor("twelve", TensorProto.FLOAT, [], [12.0]))
    onnx.save(model, path)
    assert meanings(path, outputs).named == dict.fromkeys(("places", "cast", "gray"), "ArgMax")
