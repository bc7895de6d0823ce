"""Configurations: messages with fields of odd value, and text with words swapped, doubled, missing or senseless."""

import re
from pathlib import Path
from random import Random

from axpair_proto.config_files import read_config
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.text import parse_config, write_config

from benchmarks.fuzz import small_models
from benchmarks.fuzz.building import build_and_run
from benchmarks.fuzz.messages import mutate
from benchmarks.fuzz.odd import FLOATS, INTEGERS, STRINGS, damaged

FULL = """input_type: INPUT_TYPE_ONNX output_type: OUTPUT_TYPE_JOINT target_hardware: TARGET_HARDWARE_AX620
input_path: "m.onnx" output_path: "m.joint"
src_input_tensors { tensor_name: "data" color_space: TENSOR_COLOR_SPACE_RGB tensor_layout: NCHW data_type: FLOAT32 }
dst_input_tensors { tensor_name: "data" color_space: TENSOR_COLOR_SPACE_BGR tensor_layout: NHWC data_type: UINT8
  color_standard: CSC_LEGACY }
dst_output_tensors { tensor_name: "y" data_type: INT16 quantization_value: 256 tensor_layout: NHWC }
cpu_backend_settings { onnx_setting { mode: ENABLED } axe_setting { mode: DISABLED axe_param {
  optimize_slim_model: true } } }
neuwizard_conf {
  operator_conf {
    input_conf_items { selector { op_name: "data" } attributes { type: UINT8 input_modifications {
      affine_preprocess { slope: 1 slope_divisor: 255 bias: 0 bias_divisor: 1 } }
      input_modifications { input_normalization { mean: [0.4, 0.5, 0.6] std: [0.2, 0.2, 0.2] } } } }
    operator_conf_items { selector { op_name_regex: "Conv.*" } attributes { input_feature_type: UINT16
      weight_type: INT8 } }
  }
  dataset_conf_calibration { path: "c.tar" type: DATASET_TYPE_TAR size: 2 batch_size: 1
    calibration_strategy: CALIB_STRATEGY_PER_CHANNEL observer_method: OBSVR_METHOD_MSE_CLIPPING
    dataset_conf_items { selector { op_name: "data" } path: "c.tar" } }
  evaluation_conf { path: "c.tar" type: EVALUATION_TYPE_ERROR_MEASURE ir_types: IR_TYPE_LAVA }
}
pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_111 batch_size_option: BSO_STATIC batch_size: [1] debug: true }
"""
_WORD = re.compile(r'"[^"]*"|[A-Za-z_][A-Za-z_0-9]*|[-0-9.]+|\S|\s+')


class Prototxt:
    """Configurations of a small model, built and run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "m.onnx").write_bytes(small_models.models()[0].SerializeToString())
        small_models.write_pictures(folder / "c.tar")
        self._bases = tuple(parse_config(text)[0] for text in (small_models.CONFIG, FULL))
        self._names = [value for enum in pb.DESCRIPTOR.enum_types_by_name.values() for value in enum.values_by_name]
        self._names += [field for kind in pb.DESCRIPTOR.message_types_by_name.values() for field in kind.fields_by_name]

    def mutant(self, random: Random) -> bytes:
        config = pb.Config()
        config.CopyFrom(random.choice(self._bases))
        if random.random() < 0.7:
            mutate(config, random, random.randint(1, 5))
        text = write_config(config)
        if random.random() < 0.6:
            text = self._reworded(text, random)
        data = text.encode("utf-8", "surrogatepass")
        return damaged(random, data) if random.random() < 0.3 else data

    def feed(self, data: bytes) -> None:
        (self._folder / "c.prototxt").write_bytes(data)
        build_and_run(self._folder)
        read_config(self._folder / "oc.prototxt")

    def _reworded(self, text: str, random: Random) -> str:
        words = _WORD.findall(text) or [""]
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(words))
            deep = random.choice((5, 99, 101, 3000))
            odd = (
                *(
                    str(random.choice(INTEGERS)),
                    str(random.choice(FLOATS)),
                    "9" * random.choice((30, 5000)),
                    "0x",
                    "08",
                ),
                *("{", "}", "[", "]", "<", ">", ":", ";", ",", "-", "- -1", "#", '"', "'", "\\", "\0", "\ufeff"),
                *('"\\x"', '"\\777\\0"', '"\\u12"', '"a" "b" \'c\'', "stray { " * deep + "}" * deep, "\ud800"),
                '"' + random.choice(STRINGS).replace("\n", "\\n").replace('"', "") + '"',
                random.choice(self._names),
            )
            place = random.choice(odd)
            if random.random() < 0.5:
                words[at] = place
            elif random.random() < 0.5:
                words.insert(at, place)
            else:
                other = random.randrange(len(words))
                words[at], words[other] = words[other], words[at]
        return "".join(words)
