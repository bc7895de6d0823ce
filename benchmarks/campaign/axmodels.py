"""Writes .axmodel files from what is known of them: published metadata, or the table of pulsar2's five generations.

Their weights are zeros; nothing of the vendor's is in them.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from axpair_proto.topology import axmodel_pb2
from onnx import TensorProto, helper


@dataclass(frozen=True)
class Generation:
    """What the files of some releases have in common."""

    version: str
    ir: int
    opset: int
    real: str
    """The published file or document that this rests on."""

    @property
    def has_extra_data(self) -> bool:
        return not self.version.startswith("1.1")


GENERATIONS = (
    Generation("1.1-beta2", 6, 11, "the table alone"),
    Generation("1.8-beta1", 7, 13, "metadata of a published file"),
    Generation("1.9-beta1-dirty", 7, 13, "metadata of published files"),
    Generation("3.1", 8, 16, "metadata of a published file"),
    Generation("4.2", 10, 18, "extra data printed in documents, and the table"),
)


def write_axmodel(path: Path, facts: Mapping[str, Any]) -> Path:
    """Write a model from its published metadata."""
    sides = [
        [helper.make_tensor_value_info(one["name"], one["elem_type_id"], one["shape"]) for one in facts[side]]
        for side in ("input", "output")
    ]
    nodes = []
    for one in facts["node"]:
        node = helper.make_node(one["op_type"], one["input"], one["output"], name=one["name"], domain=one["domain"])
        node.attribute.extend(
            helper.make_attribute(name, attribute["value"]) for name, attribute in one["attribute"].items()
        )
        nodes.append(node)
    weights = [
        helper.make_tensor(one["name"], TensorProto.UINT8, one["dims"], bytes(one["raw_bytes"]), raw=True)
        for one in facts["initializer"]
    ]
    model = _model(nodes, sides, weights, facts["ir_version"], facts["opset_import"][0]["version"])
    model.doc_string = facts["doc_string"]
    helper.set_model_props(model, facts["metadata_props"])
    path.write_bytes(model.SerializeToString())
    return path


def write_generation(path: Path, one: Generation) -> Path:
    """Write a picture's model as pulsar2 of that generation does: BGR NHWC in, two float outputs."""
    new = one.opset >= 16
    data = "subgraph_npu_0_b1_neu" if new else "npu_0_b1_data" if one.has_extra_data else "npu_0_data"
    inputs = ["images"] if one.has_extra_data else ["images", data]
    node = helper.make_node("neu mode", inputs, ["p3", "/model.24/out"], name="subgraph_npu_0" if new else "npu_0")
    if one.has_extra_data:
        described = {
            "name": node.name,
            "dotneus": [{"neu_key": data, "batch": 1}, {"neu_key": f"{data}_4", "batch": 4}],
        }
        node.attribute.append(helper.make_attribute("neu_name", node.name))
        node.attribute.append(helper.make_attribute("npu_graph_info", json.dumps(described)))
        outputs = {"p3": ["FP32", [1, 8, 8, 6]], "/model.24/out": ["FP32", [1, 4]]}
        node.attribute.append(helper.make_attribute("outputs_info", json.dumps(outputs)))
    else:
        node.attribute.append(helper.make_attribute("neu name", "npu_0"))
    value = helper.make_tensor_value_info
    sides = [
        [value("images", TensorProto.UINT8, [1, 64, 64, 3])],
        [value("p3", TensorProto.FLOAT, [1, 8, 8, 6]), value("/model.24/out", TensorProto.FLOAT, [1, 4])],
    ]
    weights = [helper.make_tensor(data, TensorProto.UINT8, [40], bytes(40), raw=True)]
    model = _model([node], sides, weights, one.ir, one.opset)
    model.doc_string = f"Pulsar2 Version:  {one.version}\nPulsar2 Commit: a8a80616"
    if one.has_extra_data:
        extra = axmodel_pb2.AxmodelExtra(version="1", hardware_type=1)
        extra.tensor_extras.add(name="images", layout=1, color_space=2)
        extra.build_info.npu_mode = 1
        helper.set_model_props(model, {"extra_data": base64.b64encode(extra.SerializeToString()).decode()})
    path.write_bytes(model.SerializeToString())
    return path


def _model(nodes: list[Any], sides: list[list[Any]], weights: list[Any], ir: int, opset: int) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "ax-model", sides[0], sides[1], weights)
    return helper.make_model(
        graph, producer_name="Pulsar2", ir_version=ir, opset_imports=[helper.make_opsetid("", opset)]
    )
