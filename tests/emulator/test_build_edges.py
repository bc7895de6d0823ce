"""Where models begin and end in odd ways: several inputs, outputs that are inputs, shared, alike or constant."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.errors import ModelError
from axpair_emulator.metrics import cosine
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.errors import AxpairError
from axpair_proto.simulator import Models
from onnx import TensorProto, helper, numpy_helper
from onnx_models import INPUT, Workspace, config_text, net, node, pack, picture, png, random_array

R = random_array
Arrays = dict[str, np.ndarray]
CONV = node("Conv", [INPUT, "w"], ["c"], pads=[1, 1, 1, 1])
PARTS = {"w": R(4, 3, 3, 3, seed=1)}


def legs(model: onnx.ModelProto, folder: Path, others: Arrays | None = None) -> tuple[BuildResult, dict[str, Arrays]]:
    """Build with pictures for "data" and four samples each of the other inputs; run all three legs."""
    space, others = Workspace(folder), others or {}
    pack(folder / "c.tar", {f"{k}.png": png(picture(seed=k)) for k in range(4)})
    items = ['dataset_conf_items { selector { op_name: "data" } path: "c.tar" }']
    for name, values in others.items():
        random = np.random.default_rng(1)
        samples = [(values * random.uniform(0.5, 1)).astype(np.float32).tobytes() for _ in range(3)]
        pack(folder / f"{name}.tar", {f"{k}.bin": data for k, data in enumerate([values.tobytes(), *samples])})
        items.append(f'dataset_conf_items {{ selector {{ op_name: "{name}" }} path: "{name}.tar" }}')
    floats = "".join(
        f'input_conf_items {{ selector {{ op_name: "{name}" }} attributes {{ type: FLOAT32 }} }} ' for name in others
    )
    space.write(
        model,
        f"""neuwizard_conf {{
  operator_conf {{ {floats} }}
  dataset_conf_calibration {{ type: DATASET_TYPE_TAR {" ".join(items)} }}
}}""",
    )
    built = space.build()
    simulator = EmulatorSimulator()
    models = Models(built.joint, folder / "m.onnx", built.lava_joint, built.output_config)
    files = {INPUT: folder / "x.png", **{name: folder / f"{name}.bin" for name in others}}
    files[INPUT].write_bytes(png(picture(seed=0)))
    for name, values in others.items():
        files[name].write_bytes(values.tobytes())
    data = simulator.prepare(models, files).data
    for error in simulator.own_errors(models, data) or ():
        assert error.max_steps <= 1, error
    return built, {stage: dict(simulator.run(models, stage, data)) for stage in ("onnx", "lava_joint", "joint")}


def near(found: dict[str, Arrays]) -> None:
    for name, wanted in found["onnx"].items():
        assert found["joint"][name].shape == wanted.shape, name
        assert cosine(wanted, found["joint"][name]) > 0.99, name
        assert cosine(found["lava_joint"][name], found["joint"][name]) > 0.9999, name


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    nodes = [
        CONV,
        node("MatMul", ["vector", "k"], ["v"]),
        node("Reshape", ["v", "shape"], ["bias"]),
        node("Add", ["c", "bias"], ["sum"]),
        node("Sigmoid", ["sum"], ["map"]),
        node("Tanh", ["v"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [
            helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, (1, 3, 12, 10)),
            helper.make_tensor_value_info("vector", TensorProto.FLOAT, (1, 6)),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("map", "scores")],
        [
            numpy_helper.from_array(values, name)
            for name, values in {**PARTS, "k": R(6, 4), "shape": np.array([1, 4, 1, 1])}.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    built, found = legs(model, tmp_path, {"vector": R(1, 6, scale=2)})
    assert [port.name for port in built.program.inputs] == [INPUT, "vector"]
    assert list(found["joint"]) == ["map", "scores"]
    near(found)


def test_output_that_the_model_goes_on_with(tmp_path: Path) -> None:
    model = net([CONV, node("Relu", ["c"], ["r"]), node("Sigmoid", ["r"], ["s"])], ["c", "r", "s"], PARTS)
    near(legs(model, tmp_path)[1])


def test_output_that_is_an_input(tmp_path: Path) -> None:
    model = net([CONV, node("Identity", [INPUT], ["same"])], ["c", "same"], PARTS)
    near(legs(model, tmp_path)[1])


def test_outputs_that_are_alike(tmp_path: Path) -> None:
    model = net(
        [CONV, node("Relu", ["c"], ["a"]), node("Relu", ["c"], ["b"]), node("Identity", ["a"], ["d"])],
        ["a", "b", "d"],
        PARTS,
    )
    _, found = legs(model, tmp_path)
    near(found)
    np.testing.assert_array_equal(found["joint"]["a"], found["joint"]["b"])
    np.testing.assert_array_equal(found["joint"]["a"], found["joint"]["d"])


def test_outputs_that_are_one_name_in_a_joint_are_warned_of(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    space.write(
        net([CONV, node("Relu", ["c"], ["a.b"]), node("Sigmoid", ["c"], ["a:b"])], ["a.b", "a:b"], PARTS), config_text()
    )
    pack(tmp_path / "c.tar", {f"{k}.png": png(picture(seed=k)) for k in range(4)})
    built = space.build()
    assert "AX001: the outputs 'a.b' and 'a:b' are both 'a:b' in a joint, which takes '.' for ':'" in built.warnings


def test_output_that_depends_on_no_input(tmp_path: Path) -> None:
    model = net([CONV, node("Add", ["anchors", "one"], ["k"])], ["k", "c"], {**PARTS, "anchors": R(5, 4), "one": R(1)})
    _, found = legs(model, tmp_path)
    near(found)
    assert list(found["joint"]) == ["k", "c"]


def test_input_of_bytes_that_the_model_makes_float_itself(tmp_path: Path) -> None:
    model = net(
        [
            node("Transpose", [INPUT], ["t"], perm=[0, 3, 1, 2]),
            node("Cast", ["t"], ["f"], to=TensorProto.FLOAT),
            node("Mul", ["f", "k"], ["n"]),
            node("Conv", ["n", "w"], ["y"]),
        ],
        ["y"],
        {**PARTS, "k": np.float32(1 / 255)},
        shape=(1, 12, 10, 3),
    )
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    space = Workspace(tmp_path)
    pack(tmp_path / "c.tar", {f"{k}.png": png(picture(seed=k)) for k in range(4)})
    space.write(
        model,
        """src_input_tensors { tensor_layout: NHWC }
