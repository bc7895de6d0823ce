"""Files that other people published: beside the checkout, never in it. Without them their tests are skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from axpair_proto.simulator import Models
from command_line import axpair_here
from pairs import Case, case_of

VARIABLE = "AXPAIR_REAL_FILES"
ROOT = Path(os.environ.get(VARIABLE) or Path(__file__).parents[2] / "shared" / "data")


def real_file(path: str) -> Path:
    """A file or folder of theirs, by its path in that folder; the calling test is skipped where it is missing."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"{path} isn't in {ROOT}; {VARIABLE} says where published files lie")
    return found


def field_case(name: str, folder: Path, *arguments: str) -> Path:
    """A user's case, made by its own make.py in a copy below `folder`; its neighbours, which it may read, beside it."""
    for path in real_file("field-cases").iterdir():
        shutil.copytree(path, folder / path.name, copy_function=shutil.copyfile)
        (folder / path.name).chmod(0o755)
    made = real_file(f"field-cases/{name}") and folder / name
    subprocess.run([sys.executable, "make.py", *arguments], cwd=made, check=True, capture_output=True)
    return made


def built_case(made: Path, *inputs: str) -> Case:
    """A made case of the first generation, built by the emulated toolchain."""
    done = axpair_here(
        "emulator", "build", "--input", made / "m.onnx", "--config", made / "c.prototxt",
        "--output", made / "m.joint", "--output_config", made / "oc.prototxt",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    models = Models(made / "m.joint", made / "m.onnx", made / "m.lava_joint", made / "oc.prototxt")
    case = case_of(models, made / inputs[0])
    more = [flag for name in inputs[1:] for flag in ("--input", made / name)]
    return Case(models, case.picture, (*case.flags, "--config", made / "oc.prototxt", *more))
