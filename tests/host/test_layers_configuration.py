"""The configuration that turns the table of layers on: everything else stays."""

from pathlib import Path

from axpair_host.layers.configuration import measure_layers, widen
from axpair_proto.config_files import read_config
from axpair_proto.pulsar import config_pb2 as pb

TEXT = """
# mine
target_hardware: TARGET_HARDWARE_AX620
input_path: "model/m.onnx"
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
neuwizard_conf {
  operator_conf { operator_conf_items { selector { op_name: "Conv_1" } attributes { input_feature_type: UINT16 } } }
  dataset_conf_calibration { path: "cal.tar" type: DATASET_TYPE_TAR size: 256 batch_size: 32 }
  colour: 3
}
"""


def written(tmp_path: Path, text: str = TEXT) -> Path:
    path = tmp_path / "c.prototxt"
    path.write_text(text)
    return path


def test_the_table_is_on_and_the_rest_is_what_it_was(tmp_path: Path) -> None:
    source = written(tmp_path)
    warnings = measure_layers(source, tmp_path / "out.prototxt")
    assert any("colour" in warning for warning in warnings)
    before, after = read_config(source)[0], read_config(tmp_path / "out.prototxt")[0]
    evaluation = after.neuwizard_conf.evaluation_conf
    assert evaluation.score_compare_per_layer
    assert (evaluation.type, list(evaluation.source_ir_types), list(evaluation.ir_types)) == (
        pb.EVALUATION_TYPE_ERROR_MEASURE,
        [pb.IR_TYPE_ONNX],
        [pb.IR_TYPE_LAVA],
    )
    measured = after.neuwizard_conf.dataset_conf_error_measurement
    assert (measured.path, measured.type, measured.size) == ("cal.tar", pb.DATASET_TYPE_TAR, 2)
    after.neuwizard_conf.ClearField("evaluation_conf")
    after.neuwizard_conf.ClearField("dataset_conf_error_measurement")
    assert after == before


def test_a_data_set_of_its_own_stays(tmp_path: Path) -> None:
    own = 'dataset_conf_error_measurement { path: "mine.tar" type: DATASET_TYPE_TAR size: 9 }\n  colour: 3'
    measure_layers(written(tmp_path, TEXT.replace("colour: 3", own)), tmp_path / "out.prototxt")
    measured = read_config(tmp_path / "out.prototxt")[0].neuwizard_conf.dataset_conf_error_measurement
    assert (measured.path, measured.size) == ("mine.tar", 9)


def test_paths_go_on_meaning_the_same_files_in_another_folder(tmp_path: Path) -> None:
    source = written(tmp_path)
    measure_layers(source, tmp_path / "deep" / "er" / "out.prototxt")
    message = read_config(tmp_path / "deep" / "er" / "out.prototxt")[0]
    assert message.input_path == "../../model/m.onnx"
    assert message.neuwizard_conf.dataset_conf_calibration.path == "../../cal.tar"
    assert message.output_path == ""


def test_operators_are_widened_by_their_whole_names(tmp_path: Path) -> None:
    widen(written(tmp_path), tmp_path / "out.prototxt", ["a.b", "c|d", "a.b"])
    items = read_config(tmp_path / "out.prototxt")[0].neuwizard_conf.operator_conf.operator_conf_items
    assert [item.selector.op_name_regex or item.selector.op_name for item in items] == ["Conv_1", r"a\.b|c\|d"]
    assert items[1].attributes.input_feature_type == pb.UINT16