neuwizard_conf { dataset_conf_calibration { path: "c.tar" type: DATASET_TYPE_TAR } }""",
    )
    built = space.build()
    simulator = EmulatorSimulator()
    models = Models(built.joint, tmp_path / "m.onnx", built.lava_joint, built.output_config)
    (tmp_path / "x.png").write_bytes(png(picture(seed=9)))
    data = simulator.prepare(models, {INPUT: tmp_path / "x.png"}).data
    near({stage: dict(simulator.run(models, stage, data)) for stage in ("onnx", "lava_joint", "joint")})
    assert built.program.cpu is None


def test_output_whose_shape_depends_on_the_data_is_refused_with_its_operator(tmp_path: Path) -> None:
    nodes = [
        CONV,
        node("Reshape", ["c", "k1"], ["boxes"]),
        node("Reshape", ["c", "k2"], ["scores"]),
        node("NonMaxSuppression", ["boxes", "scores", "most"], ["chosen"]),
        node("Cast", ["chosen"], ["y"], to=TensorProto.FLOAT),
    ]
    constants = {"k1": np.array([1, 120, 4]), "k2": np.array([1, 4, 120]), "most": np.array([5])}
    with pytest.raises(
        ModelError, match=r"NonMaxSuppression .*'chosen'.*how much it gives depends on the data"
    ) as caught:
        legs(net(nodes, ["y"], {**PARTS, **constants}), tmp_path)
    assert "post-processor" in str(caught.value.next_step)


def test_model_of_doubles_is_refused_with_the_reason(tmp_path: Path) -> None:
    model = net([node("MatMul", [INPUT, "k"], ["y"])], ["y"], {"k": R(10, 4).astype(np.float64)})
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    with pytest.raises(ModelError, match=r"nothing .* left for the NPU: already MatMul .*float64") as caught:
        legs(model, tmp_path)
    assert "float32" in str(caught.value.next_step)


def test_a_model_without_inputs_is_refused(tmp_path: Path) -> None:
    model = net([node("Identity", ["w"], ["y"])], ["y"], PARTS)
    for unused, words in ((True, "no operator reads 'data'"), (False, "the model has no input")):
        if not unused:
            del model.graph.input[:]
        space = Workspace(tmp_path)
        space.write(model, config_text())
        with pytest.raises(ModelError, match=words):
            space.build()


def test_sparse_weights_are_refused_by_name(tmp_path: Path) -> None:
    model = net([node("Mul", [INPUT, "k"], ["y"])], ["y"], shape=(1, 4))
    values, indices = np.array([2.0], np.float32), np.array([1])
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(values, "k"), numpy_helper.from_array(indices, "k_at"), [4]
    )
    model.graph.sparse_initializer.append(sparse)
    space = Workspace(tmp_path)
    space.write(model, config_text())
    with pytest.raises(ModelError, match="weight 'k' as a sparse tensor"):
        space.build()


def test_a_batch_normalisation_of_negative_variance_makes_no_noise(tmp_path: Path) -> None:
    statistics = {name: np.full(4, value, np.float32) for name, value in (("s", 1), ("b", 0), ("m", 0), ("v", -1))}
    nodes = [CONV, node("BatchNormalization", ["c", "s", "b", "m", "v"], ["y"])]
    space = Workspace(tmp_path)
    space.write(net(nodes, ["y"], {**PARTS, **statistics}), config_text())
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(AxpairError):
            space.build()
    assert seen == []
