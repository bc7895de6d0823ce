"""ONNX models: odd fields, cycles, senseless shapes, weights of wrong length, deep nesting, foreign operators."""

import contextlib
import struct
from pathlib import Path
from random import Random

import onnx
from onnx import TensorProto, helper

from benchmarks.fuzz import small_models
from benchmarks.fuzz.building import build_and_run
from benchmarks.fuzz.messages import mutate
from benchmarks.fuzz.odd import INTEGERS, STRINGS, damaged


class OnnxFile:
    """Models built with a plain configuration, and run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._models = small_models.models()
        (folder / "c.prototxt").write_text(small_models.CONFIG.replace('selector { op_name: "data" }', ""))
        small_models.write_pictures(folder / "c.tar")

    def mutant(self, random: Random) -> bytes:
        model = onnx.ModelProto()
        model.CopyFrom(random.choice(self._models))
        if random.random() < 0.5:
            mutate(model, random, random.randint(1, 3))
        while random.random() < 0.5:
            with contextlib.suppress(IndexError):  # there is nothing left to change
                random.choice(_CHANGES)(model, random)
        data = model.SerializeToString()
        if random.random() < 0.01:
            data += _deep(random.choice((30, 34, 100, 10_000)))
        return damaged(random, data) if random.random() < 0.2 else data

    def feed(self, data: bytes) -> None:
        (self._folder / "m.onnx").write_bytes(data)
        build_and_run(self._folder)


def _deep(levels: int) -> bytes:
    """Graphs inside attributes of nodes of graphs, deeper than protobuf itself would write them."""
    graph = b""
    for _ in range(levels):
        for field in (6, 5, 1):  # AttributeProto.g, NodeProto.attribute, GraphProto.node
            graph = bytes([field << 3 | 2]) + _varint(len(graph)) + graph
    return b"\x3a" + _varint(len(graph)) + graph


def _varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _cycle(model: onnx.ModelProto, random: Random) -> None:
    nodes = list(model.graph.node)
    node, other = random.choice(nodes), random.choice(nodes)
    if node.input and other.output:
        node.input[random.randrange(len(node.input))] = random.choice(list(other.output))


def _dims(model: onnx.ModelProto, random: Random) -> None:
    shaped = [tensor.dims for tensor in model.graph.initializer if tensor.dims]
    if shaped:
        dims = random.choice(shaped)
        lengths = list(dims)
        if random.random() < 0.4:
            random.shuffle(lengths)
        else:
            lengths[random.randrange(len(lengths))] = random.choice(INTEGERS)
        del dims[:]
        dims.extend(lengths)


def _input_shape(model: onnx.ModelProto, random: Random) -> None:
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if random.random() < 0.5 and dims:
            axis = random.choice(list(dims))
            if random.random() < 0.3:
                axis.dim_param = random.choice(STRINGS[:20])
            else:
                axis.dim_value = random.choice((*INTEGERS, 5, 64, 2000))
        else:
            value.type.tensor_type.elem_type = random.randrange(24)


def _operator(model: onnx.ModelProto, random: Random) -> None:
    node = random.choice(list(model.graph.node))
    if random.random() < 0.3:
        node.domain = random.choice(("com.microsoft", "ai.onnx.ml", "x.y", "ai.onnx"))
    kinds = sorted({schema.name for schema in onnx.defs.get_all_schemas()})
    node.op_type = random.choice(kinds)


def _attribute(model: onnx.ModelProto, random: Random) -> None:
    attributes = [one for node in model.graph.node for one in node.attribute if one.ints or one.HasField("i")]
    if attributes:
        one = random.choice(attributes)
        if one.ints:
            one.ints[random.randrange(len(one.ints))] = random.choice((*INTEGERS, 0, 4, 9))
        else:
            one.i = random.choice(INTEGERS)


def _weights(model: onnx.ModelProto, random: Random) -> None:
    tensors = list(model.graph.initializer)
    if tensors:
        tensor = random.choice(tensors)
        value = random.choice((float("nan"), float("inf"), 0.0, 1e38, 1e-40))
        if random.random() < 0.5:
            tensor.raw_data = struct.pack("<f", value) * (len(tensor.raw_data) // 4)
        else:
            tensor.raw_data = tensor.raw_data[: random.randrange(len(tensor.raw_data) + 1)]


def _external(model: onnx.ModelProto, random: Random) -> None:
    tensors = list(model.graph.initializer)
    if tensors:
        tensor = random.choice(tensors)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        place = random.choice(("/etc/hostname", "../../../etc/hostname", "c.tar", "m.onnx", "", "a\0b", "nowhere", "."))
        for key, value in (("location", place), ("offset", str(random.choice(INTEGERS))), ("length", "x")):
            if random.random() < 0.8:
                tensor.external_data.add(key=key, value=value)


def _nested(model: onnx.ModelProto, random: Random) -> None:
    output = model.graph.output[0].name
    graph = _leaf()
    for _ in range(random.choice((1, 2, 10, 28))):
        yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
        branch = helper.make_node("If", ["yes"], ["inside"], then_branch=graph, else_branch=_leaf())
        graph = _leaf()
        del graph.node[:]
        graph.node.extend([helper.make_node("Constant", [], ["yes"], value=yes), branch])
    model.graph.node.extend(graph.node)
    model.graph.node.append(helper.make_node("Identity", ["inside"], [output + "_nested"]))
    if random.random() < 0.5:
        model.graph.output[0].name = output + "_nested"


def _leaf() -> onnx.GraphProto:
    return helper.make_graph(
        [helper.make_node("Identity", ["data"], ["inside"])],
        "leaf",
        [],
        [helper.make_tensor_value_info("inside", TensorProto.FLOAT, None)],
    )


def _enormous(model: onnx.ModelProto, random: Random) -> None:
    """A few bytes that ask for much memory."""
    length = random.choice((1 << 12, 1 << 16, 1 << 20, 1 << 31, 1 << 40))
    dims = helper.make_tensor("dims", TensorProto.INT64, [2], [length, random.choice((1, length))])
    kind = random.choice(("ConstantOfShape", "Expand", "Tile"))
    inputs = {"ConstantOfShape": ["dims"], "Expand": ["tiny", "dims"], "Tile": ["tiny", "dims"]}[kind]
    tiny = helper.make_tensor("tiny", TensorProto.FLOAT, [1, 1], [1.0])
    last = model.graph.output[0].name
    model.graph.node.extend(
        [
            helper.make_node("Constant", [], ["dims"], value=dims),
            helper.make_node("Constant", [], ["tiny"], value=tiny),
            helper.make_node(kind, inputs, ["vast"]),
            helper.make_node("ReduceMax", ["vast"], ["one"], keepdims=0),
            helper.make_node("Add", [last, "one"], ["with_vast"]),
        ]
    )
    model.graph.output[0].name = "with_vast"


def _version(model: onnx.ModelProto, random: Random) -> None:
    model.opset_import[0].version = random.choice((*INTEGERS, 1, 6, 9, 11, 13, 18, 21, 23, 99))
    if random.random() < 0.2:
        model.ir_version = random.choice(INTEGERS)


def _name(model: onnx.ModelProto, random: Random) -> None:
    """One name, changed wherever it is used: the model stays sound."""
    names = sorted({name for node in model.graph.node for name in (*node.input, *node.output) if name})
    old, new = random.choice(names), random.choice(STRINGS)
    for node in model.graph.node:
        for part in (node.input, node.output):
            kept = [new if name == old else name for name in part]
            del part[:]
            part.extend(kept)
    for named in (model.graph.input, model.graph.output, model.graph.initializer):
        for value in named:
            value.name = new if value.name == old else value.name


_CHANGES = (
    *(_cycle, _dims, _input_shape, _operator, _attribute, _weights, _external, _nested, _enormous, _version, _name),
    *(_operator, _attribute, _dims),
)
