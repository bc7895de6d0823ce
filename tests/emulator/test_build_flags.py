"""Every flag of `pulsar build`, on both build commands: it beats the file, and both make the same joint of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from axpair_emulator.commands import emulator
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.storage.joint_file import load_edges, load_program
from axpair_emulator.tools.pulsar.arguments import parser
from axpair_emulator.tools.pulsar.build import LAVA_JOINT, build_joint
from axpair_emulator.tools.pulsar.log import Log
from click.testing import CliRunner
from onnx_models import TWO_OUTPUTS, Workspace, config_text

FILE = """src_input_tensors { color_space: TENSOR_COLOR_SPACE_BGR }
dst_input_tensors { color_space: TENSOR_COLOR_SPACE_BGR }
dst_output_tensors { tensor_layout: NCHW }
pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_112 batch_size: 2 batch_size_option: BSO_STATIC }"""

FLAGS: dict[str, tuple[list[str], object, object]] = {
    "virtual_npu": (["--virtual_npu", "111"], "112", "111"),
    "target_hardware": (["--target_hardware", "AX630"], "AX620", "AX630"),
    "batch_sizes": (["--compile_batch_size", "3"], (2,), (3,)),
    "dynamic_batch": (["--batch_size_option", "BSO_DYNAMIC"], False, True),
    "calibration": (["--calibration_batch_size", "5"], 32, 5),
    "src_color": (["--input_tensor_color", "rgb"], "BGR", "RGB"),
    "dst_color": (["--output_tensor_color", "rgb"], "BGR", "RGB"),
    "layout": (["--output_tensor_layout", "nhwc"], "NCHW", "NHWC"),
    "color_standard": (["--output_tensor_color", "nv12", "--color_std", "full"], "legacy", "full"),
}
"""What of the result shows it, the flag, and what the file and the flag make of that."""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    space = Workspace(tmp_path_factory.mktemp("flags"))
    space.write(TWO_OUTPUTS, config_text(rest=FILE))
    return space


def shown(config: BuildConfig, what: str) -> object:
    if what == "calibration":
        return config.calibration.batch_size
    if what == "layout":
        return config.outputs[0].dst_layout
    return getattr(config, what) if hasattr(config, what) else getattr(config.inputs[0], what)


def both(space: Workspace, folder: Path, flags: list[str]) -> tuple[Path, Path]:
    """The joints of `axpair emulator build` and of the drop-in."""
    files = ["--input", str(space.folder / "m.onnx"), "--config", str(space.folder / "c.prototxt"), *flags]
    ours, theirs = folder / "ours.joint", folder / "theirs.joint"
    CliRunner().invoke(emulator, ["build", *files, "--output", str(ours)], catch_exceptions=False)
    log: list[str] = []
    build_joint(parser().parse_args(["build", *files, "--output", str(theirs)]), Log(log.append), folder)
    return ours, theirs


@pytest.mark.parametrize("what", FLAGS)
def test_flag_beats_the_file_on_both_commands(space: Workspace, tmp_path: Path, what: str) -> None:
    flags, of_file, of_flag = FLAGS[what]
    assert of_file != of_flag
    ours, theirs = both(space, tmp_path, flags)
    assert shown(load_edges(ours).config, what) == of_flag
    assert ours.read_bytes() == theirs.read_bytes()


def test_without_flags_the_file_counts(space: Workspace, tmp_path: Path) -> None:
    ours, theirs = both(space, tmp_path, [])
    config = load_edges(ours).config
    assert {what: shown(config, what) for what in FLAGS} == {what: of_file for what, (_, of_file, _) in FLAGS.items()}
    assert ours.read_bytes() == theirs.read_bytes()


def test_several_batch_sizes_make_the_batch_dynamic_even_where_the_file_is_static(
    space: Workspace, tmp_path: Path
) -> None:
    ours, theirs = both(space, tmp_path, ["--compile_batch_size", "1", "--compile_batch_size", "4"])
    program = load_program(ours)
    assert (program.max_batch, program.dynamic_batch) == (4, True)
    assert ours.read_bytes() == theirs.read_bytes()
    given = parser().parse_args(["build", "--compile_batch_size", "1", "4"])
    assert given.compile_batch_size == [1, 4]


def test_paths_progress_and_shape_are_flags_of_both(space: Workspace, tmp_path: Path) -> None:
    flags = ["--output_dir", str(tmp_path), "--output_config", "oc.prototxt", "--enable_progress_bar"]
    flags += ["--input-shape", "data:1x3x12x10"]
    files = ["build", "--input", str(space.folder / "m.onnx"), "--config", str(space.folder / "c.prototxt"), *flags]
    CliRunner().invoke(emulator, [*files, "--output", "ours.joint"], catch_exceptions=False)
    ours = (tmp_path / "oc.prototxt").read_text()
    build_joint(parser().parse_args([*files, "--output", "theirs.joint"]), Log(lambda _: None), tmp_path)
    theirs = (tmp_path / "oc.prototxt").read_text()
    (mark, ours), (_, theirs) = ours.split("\n", 1), theirs.split("\n", 1)
    assert mark.startswith("# Written by axpair")
    assert ours.replace("ours.joint", "theirs.joint") == theirs
    assert (tmp_path / "ours.joint").read_bytes() == (tmp_path / "theirs.joint").read_bytes()
    assert (tmp_path / "ours.lava_joint").read_bytes() == (tmp_path / LAVA_JOINT).read_bytes()
