"""A gt folder of .bin files alone whose outputs are integers: the ONNX model's are float32 all the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.main import run
from axpair_proto.joint import pack_joint
from axpair_proto.topology.topology_pb2 import Topology

Array = np.ndarray[Any, Any]
Capture = pytest.CaptureFixture[str]
LOG = """run joint version: 0.5.13

virtual npu mode is 1_1

tools version: 0.6.1.4
59588c54
Input[0]: input
    Shape [1, 8, 8, 3] NHWC uint8 RGB
    Memory Physical
    Size 192
Output[0]: output
    Shape [1, 6, 4, 5] NCHW {dtype} Q={q}
    Memory Physical
    Size {size}

Using batch size 1
dump output[0] output as out/output.bin success
"""


@pytest.mark.parametrize(("dtype", "named", "q"), [("int16", "sint16", 256), ("int8", "sint8", 16)])
@pytest.mark.parametrize("suffix", [".bin", ".npy"])
def test_the_float_leg_is_read_as_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, dtype: str, named: str, q: int, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    topology = Topology(input_names=["input"], output_names=["output"], tool_commit="0.6.1.4\n59588c54")
    Path("m.joint").write_bytes(pack_joint(topology, {"part_0.neu": b"code"}))
    floats = np.random.default_rng(0).normal(size=(1, 6, 4, 5)).astype(np.float32)
    codes = np.rint(floats * q).astype(dtype)
    pixels = np.arange(192, dtype=np.uint8).reshape(1, 8, 8, 3)
    tensors: dict[str, Array] = {
        "gt/input/input": pixels,
        "gt/onnx/output": floats,
        "gt/joint/output": codes,
        "out/output": codes,
    }
    for stem, array in tensors.items():
        Path(stem).parent.mkdir(parents=True)
        array.tofile(f"{stem}.bin")
        if suffix == ".npy":
            np.save(f"{stem}.npy", array)
    Path("run.log").write_text(LOG.format(dtype=named, q=q, size=codes.nbytes))
    command = ["pair", "--joint", "m.joint", "--gt", "gt", "--board-out", "out", "--board-log", "run.log", "--out", "g"]
    assert run([*command, "--json"]) == 0
    (output,) = json.loads(capsys.readouterr().out)["outputs"]
    assert output["dtype"] == dtype
    assert output["onnx_joint"]["cosine"] > 0.999
    for npy in Path("g").rglob("*.npy"):
        npy.unlink()
    assert run(["diagnose", "g", "--json"]) == 0  # as it lies, without .npy and with pair.json
    (output,) = json.loads(capsys.readouterr().out)["outputs"]
    assert output["onnx_joint"]["cosine"] > 0.999
